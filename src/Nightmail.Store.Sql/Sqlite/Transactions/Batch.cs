using Nightmail.Core.Accounts;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Operations;

namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>A moment in a batch at which a test can let the disk fail or the process die.</summary>
internal enum BatchStage
{
    /// <summary>Nothing is written yet.</summary>
    BeforeLedger,

    /// <summary>The ledger is on disk, the rows are about to be, and are flushed.</summary>
    BeforeRows,

    /// <summary>The same, but they are not flushed: until the next flush a loss of power takes them back.</summary>
    BeforeUnflushedRows,

    /// <summary>All is on disk, and nobody was told.</summary>
    BeforeAnswers,

    /// <summary>Something failed, and what lies on the disk is about to be read anew.</summary>
    BeforeReset,
}

/// <summary>
/// Carries out requests together: the ledger is committed first, then the rows, then everybody is answered. So after a crash between the
/// two the rows lag behind the ledger, never the other way round, and are brought up to it before anything else is done. While emails are
/// on their way the rows of several batches are written together: those that are claimed and sent meanwhile are written once.
/// </summary>
/// <param name="state">What they work on.</param>
/// <param name="time">The clock.</param>
/// <param name="committed">Is told what there is after each batch, and whether there is anything new to do.</param>
/// <param name="accountsChanged">Is told what happened to circuits.</param>
/// <param name="answers">Tells those who asked.</param>
internal sealed class BatchExecutor(StoreState state, TimeProvider time, Action<StoreOverview, bool> committed, Action<IReadOnlyList<AccountChange>> accountsChanged, Answers answers)
{
    /// <summary>Unwritten rows after which they are written although more are sure to come: a few milliseconds of work.</summary>
    private const int MostUnwritten = 256;

    /// <summary>Requests that are applied and wait for their rows to be written.</summary>
    private readonly List<Request> unanswered = [];

    /// <summary>Outcomes that are applied and wait for the ledger to be flushed: their rows follow from it.</summary>
    private readonly List<Request> outcomes = [];

    /// <summary>How long whoever asks hears of a failed reading before it is tried again: on a broken disk it takes long itself.</summary>
    private static readonly TimeSpan ResetPause = TimeSpan.FromSeconds(1);

    private readonly Transaction transaction = new(state);
    private volatile bool isBehind;
    private volatile int beginsToCome;

    /// <summary>Why memory could not be read anew after a failure; null: it could. Until it can, nothing is done.</summary>
    private Exception? unread;

    private DateTimeOffset resetAt;

    /// <summary>Called at each stage; for tests.</summary>
    public Action<BatchStage>? AtStage { get; set; }

    /// <summary>True while there are rows that are not written yet; for any thread.</summary>
    public bool IsBehind => isBehind;

    /// <summary>How many emails are under a claim and have not begun; for any thread.</summary>
    public int BeginsToCome => beginsToCome;

    /// <summary>Carries them out. Every one of them is answered when this returns, or waits for its rows to be written with others'.</summary>
    public void Execute(List<Request> requests)
    {
        if (!IsRead())
        {
            foreach (var request in requests) answers.Fail(request, unread!);
            answers.Tell();
            return;
        }

        try
        {
            transaction.At(time.GetUtcNow());
            if (Has(requests, RequestKind.Alone)) RunAlone(requests);
            if (state.IsUnread || state.Refusal is not null) throw new StoreException(StoreTrouble.Unwritable, state.Refusal ?? "what lies on the disk could not be read anew; it is tried again");
            if (state.IsBehind) Reconciling.Run(state, time.GetUtcNow());
            TakeOutcomes(requests);
            if (Has(requests, RequestKind.Look)) WriteRows([], durable: false);
            Claim(requests);
            var isUrgent = false;
            foreach (var request in requests)
            {
                if (request.Kind is not (RequestKind.Change or RequestKind.Step or RequestKind.Begin)) continue;
                Apply(request);
                isUrgent = true;
            }

            isBehind |= state.Dirty.Count > 0 || state.HasForLedger;
            var durable = NeedFlush(requests);
            var settles = durable || state.Slots.Sending.Count == 0 || state.Dirty.Count >= MostUnwritten || state.AddedKeys.Count > 0;
            if (isUrgent || settles || state.HasOtherForLedger) CommitLedger();
            AnswerWhatNeedsNoRows(requests, durable);
            answers.Tell();
            if (settles) Settle(requests, durable);
        }
        catch (Exception broken)
        {
            // Whatever it is: the thread that writes goes on, or everybody would wait for ever.
            Fail(requests, broken);
        }

        beginsToCome = state.Slots.BeginsToCome;
        answers.Tell();
        state.CheckpointWhereNeeded();
    }

    /// <summary>Writes what is left unwritten, and answers whoever waits for it.</summary>
    public void Settle()
    {
        if (!isBehind) return;
        try
        {
            transaction.At(time.GetUtcNow());
            Settle([], durable: false);
        }
        catch (Exception broken)
        {
            Fail([], broken);
        }

        answers.Tell();
        state.CheckpointWhereNeeded();
    }

    /// <summary>Whoever still waits hears that the store is gone; nothing more is written.</summary>
    /// <param name="waiting">Those who were not even begun.</param>
    public void Abandon(List<Request> waiting)
    {
        var gone = new ObjectDisposedException(nameof(SqliteEmailStore));
        foreach (var request in waiting) answers.Fail(request, gone);
        FailUnanswered(gone);
        answers.Tell();
    }

    private void Settle(List<Request> requests, bool durable)
    {
        WriteRows(requests, durable);
        AtStage?.Invoke(BatchStage.BeforeAnswers);
        isBehind = false;
        foreach (var request in unanswered) answers.Complete(request);
        unanswered.Clear();
        state.TrimSlots();
    }

    private void TakeOutcomes(List<Request> requests)
    {
        foreach (var request in requests)
        {
            if (request.Kind != RequestKind.Outcome) continue;
            Apply(request);
            if (!request.IsAnswered) outcomes.Add(request);
        }
    }

    private void RunAlone(List<Request> requests)
    {
        // Such work looks at the databases as they lie, and may change them.
        state.ReadAhead.Clear();
        WriteRows([], durable: false);
        foreach (var request in requests)
        {
            if (request.Kind == RequestKind.Alone) Apply(request);
        }
    }

    /// <summary>A claim follows from nothing that is about to be flushed, and losing it loses nothing. One that probes a circuit waits for the ledger.</summary>
    private void Claim(List<Request> requests)
    {
        foreach (var request in requests)
        {
            if (request.Kind is not (RequestKind.Claim or RequestKind.Look)) continue;
            Apply(request);
            isBehind |= state.Dirty.Count > 0;
            if (!request.Trace.Ledger) answers.Complete(request);
        }

        answers.Tell();
    }

    /// <summary>A begin, for one, has changed no row: its dot must not wait for others' rows.</summary>
    private void AnswerWhatNeedsNoRows(List<Request> requests, bool durable)
    {
        Publish();
        accountsChanged(state.AccountChanges);
        state.AccountChanges.Clear();
        foreach (var request in requests)
        {
            if (request.Kind == RequestKind.Outcome) continue;
            if (request.Kind is RequestKind.Begin or RequestKind.Claim or RequestKind.Look or RequestKind.Alone || (!durable && !request.Trace.Rows)) answers.Complete(request);
            if (!request.IsAnswered) unanswered.Add(request);
        }
    }

    private void Publish() => committed(state.Overview(), state.TakeNews());

    private void WriteRows(List<Request> requests, bool durable)
    {
        // Never a row before what the ledger says of it.
        CommitLedger();
        var sweeps = Has(requests, RequestKind.Sweep);
        if (state.Dirty.Count == 0 && state.AddedKeys.Count == 0 && !sweeps) return;
        state.BeginRows(durable);
        state.FlushRows();
        foreach (var request in requests)
        {
            if (request.Kind != RequestKind.Sweep) continue;
            Apply(request);
            state.FlushRows();
        }

        if (sweeps) CommitLedger();
        AtStage?.Invoke(durable ? BatchStage.BeforeRows : BatchStage.BeforeUnflushedRows);
        state.CommitRows();
        state.CopyKeys();
        Publish();
        if (state.AccountChanges.Count == 0) return;
        accountsChanged(state.AccountChanges);
        state.AccountChanges.Clear();
    }

    private void CommitLedger()
    {
        if (state.HasForLedger)
        {
            AtStage?.Invoke(BatchStage.BeforeLedger);
            state.CommitLedger();
        }

        foreach (var outcome in outcomes) answers.Complete(outcome);
        outcomes.Clear();
    }

    private void Fail(List<Request> requests, Exception broken)
    {
        // Whoever waits must hear of it, whatever it is.
        foreach (var request in requests) answers.Fail(request, broken);
        FailUnanswered(broken);
        isBehind = false;
        Reset();
    }

    /// <summary>True when memory is what the disk says; after a failed reading it is tried again now and then.</summary>
    private bool IsRead()
    {
        if (unread is not null && time.GetUtcNow() >= resetAt) Reset();
        if (state.Refusal is { } refusal) unread = new StoreException(StoreTrouble.Unwritable, refusal);
        return unread is null;
    }

    private void Reset()
    {
        try
        {
            AtStage?.Invoke(BatchStage.BeforeReset);
            state.Reset();
            unread = null;
        }
        catch (Exception failed)
        {
            (unread, resetAt) = (failed, time.GetUtcNow() + ResetPause);
        }
    }

    private void FailUnanswered(Exception why)
    {
        foreach (var request in unanswered.Concat(outcomes)) answers.Fail(request, why);
        unanswered.Clear();
        outcomes.Clear();
    }

    private static bool NeedFlush(List<Request> requests)
    {
        for (var index = 0; index < requests.Count; index++)
        {
            if (requests[index] is { Kind: RequestKind.Change, Trace.Rows: true } or { Kind: RequestKind.Sweep }) return true;
        }

        return false;
    }

    private static bool Has(List<Request> requests, RequestKind kind)
    {
        for (var index = 0; index < requests.Count; index++)
        {
            if (requests[index].Kind == kind) return true;
        }

        return false;
    }

    private void Apply(Request request)
    {
        transaction.Open();
        try
        {
            request.Apply(transaction);
            request.Trace = transaction.Accept();
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            // One request's fault is its own.
            transaction.Discard();
            answers.Fail(request, failed);
        }
    }
}
