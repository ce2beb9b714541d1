namespace Nightmail.Core.Accounts;

/// <summary>
/// What one worker can send right now: its accounts, in the order of the configuration, each with how many more emails it has a
/// connection for. What the account itself takes, by its circuit, its limits and what other workers have on their way, the store adds.
/// </summary>
public sealed class AccountCapacities
{
    /// <summary>The accounts, each with how many more emails the worker can send through it.</summary>
    public AccountCapacities(IEnumerable<(Account Account, int Free)> free) => Offers = [.. free];

    /// <summary>The accounts with how many more emails the worker can send through each.</summary>
    public IReadOnlyList<(Account Account, int Free)> Offers { get; }

    /// <summary>
    /// Emails an account that the worker may hold beyond the account's connections: they are composed and stand first in line, so that no
    /// connection waits for the next. Counted in what is offered; only where nobody else uses the account, and its circuit knows no failure.
    /// </summary>
    public int Ahead { get; init; }

    /// <summary>The numbers of the accounts' circuits.</summary>
    public CircuitOptions Circuit { get; init; } = new();

    /// <summary>True when nothing more can be sent.</summary>
    public bool IsExhausted => !Offers.Any(offer => offer.Free > 0);
}
