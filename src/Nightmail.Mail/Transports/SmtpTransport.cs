using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Mail.Smtp;

namespace Nightmail.Mail.Transports;

/// <summary>
/// Hands emails to an SMTP server over a pool of connections. A cut before the final dot means that nothing is out; from there until
/// its answer the accepted recipients are in doubt.
/// </summary>
public sealed class SmtpTransport : ITransport
{
    private readonly SmtpConnectionPool pool;
    private readonly AccountLimits limits;
    private readonly DeliveryReports? reports;
    private readonly TimeProvider time;

    /// <summary>A transport that connects when the first email comes.</summary>
    /// <param name="settings">The server.</param>
    /// <param name="limits">What may be done at once.</param>
    /// <param name="retry">How often a connection is tried within one attempt.</param>
    /// <param name="time">For time limits, waits and idle connections.</param>
    /// <param name="random">For jitter; locked while it is used.</param>
    public SmtpTransport(TransportSettings.Smtp settings, AccountLimits limits, RetryPolicy retry, TimeProvider time, Random random)
        : this(settings, limits, retry, time, random, null)
    {
    }

    /// <summary>The same, trusting other certificate authorities than the machine's.</summary>
    internal SmtpTransport(TransportSettings.Smtp settings, AccountLimits limits, RetryPolicy retry, TimeProvider time, Random random, X509Certificate2Collection? trusted, Action<string>? warn = null)
    {
        (this.limits, reports, this.time) = (limits, settings.Reports, time);
        pool = new(new SmtpConnector(settings, retry, time, random) { TrustedAuthorities = trusted, Warn = warn }, limits, time);
    }

    /// <summary>Connections that wait for work; for tests.</summary>
    internal int IdleConnections => pool.IdleCount;

    /// <inheritdoc/>
    public async Task<DeliveryOutcome> DeliverAsync(Envelope envelope, IOutgoingMessage message, BeginDelivery begin, CancellationToken cancellationToken)
    {
        using var patience = new TimeToBegin(time, cancellationToken);
        try
        {
            var turn = new Turn(pool, envelope, message, begin, patience, limits, reports);
            var connection = await pool.RentAsync(turn);
            var outcome = await TryAsync(connection, connection.Transactions > 0, turn, envelope, message, cancellationToken);
            if (outcome is null)
            {
                turn.ForgetAhead();
                connection = await pool.ReplaceAsync(connection, patience);
                outcome = await TryAsync(connection, mayBeDead: false, turn, envelope, message, cancellationToken);
            }

            if (outcome!.Fault?.Reason is AccountFaultReason.Network or AccountFaultReason.Quota) pool.Empty();
            return outcome;
        }
        catch (ConversationBrokenException unreachable)
        {
            pool.Empty();
            return DeliveryOutcome.OfFault(unreachable.Fault, envelope.Recipients) with { Phase = unreachable.Phase.Words() };
        }
    }

    /// <summary>One transaction on that connection, which goes back to the pool.</summary>
    /// <returns>
    /// Null when the connection had died while it was idle, before a word of this email was answered, or did not know what to make of an envelope
    /// that was said ahead: that is no failure of the email, and begin was not asked for. Then the caller still holds the connection's place.
    /// </returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<DeliveryOutcome?> TryAsync(
        SmtpConnection connection, bool mayBeDead, Turn turn, Envelope envelope, IOutgoingMessage message, CancellationToken cancellationToken)
    {
        var transaction = turn.Ahead;
        var inOrder = false;
        var isDead = false;
        var isUnheard = false;
        try
        {
            if (transaction is null)
            {
                var fitting = await Fitting.ForAsync(message, connection.Capabilities.EightBitMime, connection.Capabilities.SmtpUtf8, cancellationToken);
                if (fitting.TooLarge(envelope, limits.MessageSize) is { } tooLarge)
                {
                    inOrder = true;
                    return tooLarge;
                }

                transaction = turn.Begin(connection, fitting);
            }

            var outcome = await transaction.RunAsync(cancellationToken);
            // Two who do not understand each other may not be at the same place either.
            inOrder = outcome.Fault?.Reason != AccountFaultReason.Protocol;
            isDead = !inOrder && transaction is { IsAhead: true, AskedLeave: false };
            return isDead ? null : outcome;
        }
        catch (StoreException unreadable)
        {
            inOrder = true;
            return DeliveryOutcome.Of(Verdict.Deferred, envelope.Recipients, new(0, null, $"the message could not be read: {unreadable.Message}"), begun: false) with { Phase = SmtpPhase.Envelope.Words() };
        }
        catch (ConversationBrokenException broken) when (transaction is not null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            isUnheard = !transaction.Answered;
            if (turn.Patience.Broke(broken)) return transaction.OutcomeOf(TimeToBegin.Over(connection.Channel.Peer, broken.Phase));
            // A 421 that answers is no death in idleness: the server was there, and wants less.
            isDead = mayBeDead && broken.Reply is null && !broken.TimedOut && broken.Fault.Reason switch
            {
                AccountFaultReason.Network => !transaction.Answered,
                AccountFaultReason.Protocol => transaction is { IsAhead: true, AskedLeave: false },
                _ => false,
            };
            return isDead ? null : transaction.OutcomeOf(broken);
        }
        finally
        {
            if (transaction is { IsAhead: true }) pool.Heard(isAnswered: !isDead && !isUnheard);
            if (!inOrder) connection.Drop();
            if (!isDead) pool.Return(connection);
        }
    }

    /// <summary>Says goodbye on the connections that wait. Deliveries that run are finished first by their callers.</summary>
    public ValueTask DisposeAsync() => pool.DisposeAsync();
}
