namespace Nightmail.Core.Accounts;

/// <summary>
/// What one worker can send right now: its accounts, in the order of the configuration, each with how many more emails it has a
/// connection for. What the account itself takes, by its circuit, its limits and what other workers have on their way, the store adds.
/// </summary>
public sealed class AccountCapacities
{
    /// <summary>The accounts, each with how many more emails the worker can send through it.</summary>
    /// <param name="free">The accounts; a list is taken as it is, and is not to be changed after this.</param>
    public AccountCapacities(IEnumerable<(Account Account, int Free)> free)
    {
        Offers = free as IReadOnlyList<(Account Account, int Free)> ?? [.. free];
        for (var index = 0; index < Offers.Count; index++) Places += Math.Max(0, Offers[index].Free);
    }

    /// <summary>The accounts with how many more emails the worker can send through each.</summary>
    public IReadOnlyList<(Account Account, int Free)> Offers { get; }

    /// <summary>The numbers of the accounts' circuits.</summary>
    public CircuitOptions Circuit { get; init; } = CircuitOptions.Default;

    /// <summary>How many emails the worker can send in all.</summary>
    public int Places { get; }

    /// <summary>True when nothing more can be sent.</summary>
    public bool IsExhausted => Places == 0;
}
