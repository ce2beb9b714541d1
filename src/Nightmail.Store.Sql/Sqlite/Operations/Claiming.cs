using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Campaigns;
using Nightmail.Store.Sql.Sqlite.Rows;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>
/// Gives what is due to a worker. Each lane that can be taken from is looked into by itself, at its head: what lies behind, and what lies
/// in lanes that cannot send, costs nothing.
/// </summary>
internal static class Claiming
{
    /// <summary>Expired emails that one transaction fails: well under 50 ms of work.</summary>
    private const int ExpiredAtOnce = 200;

    /// <summary>Suppressed recipients that one transaction cancels: well under 50 ms of work.</summary>
    private const int SuppressedAtOnce = 1000;

    /// <summary>Emails that an account failed and that are looked through for the next due time.</summary>
    private const int FailedLookedThrough = 100;

    /// <summary>Fails what was not wanted any more, some at a time: the rest fails with the next call, which comes at once.</summary>
    public static IReadOnlyList<ScheduledEmail> Expire(Transaction transaction) =>
        [.. transaction.Table.Expired(transaction.Now, ExpiredAtOnce).Select(transaction.Find).OfType<ScheduledEmail>().Where(row => Arbitration.IsExpired(row, transaction.Now)).ToList()
            .Select(row => transaction.Put(Arbitration.Expired(row, transaction.Now)))];

    /// <summary>How the accounts stand to a worker that has nothing on its way.</summary>
    public static IReadOnlyList<AccountStanding> Standings(Transaction transaction, IReadOnlyList<Account> accounts) =>
        Rooms.Of(transaction, new(accounts.Select(account => (account, account.Limits.Connections))), null).Standings;

    /// <summary>The earliest instant at which there is something to claim or to fail as expired; null: none.</summary>
    public static DateTimeOffset? NextDue(Transaction transaction, AccountCapacities capacities)
    {
        var earliest = transaction.Table.NextExpiry();
        if (transaction.SendingPaused) return earliest;
        var room = Rooms.Of(transaction, capacities, null);
        foreach (var lane in transaction.LanesThatWait())
        {
            if (Gates.OpensAt(transaction, lane) is not { } opens) continue;
            if (lane.HasFailed)
            {
                var failed = new List<DueEmail>();
                transaction.Table.Due(failed, lane.Number, DueEmail.First, DateTimeOffset.MaxValue, FailedLookedThrough);
                foreach (var email in failed)
                {
                    if (transaction.Find(email.Number) is { Status: EmailStatus.Pending } row) earliest = Earlier(earliest, Later(room.EarliestFor(row), opens));
                }
            }
            else if (room.EarliestFor(lane.Example) is not null && transaction.Table.Head(lane.Number) is { } due)
            {
                earliest = Earlier(earliest, room.EarliestFor(lane.Example with { ScheduledFor = due > opens ? due : opens }));
            }
        }

        return earliest;
    }

    /// <summary>Claims, oldest first, what the accounts take.</summary>
    public static IReadOnlyList<Claim> Apply(Transaction transaction, WorkerId owner, AccountCapacities capacities)
    {
        var claims = new List<Claim>();
        if (transaction.SendingPaused) return claims;
        var room = Rooms.Of(transaction, capacities, owner);
        var heads = transaction.Heads;
        heads.Clear();
        foreach (var lane in transaction.LanesThatWait())
        {
            if (!Gates.IsOpen(transaction, lane) || !room.CouldTake(lane.Example)) continue;
            var cursor = new LaneCursor(transaction, lane);
            // A campaign's place is its turn: a thousand campaigns are not looked into for the sake of the few whose turn it is.
            if (lane.Campaign is not null || cursor.Next()) heads.Enqueue(cursor, Gates.PlaceOf(transaction, cursor));
        }

        var suppressed = 0;
        while (suppressed < SuppressedAtOnce && heads.TryDequeue(out var cursor, out _))
        {
            if (!room.CouldTake(cursor.Lane.Example) || (!cursor.HasStarted && !cursor.Next())) continue;
            if (cursor.Lane.Campaign is not null && TrySuppress(transaction, cursor.Current.Number)) suppressed++;
            else if (Take(transaction, owner, room, cursor.Current.Number) is { } claim)
            {
                claims.Add(claim);
                cursor.Taken();
            }

            if (cursor.Lane.Campaign is { } campaign) transaction.Gates.Serve(campaign);
            if (cursor.Next()) heads.Enqueue(cursor, Gates.PlaceOf(transaction, cursor));
        }

        return claims;
    }

    private static bool TrySuppress(Transaction transaction, long number)
    {
        if (transaction.Find(number) is not { Status: EmailStatus.Pending } row || !Gates.IsSuppressed(transaction, row)) return false;
        Gates.Suppress(transaction, row.Id);
        return true;
    }

    private static Claim? Take(Transaction transaction, WorkerId owner, AccountRoom room, long number)
    {
        if (transaction.Find(number) is not { Status: EmailStatus.Pending } row || Arbitration.IsExpired(row, transaction.Now) || room.TryTake(row) is not { } grant) return null;
        var claimed = transaction.Put(Arbitration.Claimed(Gates.WithoutSuppressed(transaction, Gates.OnTime(transaction, row)), transaction.LedgerOf(row.Id), owner, grant.Account, transaction.Now));
        var claim = new Claim(claimed, owner, claimed.Attempts, grant.Account) { Term = grant.Term };
        if (grant.Probes is not null) transaction.PutCircuit(grant.Account, room.Probing(grant, claim));
        return claim;
    }

    private static DateTimeOffset? Later(DateTimeOffset? one, DateTimeOffset other) => one < other ? other : one;

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other ?? one : one;
}
