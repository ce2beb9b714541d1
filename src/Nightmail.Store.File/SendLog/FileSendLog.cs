using System.Buffers;
using System.Globalization;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File;

/// <summary>
/// The send log beside a queue file: JSON lines in numbered files, each batch one append, without a lock and without waiting for the disk,
/// because nothing is decided by it. Full files are left behind and the oldest removed, so that it never grows beyond a bound. A row's
/// number is where it stands.
/// </summary>
public sealed class FileSendLog : ISendLog
{
    private const string NamePrefix = "send-";
    private const string NameEnding = ".jsonl";

    /// <summary>A file with more than that is full. Some 20,000 attempts, read in a fraction of a second.</summary>
    private const long DefaultFullBytes = 4 * 1024 * 1024;

    /// <summary>How many files there are at the most: some 150,000 attempts, 32 MB.</summary>
    private const int MostFiles = 8;

    private readonly IDisk disk;
    private readonly string folder;
    private readonly long fullBytes;
    private readonly Lock gate = new();
    private bool torn;

    internal FileSendLog(IDisk disk, string folder, long fullBytes = DefaultFullBytes) => (this.disk, this.folder, this.fullBytes) = (disk, folder, fullBytes);

    /// <inheritdoc/>
    public ValueTask AppendAsync(IReadOnlyList<SendLogEntry> entries, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (entries.Count == 0) return ValueTask.CompletedTask;
        var lines = new ArrayBufferWriter<byte>();
        lock (gate)
        {
            // What a full disk has cut off must not spoil the next line.
            if (torn) lines.Write("\n"u8);
            foreach (var entry in entries) SendLogLine.Write(lines, entry);
            disk.EnsureFolder(folder);
            torn = true;
            using (var file = disk.OpenAppend(PathOf(Current()))) file.Write(lines.WrittenSpan);
            torn = false;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SendLogEntry>> ListAsync(SendLogFilter filter, int most, CancellationToken cancellationToken)
    {
        var found = new List<SendLogEntry>();
        foreach (var segment in Segments().OrderDescending())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (found.Count >= most) break;
            if (filter.Before is { } before && Number(segment, 0) >= before) continue;
            if (filter.After is { } after && Number(segment + 1, 0) <= after) break;

            // Gone: somebody else has just made room.
            if (disk.ReadAll(PathOf(segment)) is { } bytes) Collect(segment, bytes, filter, most, found);
        }

        return new(found);
    }

    private static void Collect(int segment, byte[] bytes, SendLogFilter filter, int most, List<SendLogEntry> found)
    {
        // What stands behind the last line feed is being written, or was cut off.
        var end = bytes.AsSpan().LastIndexOf((byte)'\n');
        while (end > 0 && found.Count < most)
        {
            var start = bytes.AsSpan(0, end).LastIndexOf((byte)'\n') + 1;
            if (end > start && SendLogLine.TryRead(bytes.AsMemory(start, end - start), Number(segment, start), out var entry) && Matches(filter, entry)) found.Add(entry);
            end = start - 1;
        }
    }

    private static bool Matches(SendLogFilter filter, SendLogEntry entry) =>
        (filter.Email is not { } email || entry.Email == email)
        && (filter.Campaign is not { } campaign || entry.Campaign == campaign)
        && (filter.Account is not { } account || entry.Account == account)
        && (filter.Outcome is not { } outcome || entry.Outcome == outcome)
        && (filter.Before is not { } before || entry.Number < before)
        && (filter.After is not { } after || entry.Number > after);

    /// <summary>The file to append to; makes room when a new one is begun.</summary>
    private int Current()
    {
        var segments = Segments().Order().ToList();
        if (segments.Count == 0) return 1;
        var last = segments[^1];
        if (disk.Stat(PathOf(last)) is not { } stat || stat.Length < fullBytes) return last;
        foreach (var old in segments.SkipLast(MostFiles - 1)) disk.Delete(PathOf(old));
        return last + 1;
    }

    private IEnumerable<int> Segments() => disk.List(folder).Select(SegmentOf).Where(segment => segment > 0);

    private static int SegmentOf(string name) =>
        name.StartsWith(NamePrefix, StringComparison.Ordinal) && name.EndsWith(NameEnding, StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(NamePrefix.Length, Math.Max(0, name.Length - NamePrefix.Length - NameEnding.Length)), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    // A file never has 2^32 bytes, so that numbers rise from row to row and from file to file.
    private static long Number(int segment, int offset) => ((long)segment << 32) + offset;

    private string PathOf(int segment) => Path.Combine(folder, $"{NamePrefix}{segment:D6}{NameEnding}");
}
