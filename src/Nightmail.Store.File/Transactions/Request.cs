namespace Nightmail.Store.File.Transactions;

/// <summary>Something to be done in a transaction, by whoever holds the lock next.</summary>
internal abstract class Request
{
    private int started;

    /// <summary>What it touched, once it was applied.</summary>
    public RequestTrace Trace { get; set; }

    /// <summary>Does it, in memory. May be called again when another request of the same batch could not be written.</summary>
    public abstract void Apply(Transaction transaction);

    /// <summary>It is durable: whoever waits goes on.</summary>
    public abstract void Complete();

    /// <summary>It did not happen, or not surely.</summary>
    public abstract void Fail(Exception why);

    /// <summary>Claims it for being carried out, or for being given up: whoever is first.</summary>
    public bool TryStart() => Interlocked.Exchange(ref started, 1) == 0;
}

/// <summary>A request with an answer.</summary>
internal sealed class Request<T>(Func<Transaction, T> apply) : Request
{
    private readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? answer;

    /// <summary>The answer, once it is durable.</summary>
    public Task<T> Task => done.Task;

    public override void Apply(Transaction transaction) => answer = apply(transaction);

    public override void Complete() => done.TrySetResult(answer!);

    public override void Fail(Exception why) => done.TrySetException(why);

    /// <summary>Gives up, if nobody has started on it.</summary>
    public void Cancel(CancellationToken cancellationToken)
    {
        if (TryStart()) done.TrySetCanceled(cancellationToken);
    }
}
