namespace Nightmail.Core.Accounts;

/// <summary>
/// Knows what one worker has on its way through each account, and so what it can still send. What the accounts themselves take is a
/// fact in the store. One a worker; not safe for use by two at once.
/// </summary>
/// <param name="accounts">The accounts, in the order of the configuration.</param>
/// <param name="options">The numbers of their circuits.</param>
/// <param name="connections">Emails on their way at once through one account, by this worker.</param>
/// <param name="ahead">Emails an account that may be claimed beyond its connections (<see cref="AccountCapacities.Ahead"/>).</param>
public sealed class AccountSelector(IReadOnlyList<Account> accounts, CircuitOptions options, int connections = int.MaxValue, int ahead = 0)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> onTheWay = accounts.ToDictionary(account => account.Name, _ => 0);
    private readonly Dictionary<string, Account> byName = accounts.ToDictionary(account => account.Name);

    /// <summary>The account of that name.</summary>
    public Account this[string name] => byName[name];

    /// <summary>True when more is claimed than there are connections.</summary>
    public bool ClaimsAhead => ahead > 0;

    /// <summary>What can be sent now.</summary>
    public AccountCapacities Capacities()
    {
        lock (gate) return new(accounts.Select(account => (account, Free_NeedsLock(account)))) { Circuit = options, Ahead = ahead };
    }

    /// <summary>An email goes on its way through the account.</summary>
    public void Start(string account)
    {
        lock (gate) onTheWay[account]++;
    }

    /// <summary>An email's attempt through the account is over.</summary>
    /// <returns>True when it is worth claiming for the account again.</returns>
    public bool Finish(string account)
    {
        lock (gate)
        {
            onTheWay[account]--;
            return Free_NeedsLock(byName[account]) > 0;
        }
    }

    /// <summary>Those ahead are claimed several at a time: nothing as long as at least half of them are there.</summary>
    private int Free_NeedsLock(Account account)
    {
        var (most, there) = (Math.Min(account.Limits.Connections, connections), onTheWay[account.Name]);
        return ahead > 0 && there > most + (ahead / 2) ? 0 : most + ahead - there;
    }
}
