using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Rows;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>
/// Gives what is due to a worker. Each lane that can be taken from is looked into by itself, at its head: what lies behind, and what lies
/// in lanes that cannot send, costs nothing.
/// </summary>
internal static class Claiming
{
    /// <summary>Expired emails that one claim fails: the rest fail with the next, which comes at once.</summary>
    private const int ExpiredAtOnce = 200;

    /// <summary>Emails of a lane that are looked up together.</summary>
    private const int LookAhead = 16;

    /// <summary>Claims, oldest first, what the capacities take; fails what has expired.</summary>
    public static IReadOnlyList<Claim> Apply(Transaction transaction, WorkerId owner, AccountCapacities capacities)
    {
        foreach (var id in transaction.Table.Expired(transaction.Now, ExpiredAtOnce)) Expire(transaction, id);
        return transaction.SendingPaused ? [] : Claim(transaction, owner, capacities);
    }

    private static List<Claim> Claim(Transaction transaction, WorkerId owner, AccountCapacities capacities)
    {
        var claims = new List<Claim>();
        var heads = new PriorityQueue<LaneCursor, (long Due, long Number)>();
        foreach (var lane in transaction.Lanes.All)
        {
            if (!capacities.CouldTake(lane.Example)) continue;
            var cursor = new LaneCursor(transaction.Table, lane, transaction.Now, LookAhead);
            if (cursor.Next()) heads.Enqueue(cursor, (cursor.Current.Due, cursor.Current.Number));
        }

        while (!capacities.IsExhausted && heads.TryDequeue(out var cursor, out _))
        {
            if (!capacities.CouldTake(cursor.Lane.Example)) continue;
            if (Take(transaction, owner, capacities, cursor.Current.Id) is { } claim) claims.Add(claim);
            if (cursor.Next()) heads.Enqueue(cursor, (cursor.Current.Due, cursor.Current.Number));
        }

        return claims;
    }

    private static Claim? Take(Transaction transaction, WorkerId owner, AccountCapacities capacities, EmailId id)
    {
        if (transaction.Find(id) is not { } row) return null;
        if (Arbitration.IsExpired(row, transaction.Now))
        {
            transaction.Put(Arbitration.Expired(row, transaction.Now));
            return null;
        }

        if (!Arbitration.IsClaimable(row, transaction.Now) || capacities.TryTake(row) is not { } account) return null;
        var claimed = transaction.Put(Arbitration.Claimed(row, transaction.LedgerOf(id), owner, account, transaction.Now));
        return new(claimed, owner, claimed.Attempts, account);
    }

    private static void Expire(Transaction transaction, EmailId id)
    {
        if (transaction.Find(id) is { } row && Arbitration.IsExpired(row, transaction.Now)) transaction.Put(Arbitration.Expired(row, transaction.Now));
    }

    /// <summary>Goes through what is due in a lane, oldest first.</summary>
    private sealed class LaneCursor(EmailTable table, Lane lane, DateTimeOffset now, int lookAhead)
    {
        private List<DueEmail> found = [];
        private int index = -1;

        public Lane Lane => lane;

        public DueEmail Current => found[index];

        public bool Next()
        {
            if (++index < found.Count) return true;
            if (index > 0 && found.Count < lookAhead) return false;
            found = table.Due(lane.Number, found.Count == 0 ? DueEmail.First : found[^1], now, lookAhead);
            index = 0;
            return found.Count > 0;
        }
    }
}
