using Nightmail.Core.Accounts;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Campaigns;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Ledger;
using Nightmail.Store.Sql.Sqlite.Operations;
using Nightmail.Store.Sql.Sqlite.Rows;

namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>
/// What is there now, and what several requests make of it. Each request's changes count only once it has gone through:
/// <see cref="Open"/> before it, <see cref="Accept"/> or <see cref="Discard"/> after it. Nothing is written before the whole batch has
/// been applied, so that one request's fault is its own without a savepoint for each.
/// </summary>
internal sealed class Transaction(StoreState state) : IStoreTransaction
{
    private DateTimeOffset now;
    private readonly List<RowSlot> proposed = [];
    private readonly List<LedgerEntry> appended = [];
    private readonly List<SeenKey> addedKeys = [];
    private readonly List<LedgerEntry> firstBegins = [];
    private readonly List<(string Account, Circuit Circuit)> proposedCircuits = [];
    private readonly List<(CampaignId Campaign, CampaignGate Gate)> proposedGates = [];
    private bool? proposedPause;
    private bool touchedFacts;

    /// <summary>The present.</summary>
    public DateTimeOffset Now => now;

    /// <summary>The same as the rows have it.</summary>
    public long NowTicks => Instants.ToTicks(now);

    /// <summary>True while no begin is granted.</summary>
    public bool SendingPaused => proposedPause ?? state.Facts.IsPaused;

    /// <summary>The rows, for what has to look through many.</summary>
    public EmailTable Table => state.Table;

    /// <summary>What comes next, read before it is asked for.</summary>
    public ReadAhead ReadAhead => state.ReadAhead;

    /// <summary>Room for a claim to put lanes in order.</summary>
    public PriorityQueue<LaneCursor, (long First, long Second)> Heads { get; } = new();

    /// <summary>The lanes.</summary>
    public LaneBook Lanes => state.Lanes;

    /// <summary>Emails whose rows lag behind the ledger while a living worker is about to settle them.</summary>
    public LagBook Lag => state.Lag;

    /// <summary>Whether a worker lives.</summary>
    public bool IsAlive(string worker) => state.Workers.IsAlive(worker);

    /// <summary>The row as it lies in the database or as it is to become, or null.</summary>
    public ScheduledEmail? Row(EmailId id) => state.Slot(id).Current;

    /// <summary>The row as the ledger knows it, or null.</summary>
    public ScheduledEmail? Find(EmailId id) => Row(id) is { } row ? Settled(row) : null;

    /// <inheritdoc cref="StoreState.LanesThatWait"/>
    public IEnumerable<Lane> LanesThatWait() => state.LanesThatWait();

    /// <inheritdoc cref="StoreState.LanesWithPaused"/>
    public IEnumerable<Lane> LanesWithPaused() => state.LanesWithPaused();

    /// <summary>The same by its number in the database.</summary>
    public ScheduledEmail? Find(long number) => state.Slot(number).Current is { } row ? Settled(row) : null;

    /// <summary>True when the row is to be written: what the database says of it is old.</summary>
    public bool IsUnwritten(long number) => state.IsUnwritten(number);

    /// <summary>A row that nobody is sending, brought up to what the ledger knows; one under a claim as it is.</summary>
    public ScheduledEmail Settled(ScheduledEmail row) => row.Status == EmailStatus.Sending ? row : Settlement.Settle(row, LedgerOf(row.Id));

    /// <summary>All that the ledger knows of an email.</summary>
    public EmailLedger LedgerOf(EmailId id) => state.LedgerOf(state.Slot(id));

    /// <summary>The circuits that have something to say, by account.</summary>
    public IReadOnlyDictionary<string, Circuit> Circuits => state.Accounts.Circuits;

    /// <summary>The circuit of an account.</summary>
    public Circuit CircuitOf(string account) => state.Accounts.Circuits.TryGetValue(account, out var circuit) ? circuit : Circuit.Closed;

    /// <summary>The gates of campaigns.</summary>
    public GateBook Gates => state.Gates;

    /// <summary>The addresses of campaigns.</summary>
    public AddressTable Addresses => state.Addresses;

    /// <summary>The gate of a campaign.</summary>
    public CampaignGate GateOf(CampaignId campaign) => state.Gates.Of(campaign);

    /// <summary>The campaign's emails by status.</summary>
    public CampaignCounts CountsOf(CampaignId campaign) => state.CountsOf(campaign);

    /// <summary>When an account's emails began.</summary>
    public IReadOnlyList<DateTimeOffset> BeginsOf(string account) => state.Accounts.BeginsOf(account);

    /// <summary>How many emails of campaigns began through accounts whose limits name a campaign's.</summary>
    public CampaignBegins CampaignBegins => state.CampaignBegins;

    /// <summary>The emails that this process has under a claim.</summary>
    public IEnumerable<ScheduledEmail> BeingSent() => state.Slots.Sending.Select(slot => slot.Current!);

    /// <summary>The same, as this thread has them in hand.</summary>
    public IReadOnlyCollection<RowSlot> SlotsBeingSent() => state.Slots.Sending;

    /// <summary>True when there is an email of that id.</summary>
    public bool Has(EmailId id) => state.Has(id);

    /// <summary>True when the bytes are kept.</summary>
    public bool HasBlob(BlobRef blob) => state.Blobs.Has(blob);

    /// <summary>Writes a row, new or changed.</summary>
    /// <returns>The row as it will be read again.</returns>
    public ScheduledEmail Put(ScheduledEmail row)
    {
        var kept = IsInUtc(row) ? row.LastModified == now ? row : row with { LastModified = now } : InUtc(row) with { LastModified = now };
        var slot = state.Slot(kept.Id);
        if (slot.Proposed is null) proposed.Add(slot);
        slot.Proposed = kept;
        return kept;
    }

    /// <summary>Writes a row that is surely not there yet.</summary>
    public ScheduledEmail PutNew(ScheduledEmail row)
    {
        state.NewSlot(row.Id);
        return Put(row);
    }

    /// <summary>Appends to the ledger, before any row is written.</summary>
    /// <returns>Its sequence.</returns>
    public long Append(LedgerEntry entry)
    {
        var slot = state.Slot(entry.Email);
        _ = state.LedgerOf(slot);
        var complete = entry with { Sequence = state.Progress.Next() };
        if (complete is { Kind: LedgerKind.Begin } && !slot.Ledger.HasBegun(complete.Attempt)) firstBegins.Add(complete);
        slot.Entries!.Add(complete);
        state.ReadAhead.Heard(slot.Number);
        appended.Add(complete);
        return complete.Sequence;
    }

    /// <summary>Writes a circuit, with the ledger.</summary>
    public void PutCircuit(string account, Circuit circuit) => proposedCircuits.Add((account, circuit));

    /// <summary>Sets a gate, with the ledger.</summary>
    public void PutGate(CampaignId campaign, CampaignGate gate) => proposedGates.Add((campaign, gate));

    /// <summary>Pauses or resumes sending as a whole.</summary>
    public void Pause(bool value)
    {
        proposedPause = value;
        touchedFacts = true;
    }

    /// <summary>A number that no worker had before.</summary>
    public long NewWorker()
    {
        touchedFacts = true;
        return ++state.Facts.Workers;
    }

    /// <summary>A key as it was seen before, or null when it is new.</summary>
    public SeenKey? FindKey(string key) =>
        addedKeys.Concat(state.AddedKeys).FirstOrDefault(each => each.Key.Key == key) ?? state.Keys.Find(key);

    /// <summary>Notes a key for good.</summary>
    public void AddKey(SeenKey key) => addedKeys.Add(key);

    /// <summary>Takes a row out at once, in the open transaction of the rows.</summary>
    public void Prune(EmailId id) => state.Prune(state.Slot(id));

    /// <summary>Keys that were seen before a moment, here or beside the ledger.</summary>
    public List<SeenKey> OldKeys(DateTimeOffset before, int most) => state.Keys.Before(before, most);

    /// <summary>Forgets keys at once.</summary>
    public void ForgetKeys(IReadOnlyList<SeenKey> keys) => state.ForgetKeys(keys);

    /// <summary>Begins a batch.</summary>
    public Transaction At(DateTimeOffset present)
    {
        now = present.ToUniversalTime();
        return this;
    }

    /// <summary>Begins a request.</summary>
    public void Open()
    {
        proposed.Clear();
        appended.Clear();
        addedKeys.Clear();
        firstBegins.Clear();
        proposedCircuits.Clear();
        proposedGates.Clear();
        (proposedPause, touchedFacts) = (null, false);
    }

    /// <summary>The request has gone through.</summary>
    public RequestTrace Accept()
    {
        foreach (var slot in proposed) state.Accept(slot);

        state.Staged.AddRange(appended);
        state.FirstBegins.AddRange(firstBegins);
        foreach (var (account, circuit) in proposedCircuits)
        {
            if (AccountChange.Between(account, CircuitOf(account), circuit, now) is { } change) state.AccountChanges.Add(change);
            state.Accounts.Put(account, circuit);
        }

        foreach (var (campaign, gate) in proposedGates) state.Gates.Put(campaign, gate);
        state.AddedKeys.AddRange(addedKeys);
        state.HasNewFacts |= touchedFacts;
        if (proposedPause is { } pause) state.Facts.IsPaused = pause;
        return new(appended.Count > 0 || touchedFacts || proposedCircuits.Count > 0 || proposedGates.Count > 0, proposed.Count > 0 || addedKeys.Count > 0);
    }

    /// <summary>The request has failed: it leaves nothing behind.</summary>
    public void Discard()
    {
        foreach (var slot in proposed)
        {
            slot.Proposed = null;
            if (slot.Current is null) state.Forget(slot);
        }

        for (var index = appended.Count - 1; index >= 0; index--)
        {
            var entries = state.Slot(appended[index].Email).Entries!;
            entries.RemoveAt(entries.Count - 1);
        }

        // What a claim took from there before it failed would be passed by from now on.
        state.ReadAhead.Clear();
    }

    private static bool IsInUtc(ScheduledEmail row) =>
        row.ScheduledFor.Offset == default && row.CreatedAt.Offset == default && row.LastModified.Offset == default && IsInUtc(row.NotAfter) && IsInUtc(row.NextAttempt) && IsInUtc(row.Wish?.Gave);

    private static bool IsInUtc(DateTimeOffset? instant) => instant is null || instant.Value.Offset == default;

    private static ScheduledEmail InUtc(ScheduledEmail row) => row with
    {
        ScheduledFor = row.ScheduledFor.ToUniversalTime(),
        CreatedAt = row.CreatedAt.ToUniversalTime(),
        NotAfter = row.NotAfter?.ToUniversalTime(),
        NextAttempt = row.NextAttempt?.ToUniversalTime(),
        Wish = row.Wish is { Gave.Offset.Ticks: not 0 } wish ? wish with { Gave = wish.Gave?.ToUniversalTime() } : row.Wish,
    };
}
