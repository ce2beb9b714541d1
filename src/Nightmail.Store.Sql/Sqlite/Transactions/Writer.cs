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

    private readonly Lock gate = new();
    private readonly Queue<Request> waiting = [];
    private readonly SemaphoreSlim room = new(MostWaiting);
    private readonly SemaphoreSlim arrived = new(0);
    private readonly Action<IReadOnlyList<Request>> execute;
    private readonly Action idle;
    private readonly Task? thread;
    private Task draining = Task.CompletedTask;
    private bool isDraining, isClosed;

    /// <param name="execute">Carries out a batch and answers it.</param>
    /// <param name="idle">Called after each batch: the place for a checkpoint.</param>
    /// <param name="ownThread">False: the work is done where the first request comes from, after a yield so that others can join.</param>
    public Writer(Action<IReadOnlyList<Request>> execute, Action idle, bool ownThread)
    {
        (this.execute, this.idle) = (execute, idle);
        if (ownThread) thread = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Carries it out; returns once it is durable.</summary>
    public async ValueTask<T> RunAsync<T>(RequestKind kind, int weight, Func<Transaction, T> apply, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await room.WaitAsync(cancellationToken);
        var request = new Request<T>(kind, weight, apply);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosed, typeof(SqliteEmailStore));
            waiting.Enqueue(request);
            if (thread is null && !isDraining)
            {
                isDraining = true;
                draining = DrainAsync();
            }
        }

        if (thread is not null) arrived.Release();
        if (!cancellationToken.CanBeCanceled) return await request.Task;
        // Given up only while nobody has started on it: after that the answer is near, and without it a claim would be nobody's.
        await using var registration = cancellationToken.UnsafeRegister(_ => request.Cancel(cancellationToken), null);
        return await request.Task;
    }

    /// <summary>Lets what is under way end; what still waits fails.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (isClosed) return;
            isClosed = true;
        }

        arrived.Release();
        await draining;
        if (thread is not null) await thread;
        foreach (var request in Take(int.MaxValue)) request.Fail(new ObjectDisposedException(nameof(SqliteEmailStore)));
    }

    /// <summary>Ends at once, without a thread of its own: what waits fails.</summary>
    public void Abandon()
    {
        lock (gate) isClosed = true;
        foreach (var request in Take(int.MaxValue)) request.Fail(new ObjectDisposedException(nameof(SqliteEmailStore)));
    }

    private void Work()
    {
        while (true)
        {
            arrived.Wait();
            if (isClosed) return;
            Carry();
        }
    }

    private async Task DrainAsync()
    {
        while (true)
        {
            await Task.Yield();
            Carry();
            lock (gate)
            {
                if (waiting.Count > 0 && !isClosed) continue;
                isDraining = false;
                return;
            }
        }
    }

    private void Carry()
    {
        var batch = Take(MostRows);
        if (batch.Count == 0) return;
        execute(batch);
        idle();
    }

    private List<Request> Take(int mostRows)
    {
        var batch = new List<Request>();
        lock (gate)
        {
            for (var rows = 0; waiting.TryPeek(out var next) && (batch.Count == 0 || rows + next.Weight <= mostRows); rows += next.Weight)
            {
                waiting.Dequeue();
                room.Release();
                if (next.TryStart()) batch.Add(next);
            }
        }

        return batch;
    }
}
