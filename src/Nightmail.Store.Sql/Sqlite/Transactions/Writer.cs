namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>
/// The queue before the one who writes: whatever has arrived by the time a batch begins shares its commit. On a thread of its own, or,
/// where a simulation wants everything on one, where the first request came from.
/// </summary>
internal sealed class Writer : IAsyncDisposable
{
    /// <summary>Requests that may wait; whoever comes then waits before the queue.</summary>
    private const int MostWaiting = 10_000;

    /// <summary>Rows that a batch writes at the most, unless a single request wants more: well under 50 ms of work.</summary>
    private const int MostRows = 1000;

    /// <summary>How long rows stay unwritten while nothing comes, although emails are on their way whose rows are sure to follow.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(5);

    // Not a Lock: the thread sleeps on it, and unlike a semaphore it does so without spinning, which on a busy machine takes the processor from whoever it waits for.
    private readonly object gate = new();
    private readonly Queue<Request> waiting = [];
    private readonly List<Request> batch = [];
    private readonly SemaphoreSlim room = new(MostWaiting);
    private readonly BatchExecutor executor;
    private readonly Task? thread;
    private Task draining = Task.CompletedTask;
    private bool isDraining, isAsleep, isClosed;

    /// <param name="executor">Carries out batches and answers them.</param>
    /// <param name="ownThread">False: the work is done where the first request comes from, after a yield so that others can join.</param>
    public Writer(BatchExecutor executor, bool ownThread)
    {
        this.executor = executor;
        if (ownThread) thread = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Carries it out; returns once it is durable.</summary>
    public ValueTask<T> RunAsync<T>(RequestKind kind, int weight, Func<Transaction, T> apply, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<T>(cancellationToken);
        var request = new Request<T>(kind, weight, apply);
        return room.Wait(0, CancellationToken.None) ? Enqueue(request, cancellationToken) : WaitAndEnqueueAsync(request, cancellationToken);
    }

    /// <summary>Lets what is under way end; what still waits fails.</summary>
    /// <param name="leaveAsItLies">True writes nothing more, as if the process had been killed.</param>
    public async ValueTask CloseAsync(bool leaveAsItLies)
    {
        lock (gate)
        {
            if (isClosed) return;
            isClosed = true;
            Monitor.Pulse(gate);
        }

        await draining;
        if (thread is not null) await thread;
        if (!leaveAsItLies) executor.Settle();
        FailWaiting();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => CloseAsync(leaveAsItLies: false);

    /// <summary>Ends at once, without a thread of its own: what waits fails.</summary>
    public void Abandon()
    {
        lock (gate) isClosed = true;
        FailWaiting();
    }

    private async ValueTask<T> WaitAndEnqueueAsync<T>(Request<T> request, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken);
        return await Enqueue(request, cancellationToken);
    }

    private ValueTask<T> Enqueue<T>(Request<T> request, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosed, typeof(SqliteEmailStore));
            waiting.Enqueue(request);
            if (isAsleep) Monitor.Pulse(gate);
            if (thread is null && !isDraining)
            {
                isDraining = true;
                draining = DrainAsync();
            }
        }

        request.CancelWith(cancellationToken);
        return request.Answered;
    }

    private void Work()
    {
        while (!isClosed)
        {
            if (Sleep()) Carry();
            else executor.Settle();
        }
    }

    /// <summary>Sleeps until something waits or the store is closed.</summary>
    /// <returns>False when what was left unwritten, because more was sure to come, has been left long enough.</returns>
    private bool Sleep()
    {
        lock (gate)
        {
            isAsleep = true;
            var woken = waiting.Count > 0 || isClosed || Monitor.Wait(gate, executor.IsBehind ? Patience : Timeout.InfiniteTimeSpan);
            isAsleep = false;
            return woken;
        }
    }

    private async Task DrainAsync()
    {
        for (var waited = false; ; waited = true)
        {
            await Task.Yield();
            Carry();
            lock (gate)
            {
                if (waiting.Count > 0 && !isClosed) continue;
                if (!executor.IsBehind || isClosed)
                {
                    isDraining = false;
                    return;
                }
            }

            if (waited) executor.Settle();
        }
    }

    private void Carry()
    {
        Take(MostRows);
        if (batch.Count > 0) executor.Execute(batch);
    }

    private void FailWaiting()
    {
        Take(int.MaxValue);
        foreach (var request in batch) request.Fail(new ObjectDisposedException(nameof(SqliteEmailStore)));
        executor.Abandon();
    }

    private void Take(int mostRows)
    {
        batch.Clear();
        lock (gate)
        {
            for (var rows = 0; waiting.TryPeek(out var next) && (batch.Count == 0 || rows + next.Weight <= mostRows); rows += next.Weight)
            {
                waiting.Dequeue();
                room.Release();
                if (next.TryStart()) batch.Add(next);
            }
        }
    }
}
