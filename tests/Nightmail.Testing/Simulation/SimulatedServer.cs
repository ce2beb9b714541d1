using Nightmail.Core;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Testing.Simulation;

/// <summary>One recipient's copy that the server took.</summary>
public sealed record Acceptance(EmailId Email, string Address, DateTimeOffset At);

/// <summary>A final dot that reached the server, whether or not it was accepted or its answer arrived.</summary>
public sealed record Dot(EmailId Email, int Attempt, string Account, IReadOnlyList<string> Addresses, DateTimeOffset At, long Step);

/// <summary>How often a server does what, out of a hundred.</summary>
public sealed record ServerTemper
{
    public int ConnectFails { get; init; } = 8;

    public int RecipientDeferred { get; init; } = 10;

    public int RecipientBounced { get; init; } = 4;

    public int DotDeferred { get; init; } = 6;

    public int DotBounced { get; init; } = 2;

    public int ReplyLost { get; init; } = 6;

    public int Slow { get; init; } = 10;

    /// <summary>A server that does everything right.</summary>
    public static ServerTemper Calm { get; } = new() { ConnectFails = 0, RecipientDeferred = 0, RecipientBounced = 0, DotDeferred = 0, DotBounced = 0, ReplyLost = 0, Slow = 0 };
}

/// <summary>The servers of a simulated world's accounts, as one. It remembers every dot and everything it took.</summary>
public sealed class SimulatedServer(ManualTime time, Random random, Func<long> step)
{
    /// <summary>How it behaves now.</summary>
    public ServerTemper Temper { get; set; } = new();

    /// <summary>What is wrong with it for the emails of an account.</summary>
    public Dictionary<string, Ailment> Ailments { get; } = [];

    /// <summary>What it took, in order.</summary>
    public List<Acceptance> Accepted { get; } = [];

    /// <summary>Every dot it saw, in order.</summary>
    public List<Dot> Dots { get; } = [];

    /// <summary>Recipients it refused for good.</summary>
    public HashSet<(EmailId Email, string Address)> Bounced { get; } = [];

    /// <summary>Times an answer to a dot was lost.</summary>
    public int LostReplies { get; private set; }

    /// <summary>One transaction for a process that may die at any await.</summary>
    public async Task<DeliveryOutcome> DeliverAsync(string account, ScheduledEmail row, Envelope envelope, BeginDelivery begin, Func<bool> isDead, CancellationToken cancellationToken)
    {
        var (email, recipients) = (row.Id, envelope.Recipients);
        await PauseAsync(cancellationToken);
        var ailment = Ailments.GetValueOrDefault(account);
        if (FaultOf(ailment) is { } fault) return DeliveryOutcome.OfFault(fault, recipients);
        if (Chance(Temper.ConnectFails)) return DeliveryOutcome.OfFault(new(AccountFaultReason.Network, "connect mail.example:25: refused"), recipients);
        List<string> accepted = [];
        List<RecipientOutcome> refused = [];
        foreach (var address in recipients)
        {
            if (ailment == Ailment.Distrust) refused.Add(new(address, Verdict.Bounced, new(550, "5.7.1", "not from you")));
            else if (Chance(Temper.RecipientDeferred)) refused.Add(new(address, Verdict.Deferred, new(451, "4.7.1", "greylisted")));
            else if (Chance(Temper.RecipientBounced)) refused.Add(new(address, Verdict.Bounced, new(550, "5.1.1", "no such user")));
            else accepted.Add(address);
        }

        if (isDead()) return await NeverAsync();
        foreach (var bounce in refused.Where(each => each.Verdict == Verdict.Bounced)) Bounced.Add((email, bounce.Address));
        if (accepted.Count == 0) return new(refused);
        if (!await begin(accepted, refused, cancellationToken))
            return new([.. accepted.Select(address => new RecipientOutcome(address, Verdict.Untried)), .. refused]);
        if (isDead()) return await NeverAsync();

        // From here on the answer is waited for, whatever else happens.
        Dots.Add(new(email, row.Attempts, account, accepted, time.GetUtcNow(), step()));
        return await AnswerAsync(email, accepted, refused, isDead);
    }

    private static AccountFault? FaultOf(Ailment ailment) => ailment switch
    {
        Ailment.Down => new(AccountFaultReason.Network, "connect mail.example:25: refused"),
        Ailment.Login => new(AccountFaultReason.Auth, "535 5.7.8 bad credentials"),
        Ailment.Busy => new(AccountFaultReason.Network, "421 4.3.2 too busy") { SlowsDown = true },
        _ => null,
    };

    private async Task<DeliveryOutcome> AnswerAsync(EmailId email, List<string> accepted, List<RecipientOutcome> refused, Func<bool> isDead)
    {
        await PauseAsync(CancellationToken.None);
        if (Chance(Temper.DotDeferred)) return Answered(accepted, refused, Verdict.Deferred, new(451, "4.3.0", "try later"), isDead);
        if (Chance(Temper.DotBounced)) return Answered(accepted, refused, Verdict.Bounced, new(554, "5.6.0", "not wanted"), isDead);
        foreach (var address in accepted) Accepted.Add(new(email, address, time.GetUtcNow()));
        if (Chance(Temper.ReplyLost))
        {
            LostReplies++;
            await PauseAsync(CancellationToken.None);
            return Answered(accepted, refused, Verdict.InDoubt, new(0, null, "connection lost after the final dot"), isDead);
        }

        await PauseAsync(CancellationToken.None);
        return Answered(accepted, refused, Verdict.Delivered, new(250, "2.0.0", "Ok"), isDead);
    }

    private static DeliveryOutcome Answered(List<string> accepted, List<RecipientOutcome> refused, Verdict verdict, Reply reply, Func<bool> isDead) =>
        isDead()
            ? throw new OperationCanceledException("the process that would have read this answer is dead")
            : new([.. accepted.Select(address => new RecipientOutcome(address, verdict, reply)), .. refused]) { FinalReply = reply, Begun = true };

    private static Task<DeliveryOutcome> NeverAsync() => Task.FromException<DeliveryOutcome>(new OperationCanceledException("the process is dead"));

    private Task PauseAsync(CancellationToken cancellationToken)
    {
        var milliseconds = Chance(Temper.Slow) ? random.Next(1_000, 400_000) : random.Next(0, 40);
        return time.SleepAsync(TimeSpan.FromMilliseconds(milliseconds), cancellationToken);
    }

    private bool Chance(int percent) => random.Next(100) < percent;
}

/// <summary>A process's way to the server.</summary>
public sealed class SimulatedTransport(SimulatedServer server, string account, Func<bool> isDead) : ITransport
{
    /// <inheritdoc/>
    public Task<DeliveryOutcome> DeliverAsync(Envelope envelope, IOutgoingMessage message, BeginDelivery begin, CancellationToken cancellationToken) =>
        server.DeliverAsync(account, ((SimulatedMessage)message).Email, envelope, begin, isDead, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A message that is only its email's name.</summary>
public sealed class SimulatedMessage(ScheduledEmail email) : IOutgoingMessage
{
    /// <summary>Whose it is.</summary>
    public ScheduledEmail Email => email;

    /// <inheritdoc/>
    public long Length { get; init; }

    /// <inheritdoc/>
    public bool Is8Bit => false;

    /// <inheritdoc/>
    public bool NeedsSmtpUtf8 => false;

    /// <inheritdoc/>
    public ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Composes nothing.</summary>
public sealed class SimulatedComposer : IMessageComposer
{
    /// <inheritdoc/>
    public ValueTask<IOutgoingMessage> ComposeAsync(ScheduledEmail email, MessageIdentity identity, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IOutgoingMessage>(new SimulatedMessage(email));
}
