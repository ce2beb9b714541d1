namespace Nightmail.Core.Accounts;

/// <summary>
/// Knows what one worker has on its way through each account, and so what it can still send. What the accounts themselves take is a
/// fact in the store. One a worker.
/// </summary>
/// <param name="accounts">The accounts, in the order of the configuration.</param>
/// <param name="options">The numbers of their circuits.</param>
/// <param name="connections">Emails on their way at once through one account, by this worker.</param>
public sealed class AccountSelector(IReadOnlyList<Account> accounts, CircuitOptions options, int connections = int.MaxValue)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> onTheWay = accounts.ToDictionary(account => account.Name, _ => 0);
    private readonly Dictionary<string, Account> byName = accounts.ToDictionary(account => account.Name);

    /// <summary>The account of that name.</summary>
    public Account this[string name] => byName[name];

    /// <summary>What can be sent now.</summary>
    public AccountCapacities Capacities()
    {
        var offers = new (Account Account, int Free)[accounts.Count];
        lock (gate)
        {
            for (var index = 0; index < offers.Length; index++)
            {
                var account = accounts[index];
                offers[index] = (account, Math.Min(account.Limits.Connections, connections) - onTheWay[account.Name]);
            }
        }

        return new(offers) { Circuit = options };
    }

    /// <summary>An email goes on its way through the account.</summary>
    public void Start(string account)
    {
        lock (gate) onTheWay[account]++;
    }

    /// <summary>An email's attempt through the account is over.</summary>
    public void Finish(string account)
    {
        lock (gate) onTheWay[account]--;
    }
}
