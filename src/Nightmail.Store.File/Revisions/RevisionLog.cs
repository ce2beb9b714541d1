using System.Globalization;
using System.Text;
using System.Text.Json;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Revisions;

/// <summary>
/// What the queue was at each of its revisions of the last day: so a save by somebody who loaded one of them can be told from what happened
/// since, and the newest good state is known when the file is spoilt. Each segment begins with a whole queue; a change adds only what changed.
/// Nothing is synced: after a loss of power the file itself is what counts, and the editors that had loaded it are gone too. A failure here
/// fails nobody's change; the next write begins a new segment. Writing needs the queue's lock. Not safe for two threads at once.
/// </summary>
internal sealed class RevisionLog(IDisk disk, string folder, TimeProvider time)
{
    /// <summary>How long a revision that is no longer the current one is kept: an editor may be left open over night.</summary>
    private static readonly TimeSpan Keep = TimeSpan.FromDays(1);

    /// <summary>A segment grows to twice its first queue, but not less than this: a new one costs a write of the whole queue.</summary>
    private const int LeastSegment = 512 * 1024;

    /// <summary>No more than this in all, the oldest go first.</summary>
    private const long MostBytes = 64 * 1024 * 1024;

    private const string Ending = ".rev";
    private string? segment;
    private RevisionMark? tail;
    private bool isCutOff;
    private long length;
    private RevisionMark? first;
    private RevisionHistory? loaded;

    /// <summary>The mark of the newest revision, as it lies on the disk now; null when nothing is kept.</summary>
    public RevisionMark? Newest()
    {
        (segment, tail, isCutOff) = (null, null, false);
        if (Segments() is not [.., var last]) return null;
        segment = Path.Combine(folder, last);
        using (var file = disk.OpenRead(segment))
        {
            length = file?.Length ?? 0;
            first = file is null ? null : MarkAt(file, 0);
            tail = first is null || length < 2 * RevisionMark.Size ? null : MarkAt(file!, length - RevisionMark.Size);
        }

        if (tail is not null) return tail;
        // Its end was cut off. What lies before that is still true, but nothing can be added behind it.
        isCutOff = true;
        return tail = LoadAll().Newest;
    }

    /// <summary>Keeps what a write has made of the queue.</summary>
    /// <param name="before">The queue before it.</param>
    /// <param name="after">The queue as it was written.</param>
    /// <param name="changed">The entries that are new or others; null: all may be.</param>
    /// <param name="removed">The keys of those that are gone.</param>
    public void Note(QueueDocument before, QueueDocument after, IReadOnlyList<QueueEntry>? changed, IReadOnlyList<string> removed)
    {
        try
        {
            if (tail is null) Newest();
            if (changed is not null && before.Length > 0 && (isCutOff || tail?.Revision != before.Revision)) Begin(before);
            if (changed is null || before.Length == 0 || isCutOff || tail?.Revision != before.Revision || IsFull()) Begin(after);
            else Append(segment!, new RevisionMark(false, after.Revision, Now, 0, 0, after.Length, ContentHash.Of(after.Bytes)), Difference(after, changed, removed));
        }
        catch (StoreException)
        {
            // The next write finds that the newest revision here is not the file's, and begins anew.
            Forget();
        }
    }

    /// <summary>Everything that is kept.</summary>
    public RevisionHistory Load()
    {
        var newest = Newest();
        return loaded is not null && newest is not null && loaded.Newest == newest ? loaded : LoadAll();
    }

    /// <summary>Removes what has not been the present for a day.</summary>
    /// <returns>How many segments went.</returns>
    public int RemoveOld()
    {
        var names = Segments();
        var oldest = Now - (long)Keep.TotalSeconds;
        var kept = 0L;
        for (var index = names.Count - 1; index > 0; index--)
        {
            kept += disk.Stat(Path.Combine(folder, names[index]))?.Length ?? 0;
            // The last revision of a segment was the current one until the next segment began.
            if (kept < MostBytes && SinceWhen(names[index]) > oldest) continue;
            for (var old = 0; old < index; old++) disk.Delete(Path.Combine(folder, names[old]));
            loaded = null;
            return index;
        }

        return 0;
    }

    /// <summary>Forgets everything, so that the next look reads what is really there.</summary>
    public void Forget() => (segment, tail, loaded, isCutOff) = (null, null, null, false);

    private RevisionHistory LoadAll()
    {
        var records = new List<RevisionRecord>();
        foreach (var name in Segments())
        {
            if (disk.ReadAll(Path.Combine(folder, name)) is { } bytes) RevisionRecord.ReadAll(bytes, records);
        }

        return loaded = new(records);
    }

    private long Now => time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>True when the segment has grown enough, or begins so long ago that it would keep for ever what is to be kept for a day.</summary>
    private bool IsFull() => first is null || length > Math.Max(LeastSegment, 3L * first.Length) || Now - first.At > Keep.TotalSeconds;

    private void Begin(QueueDocument whole)
    {
        disk.EnsureFolder(folder);
        // Not by revision: after a loss of power a number may be given again.
        var number = Segments() is [.., var last] && int.TryParse(last.AsSpan(0, last.Length - Ending.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var newest) ? newest + 1 : 1;
        var path = Path.Combine(folder, number.ToString("D8", CultureInfo.InvariantCulture) + Ending);
        (length, first) = (0, null);
        Append(path, new RevisionMark(true, whole.Revision, Now, 0, 0, whole.Length, ContentHash.Of(whole.Bytes)), whole.Bytes);
        RemoveOld();
    }

    private void Append(string path, RevisionMark mark, ReadOnlySpan<byte> payload)
    {
        mark = mark with { Length = payload.Length, Hash = ContentHash.Of(payload) };
        var line = mark.ToBytes();
        using var file = disk.OpenAppend(path);
        file.Write((byte[])[.. line, .. payload, .. line]);
        (segment, tail, loaded, isCutOff) = (path, mark, null, false);
        length += payload.Length + (2 * line.Length);
        first ??= mark;
    }

    private static byte[] Difference(QueueDocument after, IReadOnlyList<QueueEntry> changed, IReadOnlyList<string> removed)
    {
        var bytes = new MemoryStream();
        foreach (var key in removed) bytes.Write(Encoding.UTF8.GetBytes($"-\"{JsonEncodedText.Encode(key)}\"\n"));
        after.WriteOnly(changed, bytes);
        return bytes.ToArray();
    }

    private long SinceWhen(string name)
    {
        using var file = disk.OpenRead(Path.Combine(folder, name));
        return file is null ? 0 : MarkAt(file, 0)?.At ?? 0;
    }

    private static RevisionMark? MarkAt(IDiskFile file, long offset)
    {
        Span<byte> line = stackalloc byte[RevisionMark.Size];
        var filled = 0;
        while (filled < line.Length)
        {
            var count = file.Read(line[filled..], offset + filled);
            if (count == 0) return null;
            filled += count;
        }

        return RevisionMark.Read(line);
    }

    private List<string> Segments()
    {
        List<string> names = [.. disk.List(folder).Where(name => name.EndsWith(Ending, StringComparison.Ordinal))];
        names.Sort(StringComparer.Ordinal);
        return names;
    }
}
