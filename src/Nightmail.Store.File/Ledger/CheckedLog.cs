using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.Ledger;

/// <summary>
/// An append-only file of <see cref="CheckedLine"/>s that is read on from where the last look ended. Appending needs the queue's lock;
/// reading does not.
/// </summary>
internal sealed class CheckedLog(IDisk disk, string path)
{
    private long offset;
    private bool unterminated;
    private ulong? identity;

    /// <summary>The bytes that were there at the last look.</summary>
    public long Length { get; private set; }

    /// <summary>True when the file was there at the last look.</summary>
    public bool Exists { get; private set; }

    /// <summary>Hands over each new line's JSON.</summary>
    /// <param name="take">Is given the JSON, which may be kept.</param>
    /// <returns>False when the file is gone, another one, or shorter than it was: what was read of it no longer counts.</returns>
    public bool Refresh(Action<ReadOnlyMemory<byte>> take)
    {
        if (disk.Stat(path) is not { } stat) return !Exists;
        if (stat.Length < Length || (identity is { } known && stat.Identity != known)) return false;
        Exists = true;
        identity = stat.Identity;
        if (stat.Length == offset) return true;
        using var file = disk.OpenRead(path);
        // Since it was looked at, another may have taken its name: of that one the end says nothing without its beginning.
        if (file is null || file.Identity != stat.Identity) return false;
        var bytes = file.ReadAll(offset);
        Length = offset + bytes.Length;
        var rest = bytes.AsMemory();
        for (int end; (end = rest.Span.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
        {
            offset += end + 1;
            if (CheckedLine.TryRead(rest[..end], out var json)) take(json);
        }

        if (bytes.Length > 0) unterminated = rest.Length > 0;
        // A last line without its line feed counts as soon as its check holds: the next append ends it. If only those who hold the lock took
        // it in, they would write rows by it that look to everybody else as if the ledger had lost something.
        if (CheckedLine.TryRead(rest, out var last))
        {
            offset += rest.Length;
            take(last);
        }

        return true;
    }

    /// <summary>Appends whole lines and returns when they are durable; the file's name is durable once its folder was synced.</summary>
    /// <exception cref="StoreException">They are not: any part of them may be there, to be read by everybody and yet not be kept.
    /// Nothing may be decided by this file before <see cref="Secure"/> has gone through.</exception>
    public void Append(ReadOnlySpan<byte> lines)
    {
        // What an append left half written must not spoil the next line.
        if (unterminated) lines = (byte[])[(byte)'\n', .. lines];
        try
        {
            using var file = disk.OpenAppend(path);
            file.Write(lines);
            file.Sync();
        }
        catch (StoreException)
        {
            var before = disk.ReadAll(path) ?? [];
            Rewrite([.. before.AsSpan(0, (int)Math.Min(before.Length, Length)), .. lines]);
        }

        Length += lines.Length;
        offset = Length;
        unterminated = false;
        Exists = true;
    }

    /// <summary>Makes durable what is there to be read, whoever wrote it and whatever became of him.</summary>
    public void Secure()
    {
        if (disk.ReadAll(path) is { } bytes) Rewrite(bytes);
    }

    /// <summary>
    /// The same file anew. To sync the old one again would be of no use: after a sync that failed the system takes its pages for written,
    /// and the next sync succeeds without them. What readers have seen stays where it was, so that they can read on.
    /// </summary>
    private void Rewrite(ReadOnlySpan<byte> bytes)
    {
        // Only who holds the lock has a temporary file.
        var temporary = path + QueuePaths.TemporaryEnding;
        AtomicFile.TryDelete(disk, temporary);
        try
        {
            AtomicFile.Replace(disk, temporary, path, bytes);
        }
        catch (StoreException unsynced) when (unsynced.Trouble == StoreTrouble.NotYetSafe)
        {
            // "The change stands" is about the queue's rows, and those have not been written yet.
            throw new StoreException(StoreTrouble.Unwritable, unsynced.InnerException?.Message ?? unsynced.Message, unsynced);
        }
    }
}
