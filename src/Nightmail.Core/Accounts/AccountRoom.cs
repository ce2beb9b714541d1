using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Accounts;

/// <summary>
/// The accounts while a store looks for what can be claimed, or claims it: chooses the account of each email and counts down what is
/// left, so that nobody claims what cannot start at once. For one look or one transaction.
/// </summary>
public sealed class AccountRoom
{
    private static readonly TimeSpan RecentUse = TimeSpan.FromHours(1);
    private readonly Place[] places;
    private Dictionary<(string? Account, string? From), Place[]>? suitable;
    private readonly Func<string, CampaignId, long>? taken;
    private Dictionary<(int Place, CampaignId Campaign), long>? shares;
    private (string? Account, string? From) lastKey;
    private Place[]? lastSuitable;
    private readonly CircuitOptions options;
    private readonly DateTimeOffset now;

    /// <summary>The room that there is now.</summary>
    /// <param name="capacities">What the worker offers.</param>
    /// <param name="facts">What the store knows of an account, by its name.</param>
    /// <param name="now">The store's clock.</param>
    /// <param name="taken">
    /// How many emails of a campaign an account has taken, those that are claimed and have not begun among them; asked only where
    /// <see cref="AccountLimits.PerCampaign"/> is set. Null: none, where there are no campaigns.
    /// </param>
    public AccountRoom(AccountCapacities capacities, Func<string, AccountFacts> facts, DateTimeOffset now, Func<string, CampaignId, long>? taken = null)
    {
        (this.now, this.taken) = (now, taken);
        options = capacities.Circuit;
        places = new Place[capacities.Offers.Count];
        for (var index = 0; index < places.Length; index++)
        {
            var (account, free) = capacities.Offers[index];
            places[index] = new(AccountStanding.Of(account, facts(account.Name), free, now), index, now);
        }
    }

    /// <summary>How each account stands, in the order of the configuration.</summary>
    public IReadOnlyList<AccountStanding> Standings => [.. places.Select(place => place.Standing)];

    /// <summary>True when an account could take the email now.</summary>
    public bool CouldTake(ScheduledEmail email) => Best(email) is not null;

    /// <summary>Takes one place for the email.</summary>
    /// <returns>The account it goes through, and whether it probes; null when none can take it now.</returns>
    public AccountGrant? TryTake(ScheduledEmail email)
    {
        if (Best(email) is not { } place) return null;
        var circuit = place.Standing.Facts.Circuit;
        place.Left = place.Standing.Probes ? 0 : place.Left - 1;
        place.Used++;
        if (LimitOf(place, email) is not null) shares![(place.Index, email.Campaign!.Value)]--;
        return new(place.Standing.Account.Name, circuit.Term, place.Standing.Probes ? circuit : null);
    }

    /// <summary>The circuit of a probing email's account, once its attempt is known.</summary>
    public Circuit Probing(AccountGrant grant, Claim claim) => CircuitBreaker.Probing(grant.Probes!, claim.Email.Id, claim.Owner, claim.Attempt, options, now);

    /// <summary>The earliest instant at which an account could take the email, as far as that is known; it may have passed.</summary>
    public DateTimeOffset? EarliestFor(ScheduledEmail email)
    {
        DateTimeOffset? earliest = null;
        foreach (var place in Suitable(email))
        {
            // The limit of a campaign is never free again.
            if ((place.Left <= 0 && place.Standing.FreeAt is null) || !HasShare(place, email)) continue;
            var due = email.DueThrough(place.Standing.Account.Name);
            var at = place.Left <= 0 && place.Standing.FreeAt > due ? place.Standing.FreeAt.Value : due;
            if (earliest is null || at < earliest) earliest = at;
        }

        return earliest;
    }

    private Place? Best(ScheduledEmail email)
    {
        Place? best = null;
        foreach (var place in Suitable(email))
        {
            if (place.Left <= 0 || email.DueThrough(place.Standing.Account.Name) > now || !HasShare(place, email)) continue;
            if (best is null || Compare(place, best, email) < 0) best = place;
        }

        return best;
    }

    /// <summary>
    /// Those that have not failed this email, then the last one not again, then by priority; among equals the one that has to be tried
    /// first, so that it is known again to work, then the least used for its weight.
    /// </summary>
    private static int Compare(Place one, Place other, ScheduledEmail email)
    {
        var order = Failed(one, email).CompareTo(Failed(other, email));
        if (order == 0) order = one.Standing.Account.Priority.CompareTo(other.Standing.Account.Priority);
        if (order == 0) order = other.Standing.Probes.CompareTo(one.Standing.Probes);
        if (order == 0) order = one.Load.CompareTo(other.Load);
        return order == 0 ? one.Index.CompareTo(other.Index) : order;
    }

    private static int Failed(Place place, ScheduledEmail email)
    {
        var name = place.Standing.Account.Name;
        if (!email.FailedAccounts.Contains(name)) return 0;
        return email.LastAccount == name ? 2 : 1;
    }

    private bool HasShare(Place place, ScheduledEmail email)
    {
        if (LimitOf(place, email) is not { } limit) return true;
        var key = (place.Index, email.Campaign!.Value);
        shares ??= [];
        if (!shares.TryGetValue(key, out var left)) shares.Add(key, left = limit - taken!(place.Standing.Account.Name, key.Value));
        return left > 0;
    }

    private int? LimitOf(Place place, ScheduledEmail email) => taken is null || email.Campaign is null ? null : place.Standing.Account.Limits.PerCampaign;

    private Place[] Suitable(ScheduledEmail email)
    {
        var key = (email.Account, email.Content.From ?? email.FrozenFrom);
        // Nearly always all that is asked for is alike.
        if (lastSuitable is not null && lastKey == key) return lastSuitable;
        if (lastSuitable is not null) (suitable ??= []).TryAdd(lastKey, lastSuitable);
        if (suitable?.TryGetValue(key, out var found) is not true) found = LookFor(email);
        (lastKey, lastSuitable) = (key, found!);
        return found!;
    }

    private Place[] LookFor(ScheduledEmail email) => Array.FindAll(places, place => place.Standing.Account.Suits(email));

    /// <summary>One account in the room.</summary>
    private sealed class Place(AccountStanding standing, int index, DateTimeOffset now)
    {
        public AccountStanding Standing => standing;

        public int Index => index;

        public int Left { get; set; } = standing.Free;

        public int Used { get; set; } = standing.Facts.NotBegun + RateCap.CountAfter(standing.Facts.Begins, now - RecentUse);

        public double Load => (double)Used / standing.Account.Weight;
    }
}

/// <summary>A place for one email.</summary>
/// <param name="Account">The account it goes through.</param>
/// <param name="Term">The term of the account's circuit.</param>
/// <param name="Probes">The open circuit that the email probes; null when it is closed.</param>
public sealed record AccountGrant(string Account, long Term, Circuit? Probes);
