using System.Buffers;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Ledger;

/// <summary>A key that was seen: which email it made, from which request, and when.</summary>
internal sealed record SeenKey(IdempotencyKey Key, EmailId Email, DateTimeOffset At)
{
    /// <summary>True when its adder died before the key was noted: the row alone tells of it.</summary>
    public bool IsOnlyInRow { get; init; }
}

/// <summary>
/// The idempotency keys of one queue, apart from its rows, so that they survive edits, pruning and restores. Not safe for two threads at once.
/// </summary>
internal sealed class KeyFile(IDisk disk, string folder)
{
    private static readonly string[] Names = ["key", "request_hash", "email", "at"];
    private readonly Dictionary<string, SeenKey> keys = new(StringComparer.Ordinal);
    private CheckedLog log = New(disk, folder);

    /// <summary>The key as it was last seen, or null.</summary>
    public SeenKey? Find(string key)
    {
        Read();
        return keys.GetValueOrDefault(key);
    }

    /// <summary>Makes keys durable.</summary>
    public void Append(IReadOnlyList<SeenKey> added)
    {
        if (added.Count == 0) return;
        var isNew = !log.Exists;
        if (isNew) disk.EnsureFolder(folder);
        var batch = new MemoryStream();
        foreach (var each in added) batch.Write(CheckedLine.Write(Write(each)));
        log.Append(batch.GetBuffer().AsSpan(0, (int)batch.Length));
        if (isNew) disk.SyncFolder(folder);
        foreach (var each in added) keys[each.Key.Key] = each;
    }

    /// <summary>Removes the keys that are over for good, by writing the others anew. Needs the queue's lock.</summary>
    /// <returns>How many went.</returns>
    public int Forget(Func<SeenKey, bool> isOver)
    {
        Read();
        var left = keys.Values.Where(seen => !isOver(seen)).ToList();
        var gone = keys.Count - left.Count;
        if (gone == 0) return 0;
        var all = new MemoryStream();
        foreach (var each in left) all.Write(CheckedLine.Write(Write(each)));
        var path = PathOf(folder);
        AtomicFile.Replace(disk, $"{path}.{disk.ProcessId}-{disk.NextNumber()}{QueuePaths.TemporaryEnding}", path, all.GetBuffer().AsSpan(0, (int)all.Length));
        Forget();
        return gone;
    }

    /// <summary>Forgets everything, so that the next look reads what is really there.</summary>
    public void Forget()
    {
        keys.Clear();
        log = New(disk, folder);
    }

    /// <summary>Makes durable what a process that died may have left unsynced.</summary>
    public void SyncLeftovers() => log.Secure();

    private static CheckedLog New(IDisk disk, string folder) => new(disk, PathOf(folder));

    private static string PathOf(string folder) => Path.Combine(folder, "keys");

    private void Read()
    {
        while (!log.Refresh(Take)) Forget();
    }

    private void Take(ReadOnlyMemory<byte> line)
    {
        var json = new Utf8JsonReader(line.Span);
        json.Read();
        var (key, hash, email, at) = ("", "", default(EmailId), default(DateTimeOffset));
        while (Lenient.NextProperty(ref json, Names) is { } index)
        {
            if (index == 0) key = Lenient.Text(ref json) ?? "";
            else if (index == 1) hash = Lenient.Text(ref json) ?? "";
            else if (index == 2) _ = EmailId.TryParse(Lenient.Text(ref json), out email);
            else if (index == 3) at = UnixTime.Read(ref json) ?? default;
            else json.Skip();
        }

        keys[key] = new(new(key, hash), email, at);
    }

    private static byte[] Write(SeenKey seen)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteString(Names[0], seen.Key.Key);
        writer.WriteString(Names[1], seen.Key.RequestHash);
        writer.WriteString(Names[2], seen.Email.ToString());
        writer.Time(Names[3], seen.At);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
