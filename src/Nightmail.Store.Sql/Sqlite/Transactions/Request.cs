using System.Threading.Tasks.Sources;

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

    /// <summary>What it changes need not outlive the process. Done and answered before the others, so that it waits for no flush.</summary>
    Claim,

    /// <summary>The same, after all rows are written, because it looks through many.</summary>
    Look,

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

/// <summary>A request with an answer, which is awaited once.</summary>
internal sealed class Request<T>(RequestKind kind, int weight, Func<Transaction, T> apply) : Request(kind, weight), IValueTaskSource<T>
{
    private ManualResetValueTaskSourceCore<T> done = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration registration;
    private T? answer;

    /// <summary>The answer, once it is durable.</summary>
    public ValueTask<T> Answered => new(this, done.Version);

    /// <inheritdoc/>
    public override void Apply(Transaction transaction) => answer = apply(transaction);

    /// <summary>Gives up when that is cancelled, as long as nobody has started on it: after that the answer is near, and without it a claim would be nobody's.</summary>
    public void CancelWith(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled) registration = cancellationToken.UnsafeRegister(static (request, token) => ((Request<T>)request!).Cancel(token), this);
    }

    /// <inheritdoc/>
    public T GetResult(short token)
    {
        registration.Dispose();
        return done.GetResult(token);
    }

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => done.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        done.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    protected override void Answer() => done.SetResult(answer!);

    /// <inheritdoc/>
    protected override void AnswerFailed(Exception why) => done.SetException(why);

    private void Cancel(CancellationToken cancellationToken)
    {
        if (TryStart()) done.SetException(new OperationCanceledException(cancellationToken));
    }
}

/// <summary>What a request touched, and so what it has to wait for.</summary>
internal readonly record struct RequestTrace(bool Ledger, bool Rows);
