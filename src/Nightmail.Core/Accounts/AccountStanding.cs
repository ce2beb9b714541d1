namespace Nightmail.Core.Accounts;

/// <summary>What a store knows of an account, whoever asks.</summary>
/// <param name="Circuit">Its circuit.</param>
/// <param name="OnTheWay">Its emails under a claim of a living worker.</param>
/// <param name="NotBegun">Those of them that have not begun.</param>
/// <param name="Begins">When its emails began, ascending, as far back as <see cref="RateCap.LongestWindow"/>.</param>
public sealed record AccountFacts(Circuit Circuit, int OnTheWay, int NotBegun, IReadOnlyList<DateTimeOffset> Begins)
{
    /// <summary>An account of which nothing is known.</summary>
    public static AccountFacts None { get; } = new(Circuit.Closed, 0, 0, []);
}

/// <summary>Why an account takes nothing now.</summary>
public enum AccountObstacle
{
    /// <summary>It takes emails.</summary>
    None,

    /// <summary>It is switched off in the configuration.</summary>
    Disabled,

    /// <summary>Its circuit is open.</summary>
    CircuitOpen,

    /// <summary>Its circuit is open, and one email is trying whether it works again.</summary>
    Probing,

    /// <summary>A rate limit is reached.</summary>
    LimitReached,

    /// <summary>As many emails as it may have are on their way.</summary>
    Busy,
}

/// <summary>How an account stands: what it takes now, and if nothing, why and until when.</summary>
/// <param name="Account">The account.</param>
/// <param name="Facts">What the store knows of it.</param>
/// <param name="Free">How many emails it can take now.</param>
/// <param name="Obstacle">What keeps it from taking any.</param>
/// <param name="FreeAt">When it may take one again; null: when something happens, or it does now.</param>
/// <param name="Limit">The rate limit that leaves the least, in words; null: it has none.</param>
public sealed record AccountStanding(Account Account, AccountFacts Facts, int Free, AccountObstacle Obstacle, DateTimeOffset? FreeAt, string? Limit)
{
    /// <summary>Emails that it may have on their way at once: its limit, or less while its server wants less.</summary>
    public int Connections { get; init; }

    /// <summary>True while its server wants less at once than the limit.</summary>
    public bool IsSlowed => Connections < Account.Limits.Connections;

    /// <summary>True when the next email it takes probes its circuit.</summary>
    public bool Probes => Free > 0 && Facts.Circuit.IsOpen;

    /// <summary>How the account stands.</summary>
    /// <param name="account">The account.</param>
    /// <param name="facts">What the store knows of it.</param>
    /// <param name="offered">How many emails the asking worker can send through it.</param>
    /// <param name="now">The store's clock.</param>
    public static AccountStanding Of(Account account, AccountFacts facts, int offered, DateTimeOffset now)
    {
        var cap = RateCap.Of(account, facts.Begins, facts.NotBegun, now);
        var connections = facts.Circuit.Slowness?.Of(account.Limits.Connections, now) ?? account.Limits.Connections;
        var (obstacle, freeAt) = ObstacleOf(account, facts, offered, connections, cap, now);
        var free = Math.Min(Math.Min(offered, connections - facts.OnTheWay), cap.Left);
        return new(account, facts, obstacle != AccountObstacle.None ? 0 : facts.Circuit.IsOpen ? 1 : free, obstacle, freeAt, cap.Limit) { Connections = connections };
    }

    private static (AccountObstacle Obstacle, DateTimeOffset? FreeAt) ObstacleOf(Account account, AccountFacts facts, int offered, int connections, CapStanding cap, DateTimeOffset now)
    {
        if (!account.IsEnabled) return (AccountObstacle.Disabled, null);
        if (facts.Circuit.Probe is not null) return (AccountObstacle.Probing, null);
        if (facts.Circuit.OpenUntil is { } until && until > now) return (AccountObstacle.CircuitOpen, Later(until, cap));
        if (cap.Left <= 0) return (AccountObstacle.LimitReached, cap.FreeAt);
        if (facts.OnTheWay >= connections) return (AccountObstacle.Busy, facts.Circuit.Slowness?.MoreAt(account.Limits.Connections, now));
        return offered <= 0 ? (AccountObstacle.Busy, null) : (AccountObstacle.None, null);
    }

    private static DateTimeOffset Later(DateTimeOffset until, CapStanding cap) => cap.FreeAt > until ? cap.FreeAt.Value : until;
}

/// <summary>What happened to an account's circuit.</summary>
public enum CircuitEvent
{
    /// <summary>It has opened, or opened again: nothing is sent before <see cref="Circuit.OpenUntil"/>.</summary>
    Opened,

    /// <summary>One email tries whether it works again.</summary>
    Probing,

    /// <summary>It is closed again.</summary>
    Closed,

    /// <summary>The server wants less: fewer emails go at once for a while.</summary>
    Slowed,
}

/// <summary>A change of an account's circuit that is durable.</summary>
/// <param name="At">When, by the store's clock.</param>
/// <param name="Account">The account's name.</param>
/// <param name="Event">What happened.</param>
/// <param name="Circuit">The circuit after it.</param>
public sealed record AccountChange(DateTimeOffset At, string Account, CircuitEvent Event, Circuit Circuit)
{
    /// <summary>What happened between two states of one circuit; null: nothing worth telling.</summary>
    public static AccountChange? Between(string account, Circuit before, Circuit after, DateTimeOffset at)
    {
        CircuitEvent? what = after.IsOpen
            ? after.Probe is not null && after.Probe != before.Probe ? CircuitEvent.Probing : after.Term != before.Term ? CircuitEvent.Opened : null
            : before.IsOpen ? CircuitEvent.Closed : after.Slowness is { } slow && slow != before.Slowness ? CircuitEvent.Slowed : null;
        return what is { } happened ? new(at, account, happened, after) : null;
    }
}
