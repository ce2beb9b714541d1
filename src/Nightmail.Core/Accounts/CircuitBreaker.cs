using Nightmail.Core.Delivery;

namespace Nightmail.Core.Accounts;

/// <summary>The numbers of a circuit breaker (<c>circuit</c> in the configuration).</summary>
public sealed record CircuitOptions
{
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
}

/// <summary>The circuit of one account: a fact that is asked before claiming, not an exception while sending.</summary>
/// <param name="ConsecutiveFailures">Account failures since the last success.</param>
/// <param name="OpenUntil">Nothing is sent before this; null: closed. Once it has passed, one email probes.</param>
/// <param name="LastFault">What opened it, or counts towards opening it.</param>
/// <param name="Openings">Openings in a row, for the doubling cooldown.</param>
public sealed record Circuit(int ConsecutiveFailures, DateTimeOffset? OpenUntil, AccountFault? LastFault, int Openings)
{
    /// <summary>No failure known.</summary>
    public static Circuit Closed { get; } = new(0, null, null, 0);

    /// <summary>How many emails may be on their way at once: none while open, one to probe, all when closed.</summary>
    public int Allowance(int connections, DateTimeOffset now) => OpenUntil switch
    {
        null => connections,
        { } until when until <= now => 1,
        _ => 0,
    };
}

/// <summary>How a circuit goes on after an attempt. Pure.</summary>
public static class CircuitBreaker
{
    /// <summary>The circuit after the server gave its verdict on message or recipient: it works.</summary>
    public static Circuit AfterSuccess() => Circuit.Closed;

    /// <summary>The circuit after an account failure.</summary>
    public static Circuit AfterFailure(Circuit circuit, AccountFault fault, CircuitOptions options, DateTimeOffset now)
    {
        var failures = circuit.ConsecutiveFailures + 1;
        var probing = circuit.OpenUntil is not null;
        var opens = probing || failures >= options.FailureThreshold || fault.Reason is AccountFaultReason.Auth or AccountFaultReason.Configuration;
        if (!opens) return circuit with { ConsecutiveFailures = failures, LastFault = fault };

        // An attempt that had started before the circuit opened says nothing new.
        if (circuit.OpenUntil is { } until && until > now) return circuit with { ConsecutiveFailures = failures, LastFault = fault };
        var openings = circuit.Openings + 1;
        var cooldown = fault.Reason == AccountFaultReason.Network
            ? Backoff.Doubling(options.NetworkCooldown, openings, options.NetworkCooldownMax)
            : Backoff.Doubling(options.Cooldown, openings, options.CooldownMax);
        return new(failures, now + cooldown, fault, openings);
    }
}
