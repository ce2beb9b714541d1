using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Core.Delivery;

/// <summary>Says why an account takes nothing, and until when: for one email, and for the account alone.</summary>
public static class WhyAccounts
{
    /// <summary>What keeps the accounts from an email at its time; null when the one that is preferred will take it then.</summary>
    internal static string? Held(ScheduledEmail email, WhyContext context)
    {
        List<AccountStanding> suitable = [.. context.Standings.Where(standing => standing.Account.Suits(email)).OrderBy(standing => standing.Account.Priority)];
        if (UsedUp(email, context, suitable) is { } usedUp) return usedUp;
        suitable.RemoveAll(standing => IsUsedUp(email, context, standing.Account));
        var due = email.Due > context.Now ? email.Due : context.Now;
        if (suitable.FirstOrDefault() is not { } first || TakesAt(first, due)) return null;

        // Among equals it is no news that one of them cannot.
        var others = suitable.Skip(1).Where(standing => TakesAt(standing, due)).ToList();
        if (others.Any(standing => standing.Account.Priority == first.Account.Priority && email.Due <= context.Now)) return null;
        var words = $"account {first.Account.Name}: {Obstacle(first, context)}";
        if (others.Count > 0) return $"{words}{Next(first.FreeAt, "", context)}, or at once through account {others[0].Account.Name}";
        var soonest = suitable.Where(standing => standing.FreeAt is not null).MinBy(standing => standing.FreeAt);
        return $"{words}{Next(soonest?.FreeAt, soonest is null || soonest == first ? "" : $" through account {soonest.Account.Name}", context)}";
    }

    /// <summary>Why the account takes nothing now, without the time until which; "takes emails" when it does.</summary>
    public static string Obstacle(AccountStanding standing, WhyContext context)
    {
        var circuit = standing.Facts.Circuit;
        return standing.Obstacle switch
        {
            AccountObstacle.None when standing.Probes => $"{Open(circuit, context)}; the next email tries it",
            AccountObstacle.None => $"takes emails{Slowed(standing, context)}",
            AccountObstacle.Disabled => "switched off in the configuration (\"enabled\": false)",
            AccountObstacle.CircuitOpen => Open(circuit, context),
            AccountObstacle.Probing => $"{Open(circuit, context)}; {circuit.Probe!.Email} is trying it since {Why.At(circuit.Probe.Since, context)}",
            AccountObstacle.LimitReached => $"its limit of {standing.Limit} is reached",
            AccountObstacle.Busy when standing.IsSlowed => $"{standing.Facts.OnTheWay} on their way{Slowed(standing, context)}",
            AccountObstacle.Busy => $"all its {standing.Account.Limits.Connections} connections are at work",
            _ => throw new ArgumentOutOfRangeException(nameof(standing), standing.Obstacle, null),
        };
    }

    /// <summary>Null as long as one of them may still take an email of this campaign: those that may not are no news then.</summary>
    private static string? UsedUp(ScheduledEmail email, WhyContext context, List<AccountStanding> suitable)
    {
        if (suitable.Count == 0 || !suitable.TrueForAll(standing => IsUsedUp(email, context, standing.Account))) return null;
        var each = string.Join(" and ", suitable.Select(standing => $"account {standing.Account.Name} has its {standing.Account.Limits.PerCampaign}"));
        return $"{each} emails of this campaign, and no time changes that: other accounts must take the rest, or a limit perCampaign be raised";
    }

    private static bool IsUsedUp(ScheduledEmail email, WhyContext context, Account account) =>
        email.Campaign is { } campaign && account.Limits.PerCampaign is { } limit && context.Taken.GetValueOrDefault((account.Name, campaign)) >= limit;

    private static string Slowed(AccountStanding standing, WhyContext context) => standing is { IsSlowed: true, Facts.Circuit.Slowness: { } slow }
        ? $", {standing.Connections} of its {standing.Account.Limits.Connections} connections at once: slowed down since {Why.At(slow.Since, context)} after {Why.Words(slow.Words, "a reply")}, all again at {Why.At(slow.Until, context)}" : "";

    private static string Open(Circuit circuit, WhyContext context)
    {
        var since = circuit.OpenedAt is { } at ? $" since {Why.At(at, context)}" : "";
        return circuit.Fault is { } fault ? $"circuit open{since} after {Why.Words(fault.Words, fault.Reason.ToString())}" : $"circuit open{since}";
    }

    private static string Next(DateTimeOffset? at, string through, WhyContext context) =>
        at is { } time ? $"; next try {Why.At(time, context)} ({TimeWords.Relative(time - context.Now)}){through}" : "";

    private static bool TakesAt(AccountStanding standing, DateTimeOffset due) =>
        standing.Obstacle == AccountObstacle.None || (standing.Obstacle == AccountObstacle.Busy && !standing.IsSlowed) || standing.FreeAt <= due;
}
