using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>What the accounts can take now.</summary>
internal static class Rooms
{
    /// <summary>The accounts with what all workers have on their way through them.</summary>
    /// <param name="transaction">What there is.</param>
    /// <param name="capacities">What the worker offers.</param>
    /// <param name="owner">The worker that asks; null: nobody in particular.</param>
    public static AccountRoom Of(Transaction transaction, AccountCapacities capacities, WorkerId? owner)
    {
        var claimed = new Dictionary<string, (int OnTheWay, int NotBegun)>(StringComparer.Ordinal);
        var shared = new HashSet<string>(StringComparer.Ordinal);
        foreach (var row in transaction.BeingSent())
        {
            if (row is not { ClaimedBy: { } worker, LastAccount: { } account } || (worker != owner?.Text && !transaction.IsAlive(worker))) continue;
            var (onTheWay, notBegun) = claimed.GetValueOrDefault(account);
            claimed[account] = (onTheWay + 1, notBegun + (transaction.LedgerOf(row.Id).HasBegun(row.Attempts) ? 0 : 1));
            if (worker != owner?.Text) shared.Add(account);
        }

        return new(capacities, name =>
        {
            var (onTheWay, notBegun) = claimed.GetValueOrDefault(name);
            var circuit = transaction.CircuitOf(name);
            // What stands in line has no connection yet; and what was sent and waits to be recorded has none any more.
            var alone = capacities.Ahead > 0 && !shared.Contains(name) && circuit is { Failures: 0, IsOpen: false, Slowness: null };
            return new(circuit, onTheWay, notBegun, transaction.BeginsOf(name)) { IsAskersAlone = alone };
        }, transaction.Now);
    }
}
