namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>What kind of work a request is, and so when in a batch it is done and what must be on disk before it is answered.</summary>
internal enum RequestKind
{
    /// <summary>Changes rows that it knows by name; they are flushed to disk before the answer.</summary>
    Change,

    /// <summary>The same, but all it changes follows from what it appends to the ledger, and that is flushed: after a loss of power the row is brought up to the ledger.</summary>
    Step,

    /// <summary>Appends to the ledger and changes no row: answered as soon as the ledger is flushed.</summary>
    Begin,

    /// <summary>Looks through many rows; what it changes need not outlive a loss of power. Done and answered before the others, so that it waits for no flush.</summary>
    Claim,

    /// <summary>Looks through many rows as well, after what the others change is written, and is flushed.</summary>
    Sweep,

    /// <summary>Works on the databases as a whole, between transactions.</summary>
    Alone,
}

/// <summary>Something to be done by the writing thread.</summary>
internal abstract class Request(RequestKind kind, int weight)
{
    private int started;

    /// <inheritdoc cref="RequestKind"/>
    public RequestKind Kind => kind;

    /// <summary>About how many rows it writes.</summary>
    public int Weight => weight;

    /// <summary>What it touched, once it was applied.</summary>
    public RequestTrace Trace { get; set; }

    /// <summary>True once it was answered.</summary>
    public bool IsAnswered { get; private set; }

    /// <summary>Does it, in memory.</summary>
    public abstract void Apply(Transaction transaction);

    /// <summary>It is durable: whoever waits goes on.</summary>
    public void Complete()
    {
        if (IsAnswered) return;
        IsAnswered = true;
        Answer();
    }

    /// <summary>It did not happen, or not surely.</summary>
    public void Fail(Exception why)
    {
        if (IsAnswered) return;
        IsAnswered = true;
        AnswerFailed(why);
    }

    /// <summary>Claims it for being carried out, or for being given up: whoever is first.</summary>
    public bool TryStart() => Interlocked.Exchange(ref started, 1) == 0;

    /// <summary>Hands out the answer.</summary>
    protected abstract void Answer();

    /// <summary>Hands out the failure.</summary>
    protected abstract void AnswerFailed(Exception why);
}

/// <summary>A request with an answer.</summary>
internal sealed class Request<T>(RequestKind kind, int weight, Func<Transaction, T> apply) : Request(kind, weight)
{
    private readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? answer;

    /// <summary>The answer, once it is durable.</summary>
    public Task<T> Task => done.Task;

    /// <inheritdoc/>
    public override void Apply(Transaction transaction) => answer = apply(transaction);

    /// <summary>Gives up, if nobody has started on it.</summary>
    public void Cancel(CancellationToken cancellationToken)
    {
        if (TryStart()) done.TrySetCanceled(cancellationToken);
    }

    /// <inheritdoc/>
    protected override void Answer() => done.TrySetResult(answer!);

    /// <inheritdoc/>
    protected override void AnswerFailed(Exception why) => done.TrySetException(why);
}

/// <summary>What a request touched, and so what it has to wait for.</summary>
internal readonly record struct RequestTrace(bool Ledger, bool Rows);
