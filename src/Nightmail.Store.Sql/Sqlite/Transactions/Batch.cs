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
}

/// <summary>
/// Carries out requests together: the ledger is committed first, then the rows, then everybody is answered. So after a crash between the
/// two the rows lag behind the ledger, never the other way round, and are brought up to it before anything else is done.
/// </summary>
/// <param name="state">What they work on.</param>
/// <param name="time">The clock.</param>
/// <param name="committed">Is told what there is after each batch, and whether there is anything new to do.</param>
/// <param name="accountsChanged">Is told what happened to circuits.</param>
internal sealed class BatchExecutor(StoreState state, TimeProvider time, Action<StoreOverview, bool> committed, Action<IReadOnlyList<AccountChange>> accountsChanged)
{
    /// <summary>Called at each stage; for tests.</summary>
    public Action<BatchStage>? AtStage { get; set; }

    /// <summary>Carries them out; every one of them is answered when this returns.</summary>
    public void Execute(IReadOnlyList<Request> requests)
    {
        try
        {
            var transaction = new Transaction(state, time.GetUtcNow());
            foreach (var request in requests)
            {
                if (request.Kind == RequestKind.Alone) Apply(transaction, request);
            }

            if (state.IsBehind) Reconciling.Run(state, time.GetUtcNow());
            Claim(transaction, requests);
            foreach (var request in requests)
            {
                if (request.Kind is RequestKind.Change or RequestKind.Step or RequestKind.Begin) Apply(transaction, request);
            }

            CommitLedger();
            // A begin has written no row: its dot must not wait for others' rows.
            foreach (var request in requests)
            {
                if (request.Kind == RequestKind.Begin) request.Complete();
            }

            WriteRows(transaction, requests);
            AtStage?.Invoke(BatchStage.BeforeAnswers);
        }
        catch (Exception broken) when (broken is not OutOfMemoryException)
        {
            // Whoever waits must hear of it, whatever it is.
            foreach (var request in requests) request.Fail(broken);
            state.Reset();
            return;
        }

        Publish();
        accountsChanged(state.AccountChanges);
        state.AccountChanges.Clear();
        foreach (var request in requests) request.Complete();
        state.TrimSlots();
    }

    /// <summary>A claim follows from nothing that is about to be flushed, and losing it loses nothing. One that probes a circuit waits for the ledger with the others.</summary>
    private void Claim(Transaction transaction, IReadOnlyList<Request> requests)
    {
        foreach (var request in requests)
        {
            if (request.Kind != RequestKind.Claim) continue;
            Apply(transaction, request);
            if (state.Dirty.Count == 0) continue;
            state.BeginRows(durable: false);
            state.FlushRows();
        }

        if (state.IsWriting)
        {
            AtStage?.Invoke(BatchStage.BeforeUnflushedRows);
            state.CommitRows();
            Publish();
        }

        foreach (var request in requests)
        {
            if (request is { Kind: RequestKind.Claim, Trace.Ledger: false }) request.Complete();
        }
    }

    private void Publish() => committed(state.Overview(), state.TakeNews());

    private void WriteRows(Transaction transaction, IReadOnlyList<Request> requests)
    {
        var sweeps = requests.Any(request => request.Kind == RequestKind.Sweep);
        if (state.Dirty.Count == 0 && state.AddedKeys.Count == 0 && !sweeps) return;
        var durable = requests.Any(request => request is { Kind: RequestKind.Change, Trace.Rows: true } or { Kind: RequestKind.Sweep });
        state.BeginRows(durable);
        state.FlushRows();
        foreach (var request in requests)
        {
            if (request.Kind != RequestKind.Sweep) continue;
            Apply(transaction, request);
            state.FlushRows();
        }

        CommitLedger();
        AtStage?.Invoke(durable ? BatchStage.BeforeRows : BatchStage.BeforeUnflushedRows);
        state.CommitRows();
        state.CopyKeys();
    }

    private void CommitLedger()
    {
        AtStage?.Invoke(BatchStage.BeforeLedger);
        state.CommitLedger();
    }

    private static void Apply(Transaction transaction, Request request)
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
            request.Fail(failed);
        }
    }
}
