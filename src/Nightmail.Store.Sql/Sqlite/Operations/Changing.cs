using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Does what a person wants, and takes back what dead workers held.</summary>
internal static class Changing
{
    /// <summary>Rows that one rescue looks at: the next one, seconds later, goes on.</summary>
    private const int AtOnce = 500;

    /// <summary>A person's change: a ledger entry, then the row; or nothing but why not.</summary>
    public static ChangeResult Apply(Transaction transaction, EmailId id, EmailChange change)
    {
        if (transaction.Row(id) is not { } row) return ChangeResult.NotFound;
        var decision = ChangeRules.Decide(row, transaction.LedgerOf(id), change, transaction.IsAlive, transaction.Now);
        if (decision.Entry is null) return new(decision.Row, decision.Refusal);
        if (row.Status == EmailStatus.Sending) CircuitSteps.Release(transaction, id);
        return new(Write(transaction, decision), null);
    }

    /// <summary>Takes back what dead or stuck workers held, settles what late news settles, and retries doubt where the policy says so.</summary>
    /// <returns>The rows that changed, with those that were brought up to the ledger since the last time.</returns>
    public static IReadOnlyList<ScheduledEmail> Rescue(Transaction transaction, DoubtPolicy policy)
    {
        var changed = new List<ScheduledEmail>();
        foreach (var id in transaction.Table.Sending(AtOnce)) changed.AddRange(Rescue(transaction, id, policy));
        foreach (var id in transaction.Lag.Emails.ToList()) changed.AddRange(Rescue(transaction, id, policy));
        if (policy == DoubtPolicy.Retry)
        {
            foreach (var id in transaction.Table.InDoubt(AtOnce).Where(id => !changed.Any(each => each.Id == id))) changed.AddRange(Rescue(transaction, id, policy));
        }

        CircuitSteps.EndLostProbes(transaction);
        changed.AddRange(transaction.Lag.TakeSettled().Where(told => !changed.Any(each => each.Id == told.Id)));
        return changed;
    }

    private static IEnumerable<ScheduledEmail> Rescue(Transaction transaction, EmailId id, DoubtPolicy policy)
    {
        if (transaction.Row(id) is not { } row)
        {
            transaction.Lag.Remove(id);
            yield break;
        }

        var now = Rescued(transaction, row);
        if (now is not null) now = transaction.Put(now);
        var after = now ?? row;
        if (policy == DoubtPolicy.Retry && after.Status == EmailStatus.InDoubt)
        {
            var retry = ChangeRules.Decide(after, transaction.LedgerOf(id), new EmailChange.Retry(), transaction.IsAlive, transaction.Now);
            if (retry.Entry is not null) now = Write(transaction, retry);
        }

        if (transaction.LedgerOf(id).LastSequence <= (now ?? row).LedgerLast) transaction.Lag.Remove(id);
        if (now is not null) yield return now;
    }

    private static ScheduledEmail? Rescued(Transaction transaction, ScheduledEmail row) => row.Status == EmailStatus.Sending
        ? Core.Delivery.Rescue.Take(row, transaction.LedgerOf(row.Id), transaction.IsAlive, transaction.Now)
        : Reconciling.Settled(transaction, row);

    private static ScheduledEmail Write(Transaction transaction, ChangeDecision decision)
    {
        var sequence = transaction.Append(decision.Entry!);
        return transaction.Put(decision.Row with { LedgerLast = sequence });
    }
}
