using Nightmail.Core.Accounts;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// One store's changes, one batch after the other: whatever has arrived by the time the lock is had shares one write. No thread of its
/// own: the work runs where the first request came from, after a yield so that others can join.
/// </summary>
/// <param name="state">What the transactions work on.</param>
/// <param name="queueLock">The queue's lock.</param>
/// <param name="written">Is told of every write.</param>
/// <param name="accountsChanged">Is told what a write did to the circuits of accounts.</param>
/// <param name="options">Whether changes share a write: without that the yield is left out, and a change runs to its end before its caller goes on.</param>
/// <param name="time">The clock.</param>
internal sealed class TransactionPipeline(
    QueueState state, QueueLock queueLock, Action written, Action<IReadOnlyList<AccountChange>> accountsChanged, QueueFileOptions options, TimeProvider time) : IAsyncDisposable
{
    /// <summary>So often is a file looked at that somebody may be in the middle of writing.</summary>
    private static readonly TimeSpan SettlePoll = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource closing = new();
    private readonly Queue<Request> waiting = [];
    private readonly List<Request> taken = [];
    private Task running = Task.CompletedTask;
    private ITimer? merging;
    private bool isRunning;

    /// <summary>Carries it out; returns once it is durable.</summary>
    public async ValueTask<T> RunAsync<T>(Func<Transaction, T> apply, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var request = new Request<T>(apply);
        bool alone;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, typeof(FileEmailStore));
            waiting.Enqueue(request);
            alone = StartsAlone_NeedsGate();
        }

        if (alone) running = DrainAsync();

        // Given up only while nobody has started on it: after that the answer is near, and without it a claim would be nobody's.
        await using var registration = cancellationToken.UnsafeRegister(_ => request.Cancel(cancellationToken), null);
        return await request.Task;
    }

    /// <summary>Does something with the queue as a whole, under its lock, apart from the changes.</summary>
    public async ValueTask<T> MaintainAsync<T>(Func<Maintenance, T> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, typeof(FileEmailStore));
        try
        {
            using var held = await queueLock.TakeAsync(cancellationToken);
            return state.Maintain(held, work);
        }
        finally
        {
            lock (gate)
            {
                if (!isRunning) MergeLater_NeedsGate();
            }

            written();
        }
    }

    /// <summary>Lets what is under way end; what still waits fails.</summary>
    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (gate)
        {
            if (closing.IsCancellationRequested) return;
            closing.Cancel();
            merging?.Dispose();
            last = running;
        }

        await last;
        closing.Dispose();
    }

    /// <summary>Starts, unless that runs; true when the caller has to, outside the gate.</summary>
    private bool StartsAlone_NeedsGate()
    {
        if (isRunning) return false;
        isRunning = true;
        if (options.SharesWrites) running = DrainAsync();
        return !options.SharesWrites;
    }

    private async Task DrainAsync()
    {
        var waited = TimeSpan.Zero;
        while (true)
        {
            if (options.SharesWrites) await Task.Yield();
            var before = Count();
            try
            {
                if (await CarryAsync() is { } unsettled)
                {
                    if (waited >= options.LockTimeout) throw new StoreException(StoreTrouble.Busy, $"{unsettled.Message}, and somebody goes on writing it; nothing was changed: try again when they are done");
                    var pause = unsettled.Wait < SettlePoll ? unsettled.Wait : SettlePoll;
                    waited += pause;
                    await Task.Delay(pause, time, closing.Token);
                    continue;
                }

                waited = TimeSpan.Zero;
            }
            catch (OperationCanceledException)
            {
                Fail(int.MaxValue, new ObjectDisposedException(nameof(FileEmailStore)));
            }
            catch (Exception failed)
            {
                // Only those that have waited as long as the lock was waited for.
                Fail(before, failed);
                state.PutOffMerges();
            }

            lock (gate)
            {
                if (waiting.Count > 0) continue;
                isRunning = false;
                MergeLater_NeedsGate();
                return;
            }
        }
    }

    /// <summary>A save that is not whole or cannot be merged is nobody's request: it is come back to, and requests do not wait for it.</summary>
    private void MergeLater_NeedsGate()
    {
        if (state.MergeDueIn is not { } wait || closing.IsCancellationRequested) return;
        merging?.Dispose();
        merging = time.CreateTimer(_ => Merge(), null, wait > SettlePoll ? wait : SettlePoll, Timeout.InfiniteTimeSpan);
    }

    private void Merge()
    {
        bool alone;
        lock (gate) alone = !closing.IsCancellationRequested && StartsAlone_NeedsGate();
        if (alone) running = DrainAsync();
    }

    /// <summary>Carries out whatever has come by the time the lock is had.</summary>
    /// <returns>Null when that is done; otherwise why it has to be tried again a little later, without the lock in between.</returns>
    private async ValueTask<UnsettledQueueException?> CarryAsync()
    {
        using var held = await queueLock.TakeAsync(closing.Token);
        taken.AddRange(Take(int.MaxValue));
        try
        {
            Carry(taken, held);
            taken.Clear();
            return null;
        }
        catch (UnsettledQueueException unsettled)
        {
            return unsettled;
        }
    }

    private void Carry(List<Request> batch, HeldLock held)
    {
        if (batch.Count == 0 && state.MergeDueIn is null) return;
        var (troubles, changed, accounts) = state.Execute(batch, held);
        try
        {
            held.Dispose();
        }
        catch (Exception lost)
        {
            // What was written stands, but nobody can be told of it as usual.
            for (var index = 0; index < batch.Count; index++) troubles[index] ??= lost;
        }

        for (var index = 0; index < batch.Count; index++)
        {
            if (troubles[index] is { } trouble) batch[index].Fail(trouble);
            else batch[index].Complete();
        }

        if (!changed) return;
        accountsChanged(accounts);
        written();
    }

    private int Count()
    {
        lock (gate) return waiting.Count;
    }

    private List<Request> Take(int most)
    {
        var batch = new List<Request>();
        lock (gate)
        {
            while (most-- > 0 && waiting.TryDequeue(out var request))
            {
                if (request.TryStart()) batch.Add(request);
            }
        }

        return batch;
    }

    private void Fail(int most, Exception why)
    {
        foreach (var request in taken) request.Fail(why);
        taken.Clear();
        foreach (var request in Take(most)) request.Fail(why);
    }
}
