using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>One change of state in the engine, for logs, screens and tests. Carries no body, no address and no secret beyond the email's id; who wants more looks the email up.</summary>
public abstract record EngineEvent(DateTimeOffset At)
{
    /// <summary>A worker has claimed the email.</summary>
    public sealed record Claimed(DateTimeOffset At, EmailId Email, int Attempt, string Account) : EngineEvent(At);

    /// <summary>An attempt is over and recorded; the row says what it came to.</summary>
    public sealed record Recorded(DateTimeOffset At, ScheduledEmail Email, int Attempt, string Account, TimeSpan Took) : EngineEvent(At)
    {
        /// <summary>The worker that made it; null: nobody said.</summary>
        public WorkerId? Worker { get; init; }
    }

    /// <summary>A claim was lost to a person or a rescuer before the attempt could begin or be recorded.</summary>
    public sealed record ClaimLost(DateTimeOffset At, EmailId Email, int Attempt, string Why) : EngineEvent(At);

    /// <summary>An email's last moment has passed while it waited: it has failed.</summary>
    public sealed record Expired(DateTimeOffset At, ScheduledEmail Email) : EngineEvent(At);

    /// <summary>Newer rules of its zone give the email's wish another instant.</summary>
    public sealed record Moved(DateTimeOffset At, ScheduledEmail Email, DateTimeOffset Before) : EngineEvent(At);

    /// <summary>A dead or stuck worker's email was taken back.</summary>
    public sealed record Rescued(DateTimeOffset At, ScheduledEmail Email) : EngineEvent(At);

    /// <summary>The account's circuit has opened: it takes nothing until then.</summary>
    public sealed record AccountHeld(DateTimeOffset At, string Account, AccountFault Fault, DateTimeOffset Until) : EngineEvent(At);

    /// <summary>The account's circuit has been open long enough: this email tries whether it works again.</summary>
    public sealed record AccountProbing(DateTimeOffset At, string Account, EmailId Email) : EngineEvent(At);

    /// <summary>The account's circuit is closed again.</summary>
    public sealed record AccountWorks(DateTimeOffset At, string Account) : EngineEvent(At);

    /// <summary>The account's server wants less: fewer of its emails go at once, until then.</summary>
    public sealed record AccountSlowed(DateTimeOffset At, string Account, string Words, DateTimeOffset Until) : EngineEvent(At);

    /// <summary>The store could not be used; the engine tries again.</summary>
    public sealed record StoreFailed(DateTimeOffset At, string Message) : EngineEvent(At);

    /// <summary>A fault of ours. The engine goes on; whoever reads of it should report it.</summary>
    public sealed record Faulted(DateTimeOffset At, string Message) : EngineEvent(At);

    /// <summary>The event for a change of a circuit.</summary>
    public static EngineEvent Of(AccountChange change) => change.Event switch
    {
        CircuitEvent.Opened => new AccountHeld(change.At, change.Account, change.Circuit.Fault ?? new(AccountFaultReason.Network, "no reason is known"), change.Circuit.OpenUntil ?? change.At),
        CircuitEvent.Probing => new AccountProbing(change.At, change.Account, change.Circuit.Probe!.Email),
        CircuitEvent.Closed => new AccountWorks(change.At, change.Account),
        CircuitEvent.Slowed => new AccountSlowed(change.At, change.Account, change.Circuit.Slowness?.Words ?? "", change.Circuit.Slowness?.Until ?? change.At),
        _ => throw new ArgumentOutOfRangeException(nameof(change), change.Event, null),
    };
}

/// <summary>Is told what the engine does. Must return at once and not throw.</summary>
public interface IEngineObserver
{
    /// <summary>Something happened.</summary>
    void On(EngineEvent happened);
}
