using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;
using Nightmail.Store.File.Salvage;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// What is there now, under the lock, and what several requests make of it. Each request's changes count only once it has gone through:
/// <see cref="Open"/> before it, <see cref="Commit"/> or <see cref="Discard"/> after it.
/// </summary>
internal sealed class Transaction(QueueDocument document, SendLedger ledger, KeyFile keys, Func<string, bool> isAlive, Func<BlobRef, bool> hasBlob, DateTimeOffset now)
    : QueueView(document, ledger, isAlive, now), IStoreTransaction
{
    private readonly EmailMap<ScheduledEmail> changed = new();
    private readonly EmailMap<ScheduledEmail> proposed = new();
    private EmailMap<QueueEntry>? sources;
    private readonly List<SeenKey> addedKeys = [];
    private readonly List<SeenKey> proposedKeys = [];
    private readonly List<AccountChange> accountChanges = [];
    private Dictionary<string, Circuit>? circuits;
    private Dictionary<string, Circuit>? proposedCircuits;
    private bool? paused;
    private bool? proposedPause;
    private string? proposedHold;
    private long proposedGrowth;
    private int ledgerMark;

    /// <summary>The rows that differ from the file.</summary>
    public EmailMap<ScheduledEmail> Changed => changed;

    /// <summary>The keys that were seen for the first time.</summary>
    public IReadOnlyList<SeenKey> AddedKeys => addedKeys;

    /// <summary>How a file that is none of ours became a queue, where it was: then it has to be written, whatever the requests do.</summary>
    public Mending? Mending { get; init; }

    /// <summary>True when the file has to be written.</summary>
    public bool HasRowChanges => Mending is not null || changed.Count > 0 || paused is not null || circuits is not null;

    /// <summary>What happened to the circuits.</summary>
    public IReadOnlyList<AccountChange> AccountChanges => accountChanges;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Circuit> Circuits => proposedCircuits ?? circuits ?? Document.Circuits;

    /// <summary>True while sending is paused, in the file or by a request before: a resume that is not yet on disk grants nothing.</summary>
    public override bool SendingPaused => Document.SendingPaused || PausedAfter;

    /// <summary>The pause as it will be written.</summary>
    public bool PausedAfter => proposedPause ?? paused ?? Document.SendingPaused;

    /// <inheritdoc/>
    public override ScheduledEmail? Row(EmailId id) =>
        proposed.TryGetValue(id, out var row) || changed.TryGetValue(id, out row) ? row : base.Row(id);

    /// <summary>True when an entry, readable or not, has that id.</summary>
    public bool Has(EmailId id) => proposed.ContainsKey(id) || changed.ContainsKey(id) || Document.Find(id) is not null;

    /// <summary>True when the bytes are kept.</summary>
    public bool HasBlob(BlobRef blob) => hasBlob(blob);

    /// <summary>Writes a row, new or changed.</summary>
    /// <returns>The row as it will be read again: times to the unit they are kept in.</returns>
    public ScheduledEmail Put(ScheduledEmail row)
    {
        var kept = row with
        {
            ScheduledFor = UnixTime.RoundUp(row.ScheduledFor),
            CreatedAt = UnixTime.RoundDown(row.CreatedAt, TimeSpan.TicksPerSecond),
            LastModified = UnixTime.RoundDown(Now, TimeSpan.TicksPerSecond),
            LastAttempt = row.LastAttempt is { } attempt ? UnixTime.RoundDown(attempt, TimeSpan.TicksPerSecond) : null,
            NextAttempt = row.NextAttempt is { } next ? UnixTime.RoundUp(next) : null,
            NotAfter = row.NotAfter is { } last ? UnixTime.RoundDown(last) : null,
            RetriedAt = row.RetriedAt is { } retried ? UnixTime.RoundDown(retried) : null,
            SentAt = row.SentAt is { } sent ? UnixTime.RoundDown(sent) : null,
            Date = row.Date is { } date ? UnixTime.RoundDown(date) : null,
            Wish = row.Wish is { Gave: { } gave } wish ? wish with { Gave = UnixTime.RoundUp(gave) } : row.Wish,
        };
        if (Row(kept.Id) is not { } before) proposedGrowth += 1 + SizeOf(kept.Content);
        else if (!ReferenceEquals(before.Content, kept.Content)) proposedGrowth += SizeOf(kept.Content) - SizeOf(before.Content);
        return proposed[kept.Id] = kept;
    }

    /// <summary>Writes a new row with what <paramref name="source"/> holds beside the format.</summary>
    public ScheduledEmail Put(ScheduledEmail row, QueueEntry source)
    {
        (sources ??= new())[row.Id] = source;
        return Put(row);
    }

    /// <summary>Appends to the ledger, before any row is written.</summary>
    public LedgerEntry Append(LedgerEntry entry) => Ledger.Stage(entry, Document.MaxLedgerLast);

    /// <inheritdoc/>
    long IStoreTransaction.Append(LedgerEntry entry) => Append(entry).Sequence;

    /// <summary>
    /// Appends what a person wants. Once the line is in the ledger it has its effect, whether or not the row can be written:
    /// <paramref name="holds"/> says which, for the answer to a request whose row was not.
    /// </summary>
    public LedgerEntry Append(LedgerEntry entry, string holds)
    {
        proposedHold = holds;
        return Append(entry);
    }

    /// <summary>Pauses or resumes sending as a whole.</summary>
    public void Pause(bool value)
    {
        if (value != PausedAfter) proposedPause = value;
    }

    /// <summary>Writes a circuit.</summary>
    public void PutCircuit(string account, Circuit circuit) =>
        proposedCircuits = new Dictionary<string, Circuit>(Circuits) { [account] = CircuitJson.Kept(circuit) };

    /// <summary>A key as it was seen before, by any row, key line or request of this transaction; null when it is new.</summary>
    public SeenKey? FindKey(string key)
    {
        if (proposedKeys.Concat(addedKeys).FirstOrDefault(each => each.Key.Key == key) is { } added) return added;
        if (keys.Find(key) is { } line) return line;
        var row = Document.Entries.FirstOrDefault(entry => entry.HasIdempotencyKey && entry.Email?.IdempotencyKey?.Key == key)?.Email;
        return row is null ? null : new(row.IdempotencyKey!, row.Id, row.CreatedAt) { IsOnlyInRow = true };
    }

    /// <summary>Notes a key for good.</summary>
    public void AddKey(SeenKey key) => proposedKeys.Add(key);

    /// <summary>Begins a request.</summary>
    public void Open() => ledgerMark = Ledger.Staged.Count;

    /// <summary>The request has gone through.</summary>
    public RequestTrace Commit()
    {
        var trace = new RequestTrace([.. Ledger.Staged.Skip(ledgerMark)], proposed.Count > 0 || proposedPause is not null || proposedCircuits is not null, proposedKeys.Count > 0, proposedHold) { Adds = proposedGrowth };
        foreach (var row in proposed.Values) changed[row.Id] = row;
        if (proposedPause is { } pause) paused = pause;
        addedKeys.AddRange(proposedKeys);
        TakeCircuits();
        Clear();
        return trace;
    }

    /// <summary>The request has failed: it leaves nothing behind.</summary>
    public void Discard()
    {
        Ledger.Unstage(ledgerMark);
        Clear();
    }

    /// <summary>Tells what the written rows have come to.</summary>
    public void Tell(IStoreObserver observer)
    {
        if (observer is SilentObserver) return;
        foreach (var row in changed.Values)
        {
            var before = Document.Find(row.Id)?.Email?.Status;
            if (before != row.Status) observer.On(new StoreEvent.Changed(row.Id, before, row.Status));
        }
    }

    /// <summary>What the file is to become.</summary>
    public QueueSerializer.Change ToChange()
    {
        var statistics = Document.Statistics;
        foreach (var row in changed.Values) statistics = statistics.Moved(Document.Find(row.Id)?.Email?.Status, row.Status);
        return new(changed, statistics, PausedAfter, Now) { Circuits = circuits ?? [], Sources = sources };
    }

    /// <inheritdoc/>
    protected override IEnumerable<ScheduledEmail> NewRows() =>
        changed.Values.Concat(proposed.Values.Where(row => !changed.ContainsKey(row.Id))).Where(row => Document.Find(row.Id) is null).Select(row => Row(row.Id)!);

    /// <inheritdoc/>
    protected override EmailStatus? StatusOf(QueueEntry entry) =>
        proposed.TryGetValue(entry.Id, out var row) || changed.TryGetValue(entry.Id, out row) ? row.Status : base.StatusOf(entry);

    private void TakeCircuits()
    {
        if (proposedCircuits is null) return;
        var before = circuits ?? Document.Circuits;
        foreach (var (account, circuit) in proposedCircuits)
        {
            if (AccountChange.Between(account, before.GetValueOrDefault(account, Circuit.Closed), circuit, Now) is { } change) accountChanges.Add(change);
        }

        circuits = proposedCircuits;
    }

    private void Clear()
    {
        proposedCircuits = null;
        proposed.Clear();
        proposedKeys.Clear();
        proposedPause = null;
        proposedHold = null;
        proposedGrowth = 0;
    }

    /// <summary>About how much room what a person wrote takes in the file.</summary>
    private static long SizeOf(EmailContent content) =>
        content.Subject.Length + (content.Text?.Length ?? 0) + (content.Html?.Length ?? 0)
        + content.To.Concat(content.Cc).Concat(content.Bcc).Sum(mailbox => (long)mailbox.Length)
        + content.Headers.Sum(header => (long)header.Name.Length + header.Value.Length) + content.Attachments.Sum(attachment => (long)attachment.FileName.Length);
}

/// <summary>What a request touched, and so what it fails with.</summary>
/// <param name="Lines">What it appends to the ledger.</param>
/// <param name="Rows">True when it writes rows.</param>
/// <param name="Keys">True when it notes keys.</param>
/// <param name="Holds">What its lines bring about by themselves, in words; null when only its rows do what was asked.</param>
internal readonly record struct RequestTrace(IReadOnlyList<LedgerEntry> Lines, bool Rows, bool Keys, string? Holds)
{
    /// <summary>About how many bytes of what a person wrote it adds to the queue.</summary>
    public long Adds { get; init; }
}
