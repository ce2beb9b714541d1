using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Smtp;

namespace Nightmail.Mail.Transports;

/// <summary>One email's turn at an account's connections. Its state belongs to the pool's lock.</summary>
internal sealed class Turn(
    SmtpConnectionPool pool, Envelope envelope, IOutgoingMessage message, BeginDelivery begin, TimeToBegin patience, AccountLimits limits, DeliveryReports? reports) : IValueTaskSource<SmtpConnection?>, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<SmtpConnection?> granted;
    private SmtpConnection? handedOver;

    /// <summary>How long all may take that comes before begin.</summary>
    public TimeToBegin Patience => patience;

    /// <summary>The transaction whose envelope was said behind the email before; null: none was.</summary>
    public SmtpTransaction? Ahead { get; private set; }

    /// <summary>True once it was granted, or given up.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Completes with the connection that is handed over, or with null: a place to connect in.</summary>
    public ValueTask<SmtpConnection?> Granted => new(this, granted.Version);

    /// <summary>Says the envelope in that connection's buffer, if it can be said as it is.</summary>
    public bool TrySayAhead(SmtpConnection connection)
    {
        // A message that must be re-encoded is read first, and nobody waits for that with a final dot in his hand.
        if (!Fitting.IsAsItIs(message, connection.Capabilities.EightBitMime, connection.Capabilities.SmtpUtf8) || message.Length > (limits.MessageSize ?? long.MaxValue)) return false;
        var transaction = Begin(connection, new(message, ""), out var plan);
        if (!SmtpTransaction.CanSayAhead(connection, plan)) return false;
        transaction.SayAhead();
        Ahead = transaction;
        return true;
    }

    /// <summary>A transaction for the email on that connection; nothing is said yet.</summary>
    public SmtpTransaction Begin(SmtpConnection connection, Fitting fitting) => Begin(connection, fitting, out _);

    /// <summary>What was said of it ahead goes down with its connection.</summary>
    public void ForgetAhead() => Ahead = null;

    /// <summary>Nobody waits any more, or is told now; false: that was so before.</summary>
    public bool TryEnd_NeedsLock()
    {
        if (IsOver) return false;
        return IsOver = true;
    }

    /// <summary>Lets it go on, here and now: another thread would first have to wake up. The caller holds no lock.</summary>
    public void Grant(SmtpConnection? connection)
    {
        handedOver = connection;
        // Each may hand over to the next before it returns.
        if (RuntimeHelpers.TryEnsureSufficientExecutionStack()) granted.SetResult(connection);
        else ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>The caller does not want to wait any more.</summary>
    public void GiveUp() => pool.GiveUp(this);

    /// <summary>Lets it end, here and now; the caller holds no lock.</summary>
    public void Refuse(Exception why) => granted.SetException(why);

    void IThreadPoolWorkItem.Execute() => granted.SetResult(handedOver);

    SmtpConnection? IValueTaskSource<SmtpConnection?>.GetResult(short token) => granted.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<SmtpConnection?>.GetStatus(short token) => granted.GetStatus(token);

    void IValueTaskSource<SmtpConnection?>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        granted.OnCompleted(continuation, state, token, flags);

    private SmtpTransaction Begin(SmtpConnection connection, Fitting fitting, out EnvelopePlan plan)
    {
        plan = EnvelopePlan.Make(envelope, fitting.Message, connection.Capabilities, connection.Channel.Peer, limits.RecipientsPerTransaction, fitting.Obstacle, reports);
        return new(connection, plan, fitting.Message, begin, patience, pool);
    }
}
