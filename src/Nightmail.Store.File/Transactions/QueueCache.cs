using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Revisions;
using Nightmail.Store.File.Salvage;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// The queue file as last seen. Every look compares the bytes on disk with those; only where they differ are they read anew, and it is found
/// out who wrote them. Not safe for two threads at once.
/// </summary>
internal sealed class QueueCache(IDisk disk, QueuePaths paths, RevisionLog revisions, QueueSize size, TimeProvider time)
{
    private const int ChunkBytes = 128 * 1024;

    /// <summary>Without the lock, a file and what is kept of it are seen at two moments: so often is a second look taken before the lock decides.</summary>
    private const int Looks = 3;

    private readonly SettlingTime settling = new(time);
    private byte[]? chunk;
    private QueueDocument? seen;

    /// <summary>What is there now.</summary>
    /// <param name="underLock">True while nobody of us can write.</param>
    public Sighting Read(bool underLock)
    {
        for (var look = 1; ; look++)
        {
            if (underLock) CheckIsOwnPlace();
            var found = ReadOnce();
            if (found is Sighting.Good || underLock || look >= Looks) return found;
            revisions.Forget();
        }
    }

    /// <summary>The newest state that is known, whatever the file holds now; null when none is.</summary>
    public QueueDocument? LastGood() => revisions.Load().Head is { } head && head.Revision >= (seen?.Revision ?? 0) ? head : seen;

    /// <summary>The file's bytes as they were last read or written; empty: there was none.</summary>
    public ReadOnlyMemory<byte> LastRead { get; private set; }

    /// <summary>True when the file was last written by a program that knows no revisions: the older editor plugin, or a person.</summary>
    public bool IsUnversioned { get; private set; }

    /// <summary>Notes what was just written.</summary>
    public void Written(QueueDocument document) => (seen, LastRead, IsUnversioned) = (document, document.Buffer.AsMemory(0, document.Length), false);

    /// <summary>What a save amounts to that was displaced by a write of ours and lies at a path of its own.</summary>
    public static Sighting Judge(byte[] save, string path)
    {
        try
        {
            return new Sighting.Foreign(QueueScanner.Scan(save, null, path));
        }
        catch (UnreadableQueueException broken)
        {
            return new Sighting.Damaged(new(save, broken.Message, broken.IsJson));
        }
    }

    /// <summary>Forgets everything, so that the next look reads what is really there.</summary>
    public void Forget()
    {
        seen = null;
        revisions.Forget();
    }

    private Sighting ReadOnce()
    {
        var stamp = disk.Stat(paths.Queue);
        if (stamp is { } there) CheckKind(there);
        using var file = stamp is null ? null : disk.OpenRead(paths.Queue);
        (LastRead, IsUnversioned) = (default, false);
        if (file is null) return Missing();
        if (size.IsGrown(file.Length)) CheckIsOurs(file);
        if (seen is { Length: > 0 } && Holds(file, seen.Bytes))
        {
            (LastRead, IsUnversioned) = (seen.Buffer.AsMemory(0, seen.Length), seen.Revision == 0);
            return new Sighting.Good(seen);
        }

        var bytes = file.ReadAll();
        LastRead = bytes;
        try
        {
            var document = QueueScanner.Scan(bytes, seen, paths.Queue);
            settling.Forget();
            IsUnversioned = document.Revision == 0;
            // Without a newer revision of ours there is nothing that it could have been written over.
            if (revisions.Newest() is { } newest && document.Revision <= newest.Revision)
            {
                if (newest.Is(document)) return new Sighting.Good(seen = document);
                if (revisions.Load().Newest == newest) return new Sighting.Foreign(document);
            }

            // Nothing vouches for it but what it says itself.
            return document.WhatIsMissing is { } why ? new Sighting.Damaged(new(bytes, why) { Document = document }) : new Sighting.Good(seen = document.Recounted());
        }
        catch (UnreadableQueueException broken)
        {
            return Settled(new(bytes, broken.Message, broken.IsJson), stamp!.Value);
        }
    }

    private Sighting Missing()
    {
        // A queue that was never written, or an editor that has moved the old file away and not yet written the new one?
        if (revisions.Newest() is not { } newest || newest.FileLength == 0) return new Sighting.Good(seen = QueueDocument.Empty);
        return Settled(new([], "it is missing", IsMissing: true), disk.Stat(paths.Folder) ?? default);
    }

    private Sighting Settled(DamagedFile file, DiskStat stat)
    {
        var wait = settling.Remaining(stat);
        return wait > TimeSpan.Zero ? new Sighting.Unsettled(file, wait) : new Sighting.Damaged(file);
    }

    private void CheckKind(DiskStat stat)
    {
        if (stat.IsFolder) throw Refused("it is a folder");
        if (stat.IsSpecial) throw Refused("it is neither a file nor a link to one");
        if (stat.Length > size.Limit) throw TooLarge(stat.Length);
    }

    /// <summary>So large is only a queue that has grown under our own hands: anything else is not even read.</summary>
    private void CheckIsOurs(IDiskFile file)
    {
        Span<byte> beginning = stackalloc byte[QueueSerializer.Beginning.Length];
        if (file.Read(beginning, 0) < beginning.Length || !beginning.SequenceEqual(QueueSerializer.Beginning)) throw TooLarge(file.Length);
    }

    private StoreException TooLarge(long length) => Refused($"it has {length / 1024 / 1024} MiB, more than any queue");

    /// <summary>
    /// The lock and the ledger lie beside the path that the queue had when it was opened. Where a link was put there since, others follow it to
    /// another lock, and to write here would put a second queue in the link's place.
    /// </summary>
    private void CheckIsOwnPlace()
    {
        if (disk.RealPath(paths.Queue) is var real && real != paths.Queue) throw Refused($"it has become a link to {real} while this program runs; start it anew, or put the file back");
    }

    private StoreException Refused(string why) =>
        new(StoreTrouble.Unreadable, $"cannot read {paths.Queue}: {why}; nothing was changed: move it aside, or name another queue with --queue");

    private bool Holds(IDiskFile file, ReadOnlySpan<byte> bytes)
    {
        if (file.Length != bytes.Length) return false;
        chunk ??= new byte[ChunkBytes];
        for (var offset = 0; offset < bytes.Length;)
        {
            var count = file.Read(chunk.AsSpan(0, Math.Min(ChunkBytes, bytes.Length - offset)), offset);
            if (count == 0 || !bytes.Slice(offset, count).SequenceEqual(chunk.AsSpan(0, count))) return false;
            offset += count;
        }

        return true;
    }
}
