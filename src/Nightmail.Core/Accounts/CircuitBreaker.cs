using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Accounts;

/// <summary>How a circuit goes on. Pure: a store reads the circuit, asks, and writes the answer together with the row it belongs to.</summary>
public static class CircuitBreaker
{
    /// <summary>The circuit after an attempt.</summary>
    /// <param name="circuit">As it is in the store.</param>
    /// <param name="claim">Whose attempt it was: only one of the circuit's present term says anything new.</param>
    /// <param name="finding">What it says about the account.</param>
    /// <param name="options">The numbers.</param>
    /// <param name="now">The store's clock.</param>
    public static CircuitStep After(Circuit circuit, Claim claim, AccountFinding finding, CircuitOptions options, DateTimeOffset now)
    {
        var probes = circuit.Probe?.IsOf(claim) ?? false;
        if (claim.Term != circuit.Term || (circuit.IsOpen && !probes))
        {
            // On its way when the sender turned out to be distrusted: refused for the same reason as the others, so no more to blame than they.
            var alike = finding is AccountFinding.Refused && circuit is { IsOpen: true, Fault.Reason: AccountFaultReason.Reputation } && claim.Term < circuit.Term;
            return new(circuit) { Reopened = alike ? [claim.Email.Id] : [] };
        }

        return finding switch
        {
            AccountFinding.Failed failed => AfterFailure(circuit, failed.Fault, options, now),
            AccountFinding.Doubt when probes => new(Open(circuit, circuit.Fault, options, now)),
            AccountFinding.Refused refused => AfterRefusal(circuit, claim.Email.Id, refused, options, now),
            AccountFinding.Answered answered => new(Closed(Slowed(circuit, answered.Slowing, now))),
            AccountFinding.Nothing when probes => new(Released(circuit, now)),
            _ => new(circuit),
        };
    }

    /// <summary>The circuit once its cooldown has passed and an email was chosen to probe.</summary>
    public static Circuit Probing(Circuit circuit, EmailId email, WorkerId worker, int attempt, CircuitOptions options, DateTimeOffset now) => circuit with
    {
        Probe = new(email, worker, attempt, now, options.CooldownAfter(circuit.Cooldown, ReasonOf(circuit.Fault))),
    };

    /// <summary>The circuit after its probe died with its worker: open again, for twice as long.</summary>
    public static Circuit AfterProbeDied(Circuit circuit, DateTimeOffset now) => circuit.Probe is not { } probe ? circuit : circuit with
    {
        Failures = circuit.Failures + 1,
        OpenUntil = now + probe.CooldownIfLost,
        Cooldown = probe.CooldownIfLost,
        Term = circuit.Term + 1,
        Probe = null,
    };

    /// <summary>The circuit after its probe was taken back, by a person or by a worker that stops: another email may probe at once.</summary>
    public static Circuit Released(Circuit circuit, DateTimeOffset now) =>
        circuit.Probe is null ? circuit : circuit with { Probe = null, OpenUntil = circuit.OpenUntil < now ? circuit.OpenUntil : now };

    /// <summary>
    /// The circuit as it comes back from a backup where nothing else is known of it. What has happened since is not known either, so one email
    /// tries an account that was not to be used then, at once, and what was counted then counts no longer.
    /// </summary>
    public static Circuit FromBackup(Circuit circuit, DateTimeOffset now) =>
        circuit.OpenUntil is { } until ? circuit with { OpenUntil = until < now ? until : now, Term = circuit.Term + 1, Probe = null, Refusals = [], Slowness = null } : Reset(circuit);

    /// <summary>The circuit after a person closed it by hand. What is under way then says nothing any more.</summary>
    public static Circuit Reset(Circuit circuit) => new() { Term = circuit.Term + 1 };

    /// <summary>The circuit as it is when no failure is known. A server that asked for less has not taken that back by taking an email.</summary>
    public static Circuit Closed(Circuit circuit) => circuit.KnowsNothing ? circuit : new() { Term = circuit.Term, Slowness = circuit.Slowness };

    /// <summary>The circuit after a server asked for less, where it did.</summary>
    private static Circuit Slowed(Circuit circuit, AccountFault? fault, DateTimeOffset now) =>
        fault is { WantsLess: true } ? circuit with { Slowness = Slowness.After(circuit.Slowness, fault.Words, now) } : circuit;

    private static CircuitStep AfterFailure(Circuit circuit, AccountFault fault, CircuitOptions options, DateTimeOffset now)
    {
        var counted = Slowed(circuit, fault, now) with { Failures = circuit.Failures + 1, Fault = fault with { SlowsDown = false } };
        var opens = circuit.IsOpen || counted.Failures >= options.FailureThreshold || fault.Reason is AccountFaultReason.Auth or AccountFaultReason.Configuration;
        return new(opens ? Open(counted, counted.Fault, options, now) : counted);
    }

    private static CircuitStep AfterRefusal(Circuit circuit, EmailId email, AccountFinding.Refused refused, CircuitOptions options, DateTimeOffset now)
    {
        List<PolicyRefusal> row = [.. circuit.Refusals.Where(each => each.Email != email), new(email, refused.Domains)];
        var distrusted = row.Count >= CircuitOptions.RefusalThreshold
            && row.SelectMany(each => each.Domains).Distinct(StringComparer.OrdinalIgnoreCase).Count() >= CircuitOptions.RefusalDomains;
        if (!distrusted)
        {
            // All of one domain: what it refuses for ever must not grow for ever.
            if (row.Count >= CircuitOptions.RefusalThreshold) row.RemoveAt(0);
            return new(Closed(circuit) with { Refusals = row });
        }

        var fault = new AccountFault(AccountFaultReason.Reputation, $"{row.Count} emails in a row refused: {Discretion.WithoutAddresses(refused.Words)}");
        // The row goes on: if the probe is refused in the same way, that is the next of it.
        List<PolicyRefusal> kept = [.. row.TakeLast(CircuitOptions.RefusalThreshold)];
        return new(Open(circuit with { Failures = circuit.Failures + 1, Refusals = kept }, fault, options, now)) { Reopened = [.. row.Select(each => each.Email)] };
    }

    private static Circuit Open(Circuit circuit, AccountFault? fault, CircuitOptions options, DateTimeOffset now)
    {
        var cooldown = options.CooldownAfter(circuit.Cooldown, ReasonOf(fault));
        return circuit with
        {
            Fault = fault,
            OpenedAt = circuit.OpenedAt ?? now,
            OpenUntil = now + cooldown,
            Cooldown = cooldown,
            Term = circuit.Term + 1,
            Probe = null,
        };
    }

    /// <summary>A circuit that a person wrote into the file by hand may name no reason.</summary>
    private static AccountFaultReason ReasonOf(AccountFault? fault) => fault?.Reason ?? AccountFaultReason.Network;

}

/// <summary>A circuit after a step.</summary>
/// <param name="Circuit">As it is to be written.</param>
public sealed record CircuitStep(Circuit Circuit)
{
    /// <summary>Emails whose refusals turned out to be the sender's fault: they become pending again.</summary>
    public IReadOnlyList<EmailId> Reopened { get; init; } = [];
}
