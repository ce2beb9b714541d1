using Nightmail.Core.Accounts;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Campaigns;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Ledger;
using Nightmail.Store.Sql.Sqlite.Rows;

namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>
/// The two databases in the hands of the thread that writes them, and what it keeps in memory. Memory never runs ahead of the disk: after
/// any failure it is forgotten and read again. One thread at a time is inside.
/// </summary>
internal sealed class StoreState : IDisposable
{
    private readonly Database emails, ledgerDatabase;
    private readonly LedgerTable ledger;
    private readonly Tally tally;
    private readonly HashSet<long> unwritten = [];
    private int flushedKeys;
    private bool hasNews;
    private StoreOverview? overview;
    private readonly ExpiryWatch expiry;

    public StoreState(Database emails, Database ledger, SqliteBlobStore blobs, WorkerRegistry workers, DateTimeOffset now)
    {
        (this.emails, ledgerDatabase, Blobs, Workers) = (emails, ledger, blobs, workers);
        Facts = new(ledger);
        Accounts = new(ledger, now);
        CampaignBegins = new(ledger, emails);
        Gates = new(ledger);
        Addresses = new(emails);
        this.ledger = new(ledger);
        Lanes = new(emails);
        Table = new(emails, Lanes);
        ReadAhead = new(Table, this.ledger);
        expiry = new(Table);
        tally = new(emails);
        Keys = new(emails, ledger);
        Progress = new(emails, ledger);
        Load();
    }

    public SqliteBlobStore Blobs { get; }

    public WorkerRegistry Workers { get; }

    public LedgerFacts Facts { get; }

    public AccountBook Accounts { get; }

    public CampaignBegins CampaignBegins { get; }

    public GateBook Gates { get; }

    public AddressTable Addresses { get; }

    public LaneBook Lanes { get; }

    public EmailTable Table { get; }

    public ReadAhead ReadAhead { get; }

    public KeyTable Keys { get; }

    public SlotBook Slots { get; } = new();

    public LagBook Lag { get; private set; } = new();

    /// <summary>Entries that wait to be written.</summary>
    public List<LedgerEntry> Staged { get; } = [];

    /// <summary>Those of them that are the first begin of their attempt.</summary>
    public List<LedgerEntry> FirstBegins { get; } = [];

    /// <summary>What happened to circuits, for telling once it is durable.</summary>
    public List<AccountChange> AccountChanges { get; } = [];

    /// <summary>Rows that wait to be written.</summary>
    public List<RowSlot> Dirty { get; } = [];

    /// <summary>Keys that wait to be written.</summary>
    public List<SeenKey> AddedKeys { get; } = [];

    /// <summary>True when <see cref="Facts"/> wait to be written.</summary>
    public bool HasNewFacts { get; set; }

    public LedgerProgress Progress { get; }

    /// <summary>True while entries may lie in the ledger that rows do not know of, because a crash or an old copy came between.</summary>
    public bool IsBehind { get; set; }

    /// <inheritdoc cref="ExpiryWatch.Next"/>
    public long NextExpiry => expiry.Next;

    /// <summary>True when reading anew what lies on the disk has failed: nothing here is to be relied on.</summary>
    public bool IsUnread { get; private set; }

    /// <summary>Why nothing is done here any more until the process is started anew; null: it is.</summary>
    public string? Refusal { get; set; }

    /// <summary>Whether there has been anything since the last time that a sleeping worker would want to know.</summary>
    public bool TakeNews()
    {
        var had = hasNews;
        hasNews = false;
        return had;
    }

    /// <summary>Counts and the pause, as committed.</summary>
    public StoreOverview Overview()
    {
        if (overview is not null && !tally.TakeChanged() && overview.SendingPaused == Facts.IsPaused) return overview;
        var (rows, pruned) = (tally.Rows(), tally.Pruned());
        return overview = new(rows, rows.Values.Sum(each => (long)each) + pruned.Values.Sum(), Facts.IsPaused) { Pruned = pruned };
    }

    /// <summary>Takes a row out, in the open transaction of the rows.</summary>
    public void Prune(RowSlot slot)
    {
        BeginRows(durable: true);
        Table.Delete(slot.Number);
        ReadAhead.Written(slot.Number, 0, null);
        tally.Prune(Lanes.Of(slot.Stored!), slot.Stored!.Status);
        Slots.Remove(slot);
    }

    /// <summary>The email as this thread has it in hand; read where it does not yet.</summary>
    public RowSlot Slot(EmailId id)
    {
        if (Slots.TryGet(id, out var slot)) return slot;
        slot = new(id);
        if (Table.Find(id) is { } found) (slot.Number, slot.Stored) = (found.Number, found.Email);
        Slots.Add(slot);
        return slot;
    }

    /// <summary>The same by its number.</summary>
    public RowSlot Slot(long number)
    {
        var read = ReadAhead.Take(number);
        var found = read?.Stored ?? Table.Find(number);
        if (!Slots.TryGet(found.Email.Id, out var slot)) Slots.Add(slot = new(found.Email.Id) { Number = found.Number, Stored = found.Email, Entries = read?.Entries });
        return slot;
    }

    /// <summary>True when the row is to be written: what the database says of it is old.</summary>
    public bool IsUnwritten(long number) => unwritten.Contains(number);

    /// <summary>Notes a row that is to be written, as a request has it that has gone through.</summary>
    public void Accept(RowSlot slot)
    {
        if (slot.Changed is null)
        {
            Dirty.Add(slot);
            unwritten.Add(slot.Number);
        }

        (slot.Changed, slot.Proposed) = (slot.Proposed, null);
        Slots.Accepted(slot);
    }

    /// <summary>The lanes with emails that wait, as far as rows are written.</summary>
    public IEnumerable<Lane> LanesThatWait() => tally.Pending.Select(Lanes.Look);

    /// <summary>The lanes with emails that are paused one by one, as far as rows are written.</summary>
    public IEnumerable<Lane> LanesWithPaused() => tally.Paused.Select(Lanes.Look);

    /// <summary>The campaign's emails by status, with those that were taken out.</summary>
    public CampaignCounts CountsOf(CampaignId campaign) => tally.Of(Lanes.Of(campaign));

    /// <summary>A slot for an email that is surely not in the database.</summary>
    public void NewSlot(EmailId id) => Slots.Add(new(id));

    /// <summary>Forgets an email that did not come to be.</summary>
    public void Forget(RowSlot slot) => Slots.Remove(slot);

    /// <summary>True when there is an email of that id.</summary>
    public bool Has(EmailId id) => Slots.TryGet(id, out var slot) ? slot.Current is not null : Table.Has(id);

    /// <summary>All that the ledger knows of an email.</summary>
    public EmailLedger LedgerOf(RowSlot slot)
    {
        slot.Entries ??= ledger.Of(slot.Id);
        return slot.Ledger;
    }

    /// <summary>The emails that the ledger has heard of after a sequence, and how far this looked.</summary>
    public List<(long Sequence, EmailId Email)> EntriesAfter(long sequence, int most) => ledger.After(sequence, most);

    /// <summary>True when anything waits for the ledger.</summary>
    public bool HasForLedger => Staged.Count > 0 || HasOtherForLedger;

    /// <summary>True when what waits for the ledger is not only entries.</summary>
    public bool HasOtherForLedger => HasNewFacts || Accounts.HasChanges || Gates.HasChanges || CampaignBegins.HasChanges;

    /// <summary>Writes and flushes what waits for the ledger.</summary>
    public void CommitLedger()
    {
        if (!HasForLedger) return;
        if (CampaignBegins.IsCounting) CountBegins();
        ledgerDatabase.Begin(durable: true);
        foreach (var entry in Staged) ledger.Append(entry);
        if (HasNewFacts) Facts.Write();
        if (Accounts.HasChanges) Accounts.Write();
        if (Gates.HasChanges) Gates.Write();
        if (CampaignBegins.HasChanges) CampaignBegins.Write();
        hasNews |= HasNewFacts || Accounts.HasChanges || Gates.HasChanges;
        ledgerDatabase.Commit();
        Accounts.Written();
        Gates.Written();
        CampaignBegins.Written();
        if (Staged.Count > 0) Progress.Wrote(Staged[^1]);
        foreach (var begin in FirstBegins) Accounts.Begun(begin.Account ?? "", begin.At);
        FirstBegins.Clear();
        Staged.Clear();
        HasNewFacts = false;
    }

    /// <summary>Writes a line that only a ledger has that was there now, and notes it with the rows: for a copy of them that is about to be made.</summary>
    public void MarkLedger(DateTimeOffset now)
    {
        Staged.Add(LedgerLine.NewMark(Progress.Next(), now));
        CommitLedger();
        BeginRows(durable: true);
        // Rows that lag behind still do.
        CommitRows(IsBehind ? Progress.Taken : null);
    }

    /// <summary>Begins, where it has not begun, the transaction of the rows.</summary>
    public void BeginRows(bool durable)
    {
        if (!emails.IsInTransaction) emails.Begin(durable);
    }

    /// <summary>Writes the rows that wait, into the open transaction.</summary>
    public void FlushRows()
    {
        foreach (var slot in Dirty)
        {
            var changed = slot.Changed!;
            hasNews |= changed.Status == EmailStatus.Pending;
            expiry.Written(slot.Stored, changed);
            tally.Move(slot.Stored is { } stored ? (Lanes.Of(stored), stored.Status) : null, (Lanes.Of(changed), changed.Status));
            if (slot.Number == 0)
            {
                slot.Number = Table.Insert(changed);
            }
            else
            {
                Table.Update(slot.Number, changed);
                if (!ReferenceEquals(slot.Stored!.Content, changed.Content)) Table.UpdateContent(slot.Number, changed.Content);
            }

            (slot.Stored, slot.Changed) = (changed, null);
            ReadAhead.Written(slot.Number, Lanes.Of(changed), changed.Status == EmailStatus.Pending ? EmailTable.PlaceOf(slot.Number, changed) : null);
        }

        foreach (var key in AddedKeys.Skip(flushedKeys)) Keys.Insert(key);
        flushedKeys = AddedKeys.Count;
        Dirty.Clear();
        unwritten.Clear();
    }

    /// <summary>Ends the transaction of the rows.</summary>
    /// <param name="upTo">The entry that the rows have taken in everything up to; null: the last.</param>
    public void CommitRows(long? upTo = null)
    {
        if (!emails.IsInTransaction) return;
        tally.Write();
        Progress.Note(Lag.Position(upTo ?? Progress.Last));
        emails.Commit();
        expiry.Committed();
    }

    /// <summary>Lets go of every email that is not being sent.</summary>
    public void TrimSlots() => Slots.Trim();

    /// <summary>Copies the keys that were added beside the ledger. Not flushed: they stand with their emails, and a start copies what is missing.</summary>
    public void CopyKeys()
    {
        if (AddedKeys.Count == 0) return;
        CopyKeys(AddedKeys);
        AddedKeys.Clear();
        flushedKeys = 0;
    }

    /// <summary>Forgets keys, those beside the ledger first: the others would be copied again.</summary>
    public void ForgetKeys(IReadOnlyList<SeenKey> keys)
    {
        if (keys.Count == 0) return;
        BeginRows(durable: true);
        ledgerDatabase.Begin(durable: false);
        foreach (var key in keys) Keys.Forget(key.Key.Key);
        ledgerDatabase.Commit();
    }

    /// <summary>Copies the keys that a crash left uncopied.</summary>
    public void CopyLeftKeys()
    {
        const int AtOnce = 1000;
        while (Keys.After(Facts.KeysCopied, AtOnce) is { Count: > 0 } left) CopyKeys([.. left.Select(each => each.Key)], left[^1].Number);
    }

    /// <summary>Takes back everything that is not committed and reads anew what is there.</summary>
    public void Reset()
    {
        IsUnread = true;
        emails.Rollback();
        ledgerDatabase.Rollback();
        Slots.Clear();
        ReadAhead.Clear();
        Staged.Clear();
        FirstBegins.Clear();
        AccountChanges.Clear();
        Dirty.Clear();
        unwritten.Clear();
        AddedKeys.Clear();
        (HasNewFacts, flushedKeys) = (false, 0);
        Facts.Load();
        Accounts.Load();
        CampaignBegins.Load();
        Gates.Load();
        Lanes.Load();
        Table.Load();
        tally.Load();
        Load();
        IsUnread = false;
    }

    /// <summary>Puts another copy of the rows in the place of these, all of it or nothing. What is in memory has to be read anew after it.</summary>
    public void PutRows(string path)
    {
        emails.ReplaceBy(path);
        Lag = new();
    }

    /// <summary>Writes a copy of the rows.</summary>
    public void CopyRows(string path) => emails.CopyTo(path);

    /// <summary>Moves what the logs hold into the databases, where they have grown long.</summary>
    public void CheckpointWhereNeeded()
    {
        if (emails.WantsCheckpoint) emails.Checkpoint();
        if (ledgerDatabase.WantsCheckpoint) ledgerDatabase.Checkpoint();
    }

    /// <summary>For tests: what the statements over the rows have cost so far.</summary>
    public (long ScannedRows, long Steps) Effort => emails.Effort;

    /// <summary>Closing then leaves everything as it lies, as a process that is killed does.</summary>
    public void LeaveAsItLies()
    {
        emails.LeaveLogOnClose();
        ledgerDatabase.LeaveLogOnClose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ledger.Dispose();
        Table.Dispose();
        emails.Dispose();
        ledgerDatabase.Dispose();
    }

    private void CopyKeys(IReadOnlyList<SeenKey> keys, long? upTo = null)
    {
        ledgerDatabase.Begin(durable: false);
        var last = Facts.KeysCopied;
        foreach (var key in keys) last = Keys.Copy(key);
        Facts.KeysCopied = upTo ?? last;
        Facts.Write();
        ledgerDatabase.Commit();
    }

    private void CountBegins()
    {
        foreach (var begin in FirstBegins)
        {
            if (Slot(begin.Email).Current?.Campaign is { } campaign) CampaignBegins.Begun(begin.Account ?? "", campaign);
        }
    }

    private void Load()
    {
        expiry.Look();
        Progress.Load();
        IsBehind = Progress.Last > Progress.Taken;
        // What is being sent has to be known as a whole: the accounts' connections are counted by it.
        foreach (var id in Table.Sending(int.MaxValue)) Slot(id);
        Keys.Load(Facts.KeysCopied);
    }
}
