using System.Text;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Salvage;

/// <summary>Finds every email that can still be read in bytes that are no queue any more: an id as a key, and behind it an object that is whole and says what an email has to.</summary>
internal sealed class TolerantScanner
{
    private static readonly JsonReaderOptions Tolerant = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
    private readonly byte[] bytes;
    private readonly Dictionary<string, Found> good = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SpoiltEntry> spoilt = new(StringComparer.Ordinal);

    private Found? previous;

    private TolerantScanner(byte[] bytes) => this.bytes = bytes;

    /// <summary>Looks through the bytes once; what lies inside an entry that was read is not looked at again.</summary>
    public static SalvagedQueue Scan(byte[] bytes)
    {
        var scanner = new TolerantScanner(bytes);
        scanner.FindEntries();
        foreach (var id in scanner.good.Keys) scanner.spoilt.Remove(id);
        return new([.. scanner.good.Values.Select(found => found.Entry)], [.. scanner.spoilt.Values], scanner.Number("\"revision\""u8), scanner.IsPaused())
        {
            Versions = scanner.good.Values.Where(found => found.Versions.Count > 1 || found.IsBeforeDoubled).ToDictionary(found => found.Entry.Id.ToString(), found => (IReadOnlyList<QueueEntry>)found.Versions, StringComparer.Ordinal),
        };
    }

    private void FindEntries()
    {
        SpoiltEntry? open = null;
        for (var at = 0; at < bytes.Length;)
        {
            var quote = bytes.AsSpan(at).IndexOf((byte)'"');
            if (quote < 0) break;
            var start = at + quote;
            if (KeyAt(start, out var id, out var value) is not { } key)
            {
                at = start + 1;
                continue;
            }

            // The rest of an entry that could not be read ends, at the latest, where the next one begins.
            if (open is not null) open.End = start;
            var isInside = open is not null;
            open = null;
            if (Read(key, id, value, isInside, out var why) is { } length) at = value + length;
            else
            {
                open = new(id, start, why, TextPlace.Of(bytes, start)) { End = bytes.Length, Bytes = bytes };
                spoilt.TryAdd(id.ToString(), open);
                at = value + 1;
            }
        }
    }

    /// <summary>The key that begins at a quote, when it is an id with an object behind it.</summary>
    private string? KeyAt(int start, out EmailId id, out int value)
    {
        const int longestKey = 80;
        (id, value) = (default, 0);
        var end = bytes.AsSpan(start + 1, Math.Min(longestKey, bytes.Length - start - 1)).IndexOf((byte)'"');
        if (end <= 0) return null;
        value = SkipWhiteSpace(start + 1 + end + 1);
        if (value >= bytes.Length || bytes[value] != ':') return null;
        value = SkipWhiteSpace(value + 1);
        if (value >= bytes.Length || bytes[value] != '{') return null;
        var key = Encoding.UTF8.GetString(bytes, start + 1, end);
        return EmailId.TryParse(key, out id) ? key : null;
    }

    private int SkipWhiteSpace(int at)
    {
        while (at < bytes.Length && bytes[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t') at++;
        return at;
    }

    /// <summary>Reads the object; its length, or null with what is wrong with it.</summary>
    private int? Read(string key, EmailId id, int value, bool isInside, out string why)
    {
        try
        {
            var json = new Utf8JsonReader(bytes.AsSpan(value), isFinalBlock: true, new JsonReaderState(Tolerant));
            json.Read();
            while (json.Read() && json.TokenType != JsonTokenType.EndObject)
            {
                var name = json.GetString()!;
                json.Read();
                if (name == "id" && json.TokenType == JsonTokenType.String && EmailId.TryParse(json.GetString(), out var said) && said != id) throw new FormatException($"it calls itself {said}");
                if (json.TokenType == JsonTokenType.StartObject && EmailId.TryParse(name, out _)) throw new FormatException("its end is missing");
                var from = (int)json.TokenStartIndex;
                json.Skip();
                if (SwallowedEmail.IsIn(bytes.AsSpan(value + from, (int)json.BytesConsumed - from))) throw new FormatException("its end is missing");
            }

            var length = (int)json.BytesConsumed;
            var raw = new ReadOnlyMemory<byte>(bytes, value, length);
            _ = EmailReader.Read(raw.Span, id, out _);
            why = "";
            Take(new(QueueEntry.Found(key, id, raw), isInside));
            return length;
        }
        catch (Exception broken) when (broken is JsonException or FormatException or InvalidOperationException)
        {
            why = broken is JsonException ? "it is cut or garbled" : broken.Message;
            return null;
        }
    }

    private void Take(Found found)
    {
        var id = found.Entry.Id.ToString();
        if (!good.TryGetValue(id, out var other)) good.Add(id, found);
        // One that begins inside another entry was put together by the damage: the beginning of this email and the rest of that one.
        else if (other.IsInside != found.IsInside) found = good[id] = other.IsInside ? found : other;
        else
        {
            // A block was written twice. Of what it cut into, the entry before got another one's end, and this one too, here or there.
            found.Before = previous;
            foreach (var before in new[] { other.Before, found.Before }) before?.IsBeforeDoubled = true;
            if (!other.Versions.Any(version => version.Raw.Span.SequenceEqual(found.Entry.Raw.Span))) other.Versions.Add(found.Entry);
            found = other;
        }

        found.Before ??= previous;
        previous = found;
    }

    private long? Number(ReadOnlySpan<byte> name)
    {
        var at = bytes.AsSpan().IndexOf(name);
        if (at < 0) return null;
        at = SkipWhiteSpace(at + name.Length);
        if (at >= bytes.Length || bytes[at] != ':') return null;
        at = SkipWhiteSpace(at + 1);
        return System.Buffers.Text.Utf8Parser.TryParse(bytes.AsSpan(at), out long number, out var used) && used > 0 && number >= 0 ? number : null;
    }

    private bool IsPaused()
    {
        var name = "\"sending_paused\""u8;
        var at = bytes.AsSpan().LastIndexOf(name);
        if (at < 0) return false;
        at = SkipWhiteSpace(at + name.Length);
        return at < bytes.Length && bytes[at] == ':' && bytes.AsSpan(SkipWhiteSpace(at + 1)).StartsWith("true"u8);
    }
}

/// <summary>An email that can be read.</summary>
internal sealed class Found(QueueEntry entry, bool isInside)
{
    /// <summary>As it was found first.</summary>
    public QueueEntry Entry => entry;

    /// <summary>True when it begins inside an entry that cannot be read.</summary>
    public bool IsInside => isInside;

    /// <summary>Everything that was found under its id.</summary>
    public List<QueueEntry> Versions { get; } = [entry];

    /// <summary>What was found before it.</summary>
    public Found? Before { get; set; }

    /// <summary>True when what was found right behind it is there twice.</summary>
    public bool IsBeforeDoubled { get; set; }
}

/// <summary>What was found in bytes that are no queue.</summary>
/// <param name="Good">The emails that can be read.</param>
/// <param name="Spoilt">Those of which only the key can be read.</param>
/// <param name="Revision">The revision that the file says it is of, where that can be read.</param>
/// <param name="SendingPaused">True when it says that sending is paused.</param>
internal sealed record SalvagedQueue(IReadOnlyList<QueueEntry> Good, IReadOnlyList<SpoiltEntry> Spoilt, long? Revision, bool SendingPaused)
{
    /// <summary>By id, everything that was found of those that may be put together of two emails: nothing in the file tells.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<QueueEntry>> Versions { get; init; }
}

/// <summary>An email of which only the key can be read.</summary>
/// <param name="Id">Which.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="Why">What is wrong with it.</param>
/// <param name="Place">Line and column.</param>
internal sealed record SpoiltEntry(EmailId Id, int Start, string Why, string Place)
{
    /// <summary>Where it ends at the latest.</summary>
    public int End { get; set; }

    /// <summary>The file.</summary>
    public required byte[] Bytes { get; init; }

    /// <summary>A final status that can still be read in it; null: none.</summary>
    public EmailStatus? FinalStatus
    {
        get
        {
            var text = Encoding.UTF8.GetString(Bytes, Start, End - Start);
            foreach (var status in (ReadOnlySpan<EmailStatus>)[EmailStatus.Sent, EmailStatus.Failed, EmailStatus.Cancelled])
            {
                if (text.Replace(" ", "", StringComparison.Ordinal).Contains($"\"status\":\"{status.Name()}\"", StringComparison.Ordinal)) return status;
            }

            return null;
        }
    }
}
