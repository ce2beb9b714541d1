using System.Threading.Tasks.Sources;

namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>What kind of work a request is, and so when in a batch it is done and what must be on disk before it is answered.</summary>
internal enum RequestKind
{
    /// <summary>Changes rows that it knows by name; they are flushed to disk before the answer.</summary>
    Change,

    /// <summary>The same, but all it changes follows from what it appends to the ledger, and that is flushed: after a loss of power the row is brought up to the ledger.</summary>
    Step,

    /// <summary>
    /// The outcome of an attempt: a step that nobody waits for, because its connection is free already. Done before the others, so that a claim
    /// finds that place free; flushed with the next begin, which follows at once where there is much to do, or a moment later.
    /// </summary>
    Outcome,

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

    /// <summary>True once its answer is settled.</summary>
    public bool IsAnswered { get; private set; }

    /// <summary>Why it failed; null: it did not.</summary>
    protected Exception? Failure { get; private set; }

    /// <summary>Does it, in memory.</summary>
    public abstract void Apply(Transaction transaction);

    /// <summary>Settles its answer, which <see cref="Tell"/> hands out.</summary>
    /// <param name="failure">Why it did not happen, or not surely; null: it is durable.</param>
    /// <returns>False when it was settled before.</returns>
    public bool TryAnswer(Exception? failure)
    {
        if (IsAnswered) return false;
        (IsAnswered, Failure) = (true, failure);
        return true;
    }

    /// <summary>Whoever waits goes on.</summary>
    public abstract void Tell();

    /// <summary>Claims it for being carried out, or for being given up: whoever is first.</summary>
    public bool TryStart() => Interlocked.Exchange(ref started, 1) == 0;
}

/// <summary>A request with an answer, which is awaited once.</summary>
internal sealed class Request<T>(RequestKind kind, int weight, Func<Transaction, T> apply, bool ownThread) : Request(kind, weight), IValueTaskSource<T>
{
    // What the steps of an attempt do next is short, and is done where they are told. Of others nobody knows; and in the middle of a batch nobody may go on.
    private ManualResetValueTaskSourceCore<T> done = new() { RunContinuationsAsynchronously = !ownThread || kind is not (RequestKind.Begin or RequestKind.Claim or RequestKind.Outcome) };
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
    public override void Tell()
    {
        if (Failure is null) done.SetResult(answer!);
        else done.SetException(Failure);
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        if (!TryStart()) return;
        // Whoever cancels has other things to do than what comes next here.
        done.RunContinuationsAsynchronously = true;
        done.SetException(new OperationCanceledException(cancellationToken));
    }
}

/// <summary>What a request touched, and so what it has to wait for.</summary>
internal readonly record struct RequestTrace(bool Ledger, bool Rows);
