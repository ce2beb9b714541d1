using Nightmail.Core.Delivery;

namespace Nightmail.Core.Accounts;

/// <summary>
/// Knows what each account can take right now: its connections less what is on its way, and nothing while its circuit is open.
/// One a worker; not safe for use by two at once.
/// </summary>
public sealed class AccountSelector
{
    private readonly Dictionary<string, State> states;
    private readonly CircuitOptions options;
    private readonly TimeProvider time;

    /// <summary>A selector over these accounts, the default one first.</summary>
    public AccountSelector(IReadOnlyList<Account> accounts, CircuitOptions options, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        states = accounts.OrderByDescending(account => account.IsDefault).ToDictionary(account => account.Name, account => new State(account));
    }

    /// <summary>The account of that name.</summary>
    public Account this[string name] => states[name].Account;

    /// <summary>What can be taken now.</summary>
    public AccountCapacities Capacities()
    {
        var now = time.GetUtcNow();
        return new(states.Values.Select(state => (state.Account, state.Circuit.Allowance(state.Account.Limits.Connections, now) - state.OnTheWay)));
    }

    /// <summary>When an account that takes nothing now may take something again; null: none is held.</summary>
    public DateTimeOffset? NextOpening()
    {
        var now = time.GetUtcNow();
        return states.Values.Where(state => state.Circuit.OpenUntil > now).Min(state => state.Circuit.OpenUntil);
    }

    /// <summary>The circuits that are not closed, by account.</summary>
    public IReadOnlyDictionary<string, Circuit> OpenCircuits() =>
        states.Where(state => state.Value.Circuit.OpenUntil is not null).ToDictionary(state => state.Key, state => state.Value.Circuit);

    /// <summary>An email goes on its way through the account.</summary>
    public void Start(string account) => states[account].OnTheWay++;

    /// <summary>An email's attempt through the account is over.</summary>
    /// <param name="account">Its name.</param>
    /// <param name="outcome">What it came to; null when the account was not asked.</param>
    /// <returns>When the account's circuit has just opened, until when; otherwise null.</returns>
    public DateTimeOffset? Finish(string account, DeliveryOutcome? outcome)
    {
        var state = states[account];
        state.OnTheWay--;
        if (outcome is null) return null;
        var before = state.Circuit.OpenUntil;
        if (outcome.Fault is { } fault) state.Circuit = CircuitBreaker.AfterFailure(state.Circuit, fault, options, time.GetUtcNow());
        else if (outcome.Recipients.Any(each => each.Verdict is Verdict.Delivered or Verdict.Bounced or Verdict.Deferred)) state.Circuit = CircuitBreaker.AfterSuccess();
        return state.Circuit.OpenUntil is { } until && until != before ? until : null;
    }

    private sealed class State(Account account)
    {
        public Account Account => account;

        public Circuit Circuit { get; set; } = Circuit.Closed;

        public int OnTheWay { get; set; }
    }
}
