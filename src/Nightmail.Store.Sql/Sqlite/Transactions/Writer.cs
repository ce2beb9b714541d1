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

    /// <summary>Begins that wait: apart, because they may wait for each other.</summary>
    private readonly Queue<Request> begins = [];

    private readonly Gathering gathering = new();
    private readonly List<Request> batch = [];
    private readonly SemaphoreSlim room = new(MostWaiting);
    private readonly BatchExecutor executor;
    private readonly Task? thread;
    private Task draining = Task.CompletedTask;
    private int outcomes;
    private bool isDraining, isAsleep, isPatient, isClosed;

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
        var request = new Request<T>(kind, weight, apply, thread is not null);
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
            (request.Kind == RequestKind.Begin ? begins : waiting).Enqueue(request);
            if (request.Kind == RequestKind.Outcome) outcomes++;
            if (isAsleep && WakesUp_NeedsLock(request.Kind)) Monitor.Pulse(gate);
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

    /// <summary>Outcomes wait for company as long as the thread wakes by itself in a moment; and begins for each other.</summary>
    private bool WakesUp_NeedsLock(RequestKind kind) => kind switch
    {
        RequestKind.Outcome => !isPatient,
        RequestKind.Begin => begins.Count == 1 || !gathering.Wants(begins.Count, executor.BeginsToCome),
        _ => true,
    };

    /// <summary>Sleeps until there is something to do or the store is closed.</summary>
    /// <returns>False when what was left unwritten, because more was sure to come, has been left long enough.</returns>
    private bool Sleep()
    {
        lock (gate)
        {
            (isAsleep, isPatient) = (true, executor.IsBehind);
            while (!isClosed && waiting.Count <= (isPatient ? outcomes : 0))
            {
                if (begins.Count > 0 && !gathering.Wants(begins.Count, executor.BeginsToCome)) break;
                var gathers = begins.Count > 0;
                if (Monitor.Wait(gate, gathers ? Gathering.Limit : isPatient ? Patience : Timeout.InfiniteTimeSpan)) continue;
                if (gathers) gathering.Missed();
                break;
            }

            isAsleep = false;
            return waiting.Count + begins.Count > 0 || isClosed;
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
                if (waiting.Count + begins.Count > 0 && !isClosed) continue;
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
        executor.Abandon(batch);
    }

    private void Take(int mostRows)
    {
        batch.Clear();
        lock (gate)
        {
            var flushes = thread is null || isClosed || waiting.Count == 0;
            for (var rows = 0; waiting.TryPeek(out var next) && (batch.Count == 0 || rows + next.Weight <= mostRows); rows += next.Weight)
            {
                waiting.Dequeue();
                if (next.Kind == RequestKind.Outcome) outcomes--;
                flushes |= next.Kind is not (RequestKind.Claim or RequestKind.Outcome);
                Start(next);
            }

            // A begin never goes before the outcome of its connection's last email: a crash would leave both in doubt.
            if (outcomes > 0 || (!flushes && gathering.Wants(begins.Count, executor.BeginsToCome))) return;
            if (begins.Count > 0) gathering.Went();
            while (begins.TryDequeue(out var begin)) Start(begin);
        }
    }

    private void Start(Request request)
    {
        room.Release();
        if (request.TryStart()) batch.Add(request);
    }
}
