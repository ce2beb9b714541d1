using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;

namespace Nightmail.Store.File.Format;

/// <summary>The whole queue file at one moment: its bytes, and what a first look made of them. Never changed once made.</summary>
internal sealed class QueueDocument
{
    private readonly EmailMap<QueueEntry> byId;
    private long? maxLedgerLast;
    private Dictionary<string, Circuit>? circuits;

    public QueueDocument(IReadOnlyList<QueueEntry> entries)
    {
        Entries = entries;
        byId = new(entries.Count);
        foreach (var entry in entries)
        {
            if (entry.Id != default) byId.Add(entry.Id, entry);
        }
    }

    /// <summary>A queue that nobody has written yet.</summary>
    public static QueueDocument Empty { get; } = new([]) { Buffer = [], Length = 0 };

    /// <summary>Begins with the file's bytes; empty when there is no file.</summary>
    public required byte[] Buffer { get; init; }

    /// <summary>How many bytes of <see cref="Buffer"/> are the file's.</summary>
    public required int Length { get; init; }

    /// <summary>The file's bytes.</summary>
    public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, Length);

    /// <summary>Every entry, damaged ones too, in the file's order.</summary>
    public IReadOnlyList<QueueEntry> Entries { get; }

    /// <summary>When the queue was made, as worded; null when it does not say.</summary>
    public string? Created { get; init; }

    /// <summary>When it was last written by us, as worded; null when it does not say.</summary>
    public string? LastModified { get; init; }

    /// <summary>Raised by every write of ours.</summary>
    public long Revision { get; init; }

    /// <summary>What was ever counted.</summary>
    public QueueStatistics Statistics { get; init; } = new();

    /// <summary>True while sending is paused as a whole.</summary>
    public bool SendingPaused { get; init; }

    /// <summary>Top-level keys that are carried along, in the order of the file.</summary>
    public IReadOnlyList<CarriedKey> Carried { get; init; } = [];

    /// <summary>The bytes of <c>accounts</c>; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Accounts => Carried.FirstOrDefault(each => each.Name == CircuitJson.Key)?.Value ?? default;

    /// <summary>The circuits of the accounts that have something to say.</summary>
    public IReadOnlyDictionary<string, Circuit> Circuits => circuits ??= CircuitJson.Read(Accounts);

    /// <summary>
    /// The highest ledger sequence that any row has taken in. One that is beyond belief was made up: its email is held or unreadable, and
    /// no other one's entries may be numbered after it.
    /// </summary>
    public long MaxLedgerLast => maxLedgerLast ??= Entries.Where(entry => entry.LedgerLast <= Lenient.MaxSequence / 2).Select(entry => entry.LedgerLast).DefaultIfEmpty().Max();

    /// <summary>
    /// What in it tells that some of it was lost: fewer emails, or fewer that are over, than it counts, or an entry that cannot be read; null
    /// when it adds up. Only a file that this program has written can be held to that.
    /// </summary>
    public string? WhatIsMissing
    {
        get
        {
            if (Revision == 0 && MaxLedgerLast == 0) return null;
            if (Entries.FirstOrDefault(entry => entry.Email is null) is { } unreadable) return $"'{unreadable.Key}' at {TextPlace.Of(this, unreadable)} cannot be read: {unreadable.Damage}";
            var counted = Count();
            if (counted.Scheduled < Statistics.Scheduled) return $"it counts {Statistics.Scheduled} emails and holds {counted.Scheduled}";
            return counted.Sent < Statistics.Sent || counted.Failed < Statistics.Failed || counted.Cancelled < Statistics.Cancelled ? "it counts more emails as over than it shows" : null;
        }
    }

    /// <summary>The same file, with the numbers that its emails give where it counts less than it holds.</summary>
    public QueueDocument Recounted() => Count() is var counted && counted.Scheduled <= Statistics.Scheduled ? this : new(Entries)
    {
        Buffer = Buffer, Length = Length, Created = Created, LastModified = LastModified, Revision = Revision, SendingPaused = SendingPaused, Carried = Carried, Statistics = counted,
    };

    private QueueStatistics Count() =>
        Statistics.For(Entries.Select(entry => entry.Email).OfType<ScheduledEmail>().GroupBy(row => row.Status).ToDictionary(group => group.Key, group => group.Count()), Statistics.Pruned);

    /// <summary>The same queue with other entries; it has no bytes before it is written.</summary>
    public QueueDocument With(
        IReadOnlyList<QueueEntry> entries, QueueStatistics? statistics = null, long? revision = null, bool? paused = null, IReadOnlyList<CarriedKey>? carried = null) => new(entries)
        {
            Buffer = [], Length = 0, Created = Created, LastModified = LastModified, Revision = revision ?? Revision,
            Statistics = statistics ?? Statistics, SendingPaused = paused ?? SendingPaused, Carried = carried ?? Carried,
        };

    /// <summary>Writes the file as it would be if it held only these entries of it.</summary>
    public void WriteOnly(IReadOnlyList<QueueEntry> entries, Stream stream)
    {
        if (Entries.Count == 0)
        {
            stream.Write(Bytes);
            return;
        }

        var first = Entries[0].Line.Span;
        var last = Entries[^1].Line.Span;
        stream.Write(Bytes[..OffsetOf(first)]);
        for (var index = 0; index < entries.Count; index++)
        {
            if (index > 0) stream.WriteByte((byte)',');
            stream.Write(entries[index].Line.Span);
        }

        stream.Write(Bytes[(OffsetOf(last) + last.Length)..]);
    }

    /// <summary>Where a part of <see cref="Bytes"/> begins.</summary>
    public int OffsetOf(ReadOnlySpan<byte> part) => Bytes.Overlaps(part, out var offset) ? offset : throw new ArgumentException("it is no part of this file", nameof(part));

    /// <summary>The entry of that id, damaged or not, or null.</summary>
    public QueueEntry? Find(EmailId id) => byId.TryGetValue(id, out var entry) ? entry : null;
}

/// <summary>A top-level key that is not understood: its name, and its value as it lies in the file.</summary>
internal sealed record CarriedKey(string Name, ReadOnlyMemory<byte> Value)
{
    /// <summary>The name's bytes between the quotes, where they are no text because half a character is in them; otherwise null.</summary>
    public byte[]? RawName { get; init; }
}

/// <summary>The numbers that outlive the emails they count.</summary>
internal sealed record QueueStatistics
{
    public long Scheduled { get; init; }

    public long Sent { get; init; }

    public long Failed { get; init; }

    public long Cancelled { get; init; }

    /// <summary>How many of each left the queue after their time, or by a person's hand; they count in the numbers above.</summary>
    public PrunedCounts Pruned { get; init; } = new(0, 0, 0);

    /// <summary>What else lies in <c>statistics</c>: the object's bytes; empty when there is nothing.</summary>
    public ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>The numbers after a row went from one status to another; null: there was no row before.</summary>
    public QueueStatistics Moved(EmailStatus? from, EmailStatus to) => from == to ? this : this with
    {
        Scheduled = Scheduled + (from is null ? 1 : 0),
        Sent = Sent + Change(from, to, EmailStatus.Sent),
        Failed = Failed + Change(from, to, EmailStatus.Failed),
        Cancelled = Cancelled + Change(from, to, EmailStatus.Cancelled),
    };

    /// <summary>The numbers for these rows beside what was pruned.</summary>
    public QueueStatistics For(IReadOnlyDictionary<EmailStatus, int> rows, PrunedCounts pruned) => this with
    {
        Scheduled = rows.Values.Sum() + pruned.Total,
        Sent = rows.GetValueOrDefault(EmailStatus.Sent) + pruned.Sent,
        Failed = rows.GetValueOrDefault(EmailStatus.Failed) + pruned.Failed,
        Cancelled = rows.GetValueOrDefault(EmailStatus.Cancelled) + pruned.Cancelled,
        Pruned = pruned,
    };

    private static int Change(EmailStatus? from, EmailStatus to, EmailStatus counted) => (to == counted ? 1 : 0) - (from == counted ? 1 : 0);
}

/// <summary>Rows that are no longer in the queue, by the status they had.</summary>
internal sealed record PrunedCounts(long Sent, long Failed, long Cancelled)
{
    /// <summary>All of them.</summary>
    public long Total => Sent + Failed + Cancelled;

    /// <summary>The counts after so many more, or fewer, of a final status; never below nothing.</summary>
    public PrunedCounts With(EmailStatus status, int more) => status switch
    {
        EmailStatus.Sent => this with { Sent = Math.Max(0, Sent + more) },
        EmailStatus.Failed => this with { Failed = Math.Max(0, Failed + more) },
        EmailStatus.Cancelled => this with { Cancelled = Math.Max(0, Cancelled + more) },
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "only what is final is pruned"),
    };

    /// <summary>How many of a final status.</summary>
    public long Of(EmailStatus status) => status switch
    {
        EmailStatus.Sent => Sent,
        EmailStatus.Failed => Failed,
        EmailStatus.Cancelled => Cancelled,
        _ => 0,
    };
}
