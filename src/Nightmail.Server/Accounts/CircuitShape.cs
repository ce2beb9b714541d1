using Nightmail.Core.Accounts;
using Nightmail.Server.Api;

namespace Nightmail.Server.Accounts;

/// <summary>The circuit of an account.</summary>
/// <param name="Account">The account's name.</param>
/// <param name="State"><c>closed</c>, <c>open</c>, or <c>half-open</c> while one email tries whether the account works again.</param>
/// <param name="ConsecutiveFailures">Account failures in a row.</param>
/// <param name="CircuitBreakerUntil">Nothing is sent before this; null: it is closed.</param>
/// <param name="OpenedAt">Since when it has not been closed.</param>
/// <param name="CooldownSeconds">How long it was opened for the last time.</param>
/// <param name="Reason"><c>auth</c>, <c>quota</c>, <c>reputation</c>, <c>network</c>, <c>tls</c>, <c>sender</c>: of what kind the last failure was.</param>
/// <param name="Words">The last failure, in the server's words or ours.</param>
public sealed record CircuitShape(string Account, string State, int ConsecutiveFailures, string? CircuitBreakerUntil, string? OpenedAt, double? CooldownSeconds, string? Reason, string? Words)
{
    /// <summary>The circuit as the API shows it.</summary>
    public static CircuitShape Of(string account, Circuit circuit, DateTimeOffset now)
    {
        var state = circuit.OpenUntil is not { } until ? "closed" : circuit.Probe is not null || until <= now ? "half-open" : "open";
        return new(account, state, circuit.Failures, ApiTimes.Text(circuit.OpenUntil), ApiTimes.Text(circuit.OpenedAt), circuit.IsOpen ? circuit.Cooldown.TotalSeconds : null,
            circuit.Fault?.Reason.ToString().ToLowerInvariant(), circuit.Fault?.Words);
    }
}

/// <summary>What a look at an account's server found; nothing was sent.</summary>
/// <param name="Account">The account's name.</param>
/// <param name="Works">True when it could send.</param>
/// <param name="Reason">Of what kind the failure is.</param>
/// <param name="Error">Why it could not send.</param>
/// <param name="Offers">What the server offers, a line each.</param>
public sealed record AccountTestAnswer(string Account, bool Works, string? Reason, string? Error, IReadOnlyList<string> Offers);
