using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Format;

/// <summary>
/// Takes the first look at the file's bytes: where each email lies, and the few facts that need no closer reading. What cannot be read
/// as a whole is an error with line and column; an entry that is no email is kept as it is.
/// </summary>
internal ref struct QueueScanner
{
    private readonly byte[] bytes;
    private readonly QueueDocument? before;
    private readonly int start;
    private readonly List<QueueEntry> entries = [];
    private readonly HashSet<string> seen = [];
    private readonly List<CarriedKey> carried = [];
    private Utf8JsonReader json;
    private string? created;
    private string? lastModified;
    private long revision;
    private bool paused;
    private bool hasQueue;
    private QueueStatistics? statistics;

    private QueueScanner(byte[] bytes, QueueDocument? before)
    {
        this.bytes = bytes;
        this.before = before;
        // A byte order mark is no JSON, but some editors write one.
        start = bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        json = new Utf8JsonReader(bytes.AsSpan(start), new JsonReaderOptions { AllowTrailingCommas = true });
    }

    /// <summary>Looks at the bytes.</summary>
    /// <param name="bytes">The whole file; kept.</param>
    /// <param name="before">What the file was before, so that entries which have not changed are not read again.</param>
    /// <param name="path">For the message of an error.</param>
    /// <exception cref="UnreadableQueueException">They are no queue.</exception>
    /// <exception cref="StoreException">They are a queue of a newer version.</exception>
    public static QueueDocument Scan(byte[] bytes, QueueDocument? before, string path)
    {
        var scanner = new QueueScanner(bytes, before);
        try
        {
            return scanner.Scan(path);
        }
        catch (JsonException broken)
        {
            var place = $"line {(broken.LineNumber ?? 0) + 1}, column {(broken.BytePositionInLine ?? 0) + 1}";
            throw new UnreadableQueueException(bytes.Length == 0 ? "it is empty" : $"it is damaged at {place}", isJson: false, broken);
        }
        catch (Exception broken) when (broken is FormatException or InvalidOperationException)
        {
            throw new UnreadableQueueException(broken.Message, isJson: broken is FormatException, broken);
        }
    }

    private QueueDocument Scan(string path)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject) throw new FormatException("it is not a JSON object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (Name() is { } name)
            {
                json.Read();
                TakeTop(name, path);
                continue;
            }

            var raw = json.ValueSpan.ToArray();
            json.Read();
            Carry($"\"{System.Text.Encoding.UTF8.GetString(raw)}\"", raw);
        }

        while (json.Read())
        {
            // Only white space may follow; anything else throws.
        }

        if (!hasQueue) throw new FormatException("it has no 'queue'; is it a Nightmail queue?");
        return new QueueDocument(entries)
        {
            Buffer = bytes, Length = bytes.Length, Created = created, LastModified = lastModified, Revision = revision, SendingPaused = paused, Carried = carried,
            Statistics = statistics ?? CountRows(),
        };
    }

    private void TakeTop(string name, string path)
    {
        switch (name)
        {
            case "version":
                CheckVersion(Lenient.Text(ref json), path);
                break;
            case "created":
                created = Lenient.Text(ref json);
                break;
            case "last_modified":
                lastModified = Lenient.Text(ref json);
                break;
            case "revision":
                revision = Lenient.Whole(ref json) ?? 0;
                break;
            case "sending_paused":
                paused = json.TokenType == JsonTokenType.True || (json.TokenType == JsonTokenType.Number && Lenient.Whole(ref json) != 0);
                json.Skip();
                break;
            case "queue":
                hasQueue = true;
                if (Lenient.EntersObject(ref json, "'queue'")) TakeQueue();
                break;
            case "statistics":
                TakeStatistics();
                break;
            default:
                // Where a brace too many ended the queue early, the emails behind it would be carried along, never to be sent.
                if (json.TokenType == JsonTokenType.StartObject && EmailId.TryParse(name, out _)) throw new FormatException($"the queue ends before {name}");
                Carry(name, null);
                break;
        }
    }

    /// <summary>The name of a key; null where it holds half a character, which other programs write as an escape and which is no text here.</summary>
    private readonly string? Name()
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException) when (json.ValueIsEscaped && System.Text.Unicode.Utf8.IsValid(json.ValueSpan))
        {
            return null;
        }
    }

    private void Carry(string name, byte[]? rawName)
    {
        // A copy, so that it does not hold the whole file in memory through all later versions.
        var value = Value().ToArray();
        if (!System.Text.Unicode.Utf8.IsValid(value)) throw new InvalidOperationException($"'{name}' is not UTF-8 text");
        carried.Add(new(name, value) { RawName = rawName });
    }

    private static void CheckVersion(string? version, string path)
    {
        if (version is null) return;
        var major = version.Split('.')[0];
        if (!int.TryParse(major, System.Globalization.CultureInfo.InvariantCulture, out var number)) throw new FormatException($"its version '{version}' is none");
        if (number > QueueKeys.MajorVersion)
            throw new StoreException(StoreTrouble.Unreadable, $"cannot read {path}: a newer program wrote it (format {version}, this one knows {QueueKeys.Version}); nothing was changed: update nightmail");
    }

    private void TakeQueue()
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var key = json.GetString()!;
            var keyStart = start + (int)json.TokenStartIndex;
            json.Read();
            if (json.TokenType == JsonTokenType.StartObject) entries.Add(TakeEntry(key, keyStart));
            else entries.Add(QueueEntry.Damaged(key, ValueOf(key), "it is not an object"));
        }
    }

    private QueueEntry TakeEntry(string key, int keyStart)
    {
        var from = start + (int)json.TokenStartIndex;
        // The key and what stands between it and the value: its quotes, a colon, a space.
        var canonical = bytes.AsSpan(0, keyStart).EndsWith("\n    "u8) && from - keyStart == key.Length + 4 && bytes.AsSpan(0, from).EndsWith("\": "u8);
        var (last, ledgerLast, hasKey, status) = (-1, 0L, false, (EmailStatus?)null);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var index = QueueKeys.EntryIndex(json.ValueSpan, last);
            // An unknown key belongs behind all known ones; after it no known one is in its place any more.
            var place = index < 0 ? QueueKeys.Entry.Length : index;
            canonical &= place >= last + (index < 0 ? 0 : 1) && (place >= QueueKeys.EntryAlways || place == last + 1) && IsIndented((int)json.TokenStartIndex);
            last = place;
            canonical &= index >= 0 || !IsOlderName();
            var unknown = index < 0 ? json.GetString() : null;
            json.Read();
            // Another email inside this one: a brace was lost, and that one must not go down as an unknown key.
            if (unknown is not null && json.TokenType == JsonTokenType.StartObject && EmailId.TryParse(unknown, out _)) throw new FormatException($"the end of {key} is missing");
            switch (index < 0 ? "" : QueueKeys.Entry[index])
            {
                case "status":
                    status = json.TokenType == JsonTokenType.String ? EmailStatusNames.ParseStatus(json.GetString()) : null;
                    canonical &= status is { } known && json.ValueTextEquals(known.Name());
                    break;
                case "ledger_last":
                    canonical &= json.TokenType == JsonTokenType.Number && json.TryGetInt64(out ledgerLast);
                    break;
                case "idempotency_key":
                    hasKey = json.TokenType == JsonTokenType.StartObject;
                    break;
                case "scheduled_for" or "created_at" or "attempts" or "last_modified":
                    canonical &= json.TokenType == JsonTokenType.Number;
                    break;
                case "email_data" or "metadata":
                    canonical &= json.TokenType == JsonTokenType.StartObject;
                    break;
            }

            _ = ValueOf(key);
        }

        var raw = new ReadOnlyMemory<byte>(bytes, from, start + (int)json.BytesConsumed - from);
        if (!EmailId.TryParse(key, out var id)) return QueueEntry.Damaged(key, raw, $"'{key}' is not an email id");
        if (!seen.Add(id.ToString()) && !Supersedes(id, key, raw)) return QueueEntry.Damaged(key, raw, $"there is another email {id}");
        canonical &= last + 1 >= QueueKeys.EntryAlways && key == id.ToString() && !StrictJson.MayHaveTrailingComma(raw.Span);
        var keyLength = canonical ? from - (keyStart - "\n    ".Length) : 0;
        var line = canonical ? new ReadOnlyMemory<byte>(bytes, from - keyLength, raw.Length + keyLength) : raw;
        if (before?.Find(id) is { } old && old.Key == key && old.IsCanonical == canonical && old.Raw.Span.SequenceEqual(raw.Span)) return old.At(line, keyLength);
        return new QueueEntry
        {
            Key = key, Id = id, Line = line, KeyLength = keyLength, Status = status, LedgerLast = ledgerLast, HasIdempotencyKey = hasKey,
            IsCanonical = canonical,
        };
    }

    /// <summary>True when the entry before it under the same id is a broken half of it: then this one is the email, and that one is set aside.</summary>
    private readonly bool Supersedes(EmailId id, string key, ReadOnlyMemory<byte> raw)
    {
        var index = entries.FindIndex(entry => entry.Id == id);
        var earlier = entries[index];
        if (earlier.Email is not null || QueueEntry.Found(key, id, raw).Email is null) return false;
        entries[index] = QueueEntry.Damaged(earlier.Key, earlier.Raw, $"there is another email {id}");
        return true;
    }

    private readonly bool IsOlderName()
    {
        // Nobody writes those with escapes, and an escape can be of half a character, which cannot be compared with anything.
        if (json.ValueIsEscaped) return false;
        foreach (var older in QueueKeys.OlderEntry)
        {
            if (json.ValueTextEquals(older)) return true;
        }

        return false;
    }

    /// <summary>True when a line break and three levels of indentation stand before the token.</summary>
    private readonly bool IsIndented(int token) => bytes.AsSpan(0, start + token).EndsWith("\n      "u8);

    private void TakeStatistics()
    {
        var from = start + (int)json.TokenStartIndex;
        if (!Lenient.EntersObject(ref json, "'statistics'")) return;
        var counts = new long[QueueKeys.Statistics.Length];
        var pruned = new PrunedCounts(0, 0, 0);
        while (Lenient.NextProperty(ref json, QueueKeys.Statistics) is { } index)
        {
            if (index == 4) pruned = TakePruned();
            else if (index >= 0) counts[index] = Math.Max(0, Lenient.Whole(ref json) ?? 0);
            else json.Skip();
        }

        var raw = bytes.AsSpan(from, start + (int)json.BytesConsumed - from).ToArray();
        if (!System.Text.Unicode.Utf8.IsValid(raw)) throw new InvalidOperationException("'statistics' is not UTF-8 text");
        statistics = new()
        {
            Scheduled = counts[0], Sent = counts[1], Failed = counts[2], Cancelled = counts[3], Pruned = pruned,
            Raw = bytes.AsSpan(from, start + (int)json.BytesConsumed - from).ToArray(),
        };
    }

    private PrunedCounts TakePruned()
    {
        var counts = new long[QueueKeys.Pruned.Length];
        if (!Lenient.EntersObject(ref json, "'pruned'")) return new(0, 0, 0);
        while (Lenient.NextProperty(ref json, QueueKeys.Pruned) is { } index)
        {
            if (index >= 0) counts[index] = Math.Max(0, Lenient.Whole(ref json) ?? 0);
            else json.Skip();
        }

        return new(counts[0], counts[1], counts[2]);
    }

    /// <summary>A value of the entry of that key; it throws where other emails lie in it.</summary>
    private ReadOnlyMemory<byte> ValueOf(string key)
    {
        var isNested = json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        var value = Value();
        return isNested && SwallowedEmail.IsIn(value.Span) ? throw new FormatException($"the end of {key} is missing") : value;
    }

    private ReadOnlyMemory<byte> Value()
    {
        var from = start + (int)json.TokenStartIndex;
        json.Skip();
        return new(bytes, from, start + (int)json.BytesConsumed - from);
    }

    private readonly QueueStatistics CountRows()
    {
        var counted = new QueueStatistics();
        foreach (var entry in entries)
        {
            if (entry.Status is { } status) counted = counted.Moved(null, status);
        }

        return counted;
    }
}
