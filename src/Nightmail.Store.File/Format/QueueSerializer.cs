using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Format;

/// <summary>Writes the file: unchanged entries as the bytes they are, changed ones anew, the rest in the format's order.</summary>
internal sealed class QueueSerializer
{
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true, IndentSize = 2, NewLine = "\n", SkipValidation = true,
        // The file is read by people: letters stay letters. It is never put into a web page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>What every file that this program has written begins with.</summary>
    public static ReadOnlySpan<byte> Beginning => "{\n  \"version\": \"1.0\",\n  \"created\": "u8;

    private static readonly byte[] EntryPrefix = "{\n  \"queue\": {\n    \"e\": "u8.ToArray();
    private readonly ArrayBufferWriter<byte> scratch = new(16 * 1024);
    private byte[]? spare;

    /// <summary>What a changed queue is made of.</summary>
    /// <param name="Changed">New rows and changed ones.</param>
    /// <param name="Statistics">The numbers after the change.</param>
    /// <param name="SendingPaused">The pause after the change.</param>
    /// <param name="Now">For <c>last_modified</c>.</param>
    public sealed record Change(EmailMap<ScheduledEmail> Changed, QueueStatistics Statistics, bool SendingPaused, DateTimeOffset Now)
    {
        /// <summary>The circuits that differ from the file.</summary>
        public IReadOnlyDictionary<string, Circuit> Circuits { get; init; } = new Dictionary<string, Circuit>();

        /// <summary>What new rows were made from, for the keys in it that are not known; null: from nothing.</summary>
        public EmailMap<QueueEntry>? Sources { get; init; }
    }

    /// <summary>The document after the change, with its bytes; <paramref name="before"/> stays as it is until the next but one.</summary>
    public QueueDocument Serialize(QueueDocument before, Change change)
    {
        var parts = Parts(before, change);
        var created = before.Created ?? Rfc3339(change.Now);
        var revision = before.Revision + 1;
        var head = Head(created, revision, change.Now, parts.Count > 0);
        var tail = Tail(before, change);
        var size = head.Length + tail.Length + Math.Max(0, parts.Count - 1);
        foreach (var part in parts) size += part.Line.Length;

        var bytes = BufferOf(size);
        var entries = new List<QueueEntry>(parts.Count);
        head.CopyTo(bytes, 0);
        var at = head.Length;
        foreach (var part in parts)
        {
            if (entries.Count > 0) bytes[at++] = (byte)',';
            part.Line.Span.CopyTo(bytes.AsSpan(at));
            var line = new ReadOnlyMemory<byte>(bytes, at, part.Line.Length);
            entries.Add(part.Email is null ? part.Old!.At(line, part.KeyLength) : QueueEntry.Written(part.Email, line, part.KeyLength, part.Old?.HasUnknown ?? false));
            at += part.Line.Length;
        }

        tail.CopyTo(bytes, at);
        return new QueueDocument(entries)
        {
            Buffer = bytes, Length = size, Created = created, LastModified = Rfc3339(change.Now), Revision = revision, SendingPaused = change.SendingPaused, Statistics = change.Statistics,
            Carried = Carried(before, change),
        };
    }

    /// <summary>True when two entries say the same, unknown keys too, however they are worded; damaged ones when their bytes are the same.</summary>
    public bool Same(QueueEntry one, QueueEntry other)
    {
        if (ReferenceEquals(one, other) || one.Raw.Span.SequenceEqual(other.Raw.Span)) return true;
        return one.Email is { } left && other.Email is { } right && WriteEmail(left, one).AsSpan().SequenceEqual(WriteEmail(right, other));
    }

    /// <summary>Gives a document's buffer back: nobody looks at it any more.</summary>
    public void Recycle(QueueDocument document)
    {
        if (document.Buffer.Length > 0) spare = document.Buffer;
    }

    private List<Part> Parts(QueueDocument before, Change change)
    {
        var changed = change.Changed;
        var parts = new List<Part>(before.Entries.Count + changed.Count);
        foreach (var entry in before.Entries)
        {
            if (entry.Id != default && changed.TryGetValue(entry.Id, out var email)) parts.Add(Fresh(email, entry));
            else if (entry.IsCanonical) parts.Add(new(entry, null, entry.Line, entry.KeyLength));
            else if (entry.Email is { } older) parts.Add(Fresh(older, entry));
            else
            {
                var key = KeyLine(entry.Key);
                parts.Add(new(entry, null, (byte[])[.. key, .. StrictJson.WithoutTrailingCommas(entry.Raw.Span)], key.Length));
            }
        }

        foreach (var email in changed.Values)
        {
            if (before.Find(email.Id) is null) parts.Add(Fresh(email, change.Sources is { } sources && sources.TryGetValue(email.Id, out var source) ? source : null));
        }

        return parts;
    }

    private Part Fresh(ScheduledEmail email, QueueEntry? old)
    {
        var key = KeyLine(email.Id.ToString());
        return new(old, email, (byte[])[.. key, .. WriteEmail(email, old)], key.Length);
    }

    /// <summary>The buffer of the document before the last where it is large enough: a new one of a megabyte for every change would cost more than the change.</summary>
    private byte[] BufferOf(int size)
    {
        var bytes = spare is { } free && free.Length >= size ? free : GC.AllocateUninitializedArray<byte>(size + (size / 8));
        spare = null;
        return bytes;
    }

    /// <summary>The bytes of one email's entry; what they say is read back and compared, so that nothing is written that reads differently.</summary>
    private byte[] WriteEmail(ScheduledEmail email, QueueEntry? previous)
    {
        using var old = previous is { HasUnknown: true } ? JsonDocument.Parse(previous.Raw, new JsonDocumentOptions { AllowTrailingCommas = true }) : null;
        var bytes = WriteEntry(email, old?.RootElement ?? default);
        var again = WriteEntry(EmailReader.Read(bytes, email.Id, out _), old?.RootElement ?? default);
        if (!bytes.AsSpan().SequenceEqual(again)) throw new InvalidOperationException($"{email.Id} would not read back as it was written; nothing was changed");
        return bytes;
    }

    private byte[] WriteEntry(ScheduledEmail email, JsonElement previous)
    {
        scratch.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(scratch, Options);
        // Two levels deep, so that the indentation is the file's.
        writer.WriteStartObject();
        writer.WriteStartObject("queue");
        writer.WritePropertyName("e");
        EmailWriter.Write(writer, email, previous);
        writer.Flush();
        return scratch.WrittenSpan[EntryPrefix.Length..].ToArray();
    }

    private byte[] Head(string created, long revision, DateTimeOffset now, bool any)
    {
        scratch.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(scratch, Options);
        writer.WriteStartObject();
        writer.WriteString("version", QueueKeys.Version);
        writer.WriteString("created", created);
        writer.WriteString("last_modified", Rfc3339(now));
        writer.WriteNumber("revision", revision);
        writer.WriteStartObject("queue");
        writer.Flush();
        return any ? scratch.WrittenSpan.ToArray() : [.. scratch.WrittenSpan, (byte)'}'];
    }

    private byte[] Tail(QueueDocument before, Change change)
    {
        var names = new OddNames();
        scratch.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(scratch, Options);
        writer.WriteStartObject();
        writer.WriteStartObject("statistics");
        writer.WriteNumber(QueueKeys.Statistics[0], change.Statistics.Scheduled);
        writer.WriteNumber(QueueKeys.Statistics[1], change.Statistics.Sent);
        writer.WriteNumber(QueueKeys.Statistics[2], change.Statistics.Failed);
        writer.WriteNumber(QueueKeys.Statistics[3], change.Statistics.Cancelled);
        if (change.Statistics.Pruned is { Total: > 0 } pruned)
        {
            writer.WriteStartObject(QueueKeys.Statistics[4]);
            writer.WriteNumber(QueueKeys.Pruned[0], pruned.Sent);
            writer.WriteNumber(QueueKeys.Pruned[1], pruned.Failed);
            writer.WriteNumber(QueueKeys.Pruned[2], pruned.Cancelled);
            writer.WriteEndObject();
        }

        if (change.Statistics.Raw.Length > 0)
        {
            using var old = JsonDocument.Parse(change.Statistics.Raw, new JsonDocumentOptions { AllowTrailingCommas = true });
            UnknownKeys.Copy(writer, old.RootElement, QueueKeys.Statistics, odd: names);
        }

        writer.WriteEndObject();
        CircuitJson.Write(writer, before.Accounts, change.Circuits, names);
        if (change.SendingPaused) writer.WriteBoolean("sending_paused", true);
        foreach (var carried in before.Carried.Where(each => each.Name != CircuitJson.Key && each.RawName is null)) Carry(writer, carried);
        writer.Flush();
        // No writer takes such a name, so they are put there by hand.
        byte[] odd = [.. before.Carried.Where(each => each.RawName is not null).SelectMany(each => (byte[])[.. ",\n  \""u8, .. each.RawName!, .. "\": "u8, .. StrictJson.WithoutTrailingCommas(each.Value.Span)])];
        // The object's opening brace and line break make room for the end of the queue.
        var open = before.Entries.Count + change.Changed.Count > 0 ? "\n  },\n"u8 : ",\n"u8;
        return [.. open, .. names.PutBack(scratch.WrittenSpan[2..]), .. odd, .. "\n}\n"u8];
    }

    /// <summary>What the new document carries: the same, with <c>accounts</c> as they were written.</summary>
    private IReadOnlyList<CarriedKey> Carried(QueueDocument before, Change change)
    {
        if (change.Circuits.Count == 0) return before.Carried;
        var names = new OddNames();
        scratch.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(scratch, Options);
        writer.WriteStartObject();
        CircuitJson.Write(writer, before.Accounts, change.Circuits, names);
        writer.WriteEndObject();
        writer.Flush();
        using var written = JsonDocument.Parse(names.PutBack(scratch.WrittenSpan));
        var accounts = System.Text.Encoding.UTF8.GetBytes(written.RootElement.GetProperty(CircuitJson.Key).GetRawText());
        return [.. before.Carried.Where(each => each.Name != CircuitJson.Key), new(CircuitJson.Key, accounts)];
    }

    private static void Carry(Utf8JsonWriter writer, CarriedKey carried)
    {
        using var value = JsonDocument.Parse(carried.Value, new JsonDocumentOptions { AllowTrailingCommas = true });
        writer.WritePropertyName(carried.Name);
        UnknownKeys.CopyValue(writer, value.RootElement);
    }

    private static byte[] KeyLine(string key)
    {
        var encoded = JsonEncodedText.Encode(key, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes;
        return [.. "\n    \""u8, .. encoded, .. "\": "u8];
    }

    private static string Rfc3339(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>One entry of the file to be: the line it will be, and either the entry it was or the email it is written from.</summary>
    private sealed record Part(QueueEntry? Old, ScheduledEmail? Email, ReadOnlyMemory<byte> Line, int KeyLength);
}
