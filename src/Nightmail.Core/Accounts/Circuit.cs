using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Accounts;

/// <summary>
/// The circuit of one account, as the store keeps it and all workers share it: a fact that is asked before claiming, not an exception
/// while sending. Closed, or open until a moment; once that has passed one email probes.
/// </summary>
public sealed record Circuit
{
    /// <summary>No failure known.</summary>
    public static Circuit Closed { get; } = new();

    /// <summary>Account failures in a row.</summary>
    public int Failures { get; init; }

    /// <summary>The last failure that counted; null after a success.</summary>
    public AccountFault? Fault { get; init; }

    /// <summary>When it opened; kept while probes fail, so that people see since when.</summary>
    public DateTimeOffset? OpenedAt { get; init; }

    /// <summary>Nothing is sent before this; null: closed.</summary>
    public DateTimeOffset? OpenUntil { get; init; }

    /// <summary>How long it was opened for the last time; zero when it is closed.</summary>
    public TimeSpan Cooldown { get; init; }

    /// <summary>Raised by every opening and every reset. What an attempt of an older term comes to changes nothing here.</summary>
    public long Term { get; init; }

    /// <summary>The one email that tries whether the account works again; null: none.</summary>
    public Probe? Probe { get; init; }

    /// <summary>Emails in a row that were refused for reasons of policy, the oldest first.</summary>
    public IReadOnlyList<PolicyRefusal> Refusals { get; init; } = [];

    /// <summary>How much less the account sends at once, because its server asked for it; null: it never did, or the circuit was reset since.</summary>
    public Slowness? Slowness { get; init; }

    /// <summary>True when no failure or refusal is known.</summary>
    public bool KnowsNothing => this is { Failures: 0, Fault: null, OpenedAt: null, OpenUntil: null, Cooldown.Ticks: 0, Probe: null, Refusals.Count: 0 };

    /// <summary>True while it is not closed.</summary>
    public bool IsOpen => OpenUntil is not null;
}

/// <summary>The lease of the one email that probes.</summary>
/// <param name="Email">The email.</param>
/// <param name="Worker">Who sends it; the lease dies with this worker.</param>
/// <param name="Attempt">The email's attempt.</param>
/// <param name="Since">When it was claimed.</param>
/// <param name="CooldownIfLost">How long the circuit opens for when the probe dies.</param>
public sealed record Probe(EmailId Email, WorkerId Worker, int Attempt, DateTimeOffset Since, TimeSpan CooldownIfLost)
{
    /// <summary>True when the claim is this probe's.</summary>
    public bool IsOf(Claim claim) => claim.Email.Id == Email && claim.Owner == Worker && claim.Attempt == Attempt;
}

/// <summary>An email that a server refused with 5.7.x, and the domains it was refused for.</summary>
public sealed record PolicyRefusal(EmailId Email, IReadOnlyList<string> Domains);

/// <summary>The numbers of a circuit breaker (<c>circuit</c> in the configuration).</summary>
public sealed record CircuitOptions
{
    /// <summary>What holds where nobody says otherwise.</summary>
    public static readonly CircuitOptions Default = new();

    /// <summary>Refusals for reasons of policy in a row that mean the sender and not the emails.</summary>
    public const int RefusalThreshold = 10;

    /// <summary>They must be about recipients of so many domains: one domain's refusals can be that domain's own matter.</summary>
    public const int RefusalDomains = 2;

    /// <summary>Account failures in a row that open a circuit. Five outlasts a server's restart and stops before a provider takes offence.</summary>
    public int FailureThreshold { get; init; } = 5;

    /// <summary>How long nothing is sent through an account whose circuit has opened.</summary>
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The same when only the network failed: that passes sooner.</summary>
    public TimeSpan NetworkCooldown { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest network cooldown.</summary>
    public TimeSpan NetworkCooldownMax { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The longest cooldown of any other reason.</summary>
    public TimeSpan CooldownMax { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The next cooldown for that reason after one of <paramref name="before"/>: twice as long, within the reason's bounds.</summary>
    public TimeSpan CooldownAfter(TimeSpan before, AccountFaultReason reason)
    {
        var (first, most) = reason == AccountFaultReason.Network ? (NetworkCooldown, NetworkCooldownMax) : (Cooldown, CooldownMax);
        var twice = before * 2;
        // The most may be set below the first; then the first counts.
        return twice <= first ? first : twice < most ? twice : most > first ? most : first;
    }
}
