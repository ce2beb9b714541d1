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
        var (room, pending) = Look(view, capacities, null);
        DateTimeOffset? earliest = null;
        foreach (var row in pending)
        {
            // Expiry is strictly after the last moment, and no account's matter. What is wanted until the end of time does not expire.
            var expires = row.NotAfter < DateTimeOffset.MaxValue - Tick ? row.NotAfter + Tick : null;
            var due = view.SendingPaused ? null : room.EarliestFor(row);
            if (due is null || expires < due) due = expires;
            if (due is not null && (earliest is null || due < earliest)) earliest = due;
        }

        return earliest;
    }

    /// <summary>True when <see cref="Apply"/> would change anything.</summary>
    public static bool HasWork(QueueView view, WorkerId owner, AccountCapacities capacities)
    {
        if (view.SendingPaused) return false;
        var (room, pending) = Look(view, capacities, owner);
        return pending.Exists(row => !Arbitration.IsExpired(row, view.Now) && room.CouldTake(row));
    }

    /// <summary>True when <see cref="Expire"/> would change anything.</summary>
    public static bool HasExpired(QueueView view) => Pending(view).Any(row => Arbitration.IsExpired(row, view.Now));

    /// <summary>Fails what was not wanted any more.</summary>
    public static IReadOnlyList<ScheduledEmail> Expire(Transaction transaction) =>
        [.. Pending(transaction).Where(row => Arbitration.IsExpired(row, transaction.Now)).ToList().Select(row => transaction.Put(Arbitration.Expired(row, transaction.Now)))];

    /// <summary>Claims, oldest first, what the accounts take.</summary>
    public static IReadOnlyList<Claim> Apply(Transaction transaction, WorkerId owner, AccountCapacities capacities)
    {
        var claims = new List<Claim>();
        if (transaction.SendingPaused) return claims;
        var (room, pending) = Look(transaction, capacities, owner);
        pending.Sort(ScheduledEmail.CompareDue);
        foreach (var row in pending)
        {
            if (Arbitration.IsExpired(row, transaction.Now) || room.TryTake(row) is not { } grant) continue;
            var claimed = transaction.Put(Arbitration.Claimed(row, transaction.LedgerOf(row.Id), owner, grant.Account, transaction.Now));
            var claim = new Claim(claimed, owner, claimed.Attempts, grant.Account) { Term = grant.Term };
            if (grant.Probes is not null) transaction.PutCircuit(grant.Account, room.Probing(grant, claim));
            claims.Add(claim);
        }

        return claims;
    }

    /// <summary>How the accounts stand to a worker that has nothing on its way.</summary>
    public static IReadOnlyList<AccountStanding> Standings(QueueView view, IReadOnlyList<Account> accounts) =>
        Look(view, new(accounts.Select(account => (account, account.Limits.Connections))), null).Room.Standings;

    private static IEnumerable<ScheduledEmail> Pending(QueueView view) =>
        view.Rows(status => status == EmailStatus.Pending).Select(view.Settled).Where(row => row.Status == EmailStatus.Pending);

    /// <summary>The accounts with what all workers have on their way through them, and the pending emails.</summary>
    private static (AccountRoom Room, List<ScheduledEmail> Pending) Look(QueueView view, AccountCapacities capacities, WorkerId? owner)
    {
        var pending = new List<ScheduledEmail>();
        var claimed = new Dictionary<string, (int OnTheWay, int NotBegun)>();
        foreach (var row in view.Rows(status => status is EmailStatus.Pending or EmailStatus.Sending))
        {
            if (row.Status != EmailStatus.Sending)
            {
                if (view.Settled(row) is { Status: EmailStatus.Pending } settled) pending.Add(settled);
            }
            else if (row is { ClaimedBy: { } worker, LastAccount: { } account } && (worker == owner?.Text || view.IsAlive(worker)))
            {
                var (onTheWay, notBegun) = claimed.GetValueOrDefault(account);
                claimed[account] = (onTheWay + 1, notBegun + (view.LedgerOf(row.Id).HasBegun(row.Attempts) ? 0 : 1));
            }
        }

        var room = new AccountRoom(capacities, name =>
        {
            var (onTheWay, notBegun) = claimed.GetValueOrDefault(name);
            return new(view.CircuitOf(name), onTheWay, notBegun, view.BeginsOf(name));
        }, view.Now);
        return (room, pending);
    }
}
