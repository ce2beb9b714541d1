using Nightmail.Core.Emails;

namespace Nightmail.Core.Accounts;

/// <summary>What the accounts can take right now. A store counts it down while it claims, so that nobody claims what cannot start at once.</summary>
public sealed class AccountCapacities
{
    private readonly List<(Account Account, int Free)> free;

    /// <summary>The accounts that can send now, in the order of preference, each with how many it can take.</summary>
    public AccountCapacities(IEnumerable<(Account Account, int Free)> free) => this.free = [.. free.Where(entry => entry.Free > 0)];

    /// <summary>True when nothing more can be taken.</summary>
    public bool IsExhausted => free.Count == 0;

    /// <summary>True when an account could take the email.</summary>
    public bool CouldTake(ScheduledEmail email) => free.FindIndex(entry => Suits(entry.Account, email)) >= 0;

    /// <summary>Takes one place for the email.</summary>
    /// <returns>The account it goes through, or null when none of these can take it.</returns>
    public string? TryTake(ScheduledEmail email)
    {
        var index = free.FindIndex(entry => Suits(entry.Account, email));
        if (index < 0) return null;
        var (account, left) = free[index];
        if (left == 1) free.RemoveAt(index);
        else free[index] = (account, left - 1);
        return account.Name;
    }

    /// <summary>An email goes through the account it names; without one, through those that may use its From, or through the default.</summary>
    public static bool Suits(Account account, ScheduledEmail email)
    {
        var from = email.Content.From ?? email.FrozenFrom;
        if (email.Account is { } wanted) return account.Name == wanted && account.MaySend(from);
        return from is null ? account.IsDefault : account.MaySend(from);
    }
}
