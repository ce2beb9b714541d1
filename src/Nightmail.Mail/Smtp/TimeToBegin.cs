using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Smtp;

/// <summary>
/// The time that one transaction has to come to its begin: for a free connection, connecting with all its tries, TLS, login and envelope
/// together. Each step has a limit of its own, but their sum may not outlast the claim.
/// </summary>
internal sealed class TimeToBegin : IDisposable
{
    /// <summary>
    /// A minute less than <see cref="Rescue.NotBegunLimit"/>, after which the claim of a live worker is taken back: the minute is for what
    /// lies between the claim and the transport, and for begin itself.
    /// </summary>
    public static readonly TimeSpan Limit = Rescue.NotBegunLimit - TimeSpan.FromMinutes(1);

    private readonly CancellationToken caller;
    private readonly CancellationTokenSource end;
    private readonly CancellationTokenRegistration breakOff;

    /// <summary>Starts now.</summary>
    /// <param name="time">The clock it runs by.</param>
    /// <param name="caller">Whoever waits for the email; ends it too.</param>
    public TimeToBegin(TimeProvider time, CancellationToken caller)
    {
        this.caller = caller;
        end = new(Limit, time);
        breakOff = caller.UnsafeRegister(static end => ((CancellationTokenSource)end!).Cancel(), end);
    }

    /// <summary>Cancelled when the time is over, or the caller gives up.</summary>
    public CancellationToken Token => end.Token;

    /// <summary>True when the time is over and nobody gave up before.</summary>
    public bool IsOver => end.IsCancellationRequested && !caller.IsCancellationRequested;

    /// <summary>The network's fault for having come no further than this.</summary>
    /// <param name="peer"><c>host:port</c>.</param>
    /// <param name="phase">How far it came.</param>
    /// <param name="doing">What it waited for, where the phase does not say it.</param>
    public static ConversationBrokenException Over(string peer, SmtpPhase phase, string? doing = null) => new(
        phase,
        new(AccountFaultReason.Network, $"{peer}, {phase.Words()}: {(doing is null ? "" : $"{doing}, ")}not ready to send within {Limit.TotalMinutes:0} min"))
    {
        TimedOut = true,
    };

    /// <summary>The email has come to its begin in time, and the time stops.</summary>
    /// <exception cref="ConversationBrokenException">It came too late.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public void Stop(SmtpChannel channel)
    {
#pragma warning disable RS0030 // It starts no clock: it stops the timer that the injected one made.
        end.CancelAfter(Timeout.InfiniteTimeSpan);
#pragma warning restore RS0030
        caller.ThrowIfCancellationRequested();
        if (end.IsCancellationRequested) throw Over(channel.Peer, channel.Phase);
    }

    /// <summary>True when it ended what broke like this; a server's own words go before.</summary>
    public bool Broke(Exception broken) =>
        IsOver && broken is OperationCanceledException or ConversationBrokenException { Reply: null, Fault.Reason: AccountFaultReason.Network };

    /// <inheritdoc/>
    public void Dispose()
    {
        breakOff.Dispose();
        end.Dispose();
    }
}
