using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Campaigns;

/// <summary>What is to be planned.</summary>
public sealed record PlanQuestion
{
    /// <summary>How many emails.</summary>
    public required long Emails { get; init; }

    /// <summary>One of them: they all go the same way.</summary>
    public required ScheduledEmail Example { get; init; }

    /// <summary>The accounts, in their order.</summary>
    public required IReadOnlyList<Account> Accounts { get; init; }

    /// <summary>What the store knows of an account now.</summary>
    public required Func<string, AccountFacts> Facts { get; init; }

    /// <summary>How many emails of the campaign an account has taken already; asked where its limits name a campaign's.</summary>
    public Func<string, long> Taken { get; init; } = static _ => 0;

    /// <summary>How long an attempt through an account takes, as far as is known.</summary>
    public required Func<string, TimeSpan> AttemptTime { get; init; }

    /// <summary>The numbers of the circuits.</summary>
    public CircuitOptions Circuit { get; init; } = new();

    /// <summary>When the first may leave.</summary>
    public required DateTimeOffset Start { get; init; }
}

/// <summary>What would be sent when, and through what.</summary>
/// <param name="Accounts">What each account would take, in their order; those that take nothing are left out.</param>
/// <param name="Slots">The same in time: without a pause of a minute it is one slot. Only the first ones.</param>
/// <param name="Left">Emails that no account would take, or only past the end of what is looked at.</param>
/// <param name="Ends">When the last one leaves; null: some are left.</param>
public sealed record CampaignPlan(IReadOnlyList<AccountPlan> Accounts, IReadOnlyList<PlanSlot> Slots, long Left, DateTimeOffset? Ends);

/// <summary>What one account would take.</summary>
/// <param name="Account">Its name.</param>
/// <param name="Emails">How many.</param>
/// <param name="First">When the first leaves.</param>
/// <param name="Last">When the last leaves.</param>
/// <param name="Limit">The rate limit that holds it up, in words; null: none does.</param>
public sealed record AccountPlan(string Account, long Emails, DateTimeOffset First, DateTimeOffset Last, string? Limit);

/// <summary>Emails that leave one after the other.</summary>
public sealed record PlanSlot(string Account, DateTimeOffset From, DateTimeOffset Until, long Emails);
