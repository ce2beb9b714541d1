using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Revisions;

/// <summary>What is kept of one revision: a whole queue, or the entries that changed and the keys of those that went.</summary>
internal sealed record RevisionRecord(RevisionMark Mark, QueueDocument Document, IReadOnlyList<string> Removed)
{
    /// <summary>Reads a segment up to its end, or to where it was cut off.</summary>
    public static void ReadAll(byte[] bytes, List<RevisionRecord> records)
    {
        for (var at = 0; at + RevisionMark.Size <= bytes.Length;)
        {
            if (RevisionMark.Read(bytes.AsSpan(at, RevisionMark.Size)) is not { } mark) return;
            var from = at + RevisionMark.Size;
            if (mark.Length > bytes.Length - from) return;
            var payload = bytes.AsSpan(from, mark.Length);
            if (ContentHash.Of(payload) != mark.Hash || Read(mark, payload) is not { } record) return;
            records.Add(record);
            at = from + mark.Length + RevisionMark.Size;
        }
    }

    private static RevisionRecord? Read(RevisionMark mark, ReadOnlySpan<byte> payload)
    {
        var removed = new List<string>();
        try
        {
            while (payload.Length > 0 && payload[0] == '-')
            {
                var end = payload.IndexOf((byte)'\n');
                var key = new Utf8JsonReader(payload[1..end]);
                key.Read();
                removed.Add(key.GetString()!);
                payload = payload[(end + 1)..];
            }

            return new(mark, QueueScanner.Scan(payload.ToArray(), null, "the kept revision"), removed);
        }
        catch (Exception unreadable) when (unreadable is StoreException or UnreadableQueueException or JsonException or InvalidOperationException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }
}

/// <summary>The queue at each of its last revisions.</summary>
internal sealed class RevisionHistory(IReadOnlyList<RevisionRecord> records)
{
    private QueueDocument? head;
    private Dictionary<string, List<QueueEntry>>? versions;

    /// <summary>The mark of the newest; null when nothing is kept.</summary>
    public RevisionMark? Newest => records is [.., var last] ? last.Mark : null;

    /// <summary>The newest state; null when nothing is kept.</summary>
    public QueueDocument? Head => head ??= Newest is { } newest ? At(newest.Revision) : null;

    /// <summary>True when these are the bytes that the file had at one of the revisions.</summary>
    public bool Knows(ReadOnlySpan<byte> file)
    {
        var (length, hash) = (file.Length, ContentHash.Of(file));
        return records.Any(record => record.Mark.FileLength == length && record.Mark.FileHash == hash);
    }

    /// <summary>The queue at that revision; null when it is not kept any more.</summary>
    public QueueDocument? At(long revision)
    {
        var end = records.Count - 1;
        while (end >= 0 && records[end].Mark.Revision != revision) end--;
        if (end < 0) return null;
        var from = end;
        while (from >= 0 && !records[from].Mark.IsWhole) from--;
        if (from < 0) return null;
        var entries = new Dictionary<string, QueueEntry>(StringComparer.Ordinal);
        foreach (var entry in records[from].Document.Entries) entries[entry.Place] = entry;
        for (var index = from + 1; index <= end; index++)
        {
            if (records[index].Mark.Revision != records[index - 1].Mark.Revision + 1) return null;
            foreach (var key in records[index].Removed) entries.Remove(key);
            foreach (var entry in records[index].Document.Entries) entries[entry.Place] = entry;
        }

        return records[end].Document.With([.. entries.Values]);
    }

    /// <summary>Every content that an email's entry had, oldest first; a state that it had twice is there once or twice.</summary>
    public IReadOnlyList<QueueEntry> VersionsOf(EmailId id)
    {
        if (versions is null)
        {
            versions = [];
            foreach (var entry in records.SelectMany(record => record.Document.Entries).Where(entry => entry.Id != default))
            {
                var list = versions.TryGetValue(entry.Id.ToString(), out var known) ? known : versions[entry.Id.ToString()] = [];
                if (list.Count == 0 || !list[^1].Raw.Span.SequenceEqual(entry.Raw.Span)) list.Add(entry);
            }
        }

        return versions.GetValueOrDefault(id.ToString()) ?? [];
    }
}
