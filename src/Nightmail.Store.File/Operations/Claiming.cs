using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Operations;

/// <summary>Finds what is due, and gives it to a worker.</summary>
internal static class Claiming
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>The earliest instant at which there is something to claim or to fail as expired; null: none.</summary>
    public static DateTimeOffset? NextDue(QueueView view, AccountCapacities capacities)
    {
        DateTimeOffset? earliest = null;
        foreach (var row in Pending(view))
        {
            if (!capacities.CouldTake(row)) continue;
            // Expiry is strictly after the last moment. What is wanted until the end of time does not expire.
            var expires = row.NotAfter < DateTimeOffset.MaxValue - Tick ? row.NotAfter + Tick : null;
            var due = view.SendingPaused ? expires : expires < row.Due ? expires : row.Due;
            if (due is not null && (earliest is null || due < earliest)) earliest = due;
        }

        return earliest;
    }

    /// <summary>True when <see cref="Apply"/> would change anything.</summary>
    public static bool HasWork(QueueView view, AccountCapacities capacities) =>
        !view.SendingPaused && Pending(view).Any(row => Arbitration.IsClaimable(row, view.Now) && capacities.CouldTake(row));

    /// <summary>True when <see cref="Expire"/> would change anything.</summary>
    public static bool HasExpired(QueueView view) => Pending(view).Any(row => Arbitration.IsExpired(row, view.Now));

    /// <summary>Fails what was not wanted any more.</summary>
    public static IReadOnlyList<ScheduledEmail> Expire(Transaction transaction) =>
        [.. Pending(transaction).Where(row => Arbitration.IsExpired(row, transaction.Now)).ToList().Select(row => transaction.Put(Arbitration.Expired(row, transaction.Now)))];

    /// <summary>Claims, oldest first, what the capacities take.</summary>
    public static IReadOnlyList<Claim> Apply(Transaction transaction, WorkerId owner, AccountCapacities capacities)
    {
        var claims = new List<Claim>();
        if (transaction.SendingPaused) return claims;
        var due = Pending(transaction).Where(row => Arbitration.IsClaimable(row, transaction.Now))
            .OrderBy(row => row.Due).ThenBy(row => row.Id).ToList();
        foreach (var row in due)
        {
            if (capacities.TryTake(row) is not { } account) continue;
            var claimed = transaction.Put(Arbitration.Claimed(row, transaction.LedgerOf(row.Id), owner, account, transaction.Now));
            claims.Add(new(claimed, owner, claimed.Attempts, account));
        }

        return claims;
    }

    private static IEnumerable<ScheduledEmail> Pending(QueueView view) =>
        view.Rows(status => status == EmailStatus.Pending).Select(view.Settled).Where(row => row.Status == EmailStatus.Pending);
}
