using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Operations;

/// <summary>Does what a person wants, and takes back what dead workers held.</summary>
internal static class Changing
{
    /// <summary>A person's change: a ledger entry, then the row; or nothing but why not.</summary>
    public static ChangeResult Apply(Transaction transaction, EmailId id, EmailChange change)
    {
        if (transaction.Row(id) is not { } row) return ChangeResult.NotFound;
        var decision = ChangeRules.Decide(row, transaction.LedgerOf(id), change, transaction.IsAlive, transaction.Now);
        if (decision.Entry is null) return new(decision.Row, decision.Refusal);
        if (row.Status == EmailStatus.Sending) CircuitSteps.Release(transaction, id);
        return new(Write(transaction, decision, Holds(row, change)), null);
    }

    /// <summary>True when <see cref="Rescue"/> would change anything.</summary>
    public static bool NeedsRescue(QueueView view, DoubtPolicy policy) =>
        view.Circuits.Any(each => CircuitSteps.IsLost(each.Value, view.Row)) || Interesting(view, policy).Any(row => Rescued(view, row) is not null || IsToRetry(view, row, policy));

    /// <summary>Takes back what dead or stuck workers held, settles what late news settles, and retries doubt where the policy says so.</summary>
    /// <returns>The rows that changed.</returns>
    public static IReadOnlyList<ScheduledEmail> Rescue(Transaction transaction, DoubtPolicy policy)
    {
        var changed = new List<ScheduledEmail>();
        foreach (var row in Interesting(transaction, policy).ToList())
        {
            var now = Rescued(transaction, row);
            if (now is not null) now = transaction.Put(now);
            var after = now ?? row;
            if (IsToRetry(transaction, after, policy)) now = Write(transaction, Retry(transaction, after), holds: $"{row.Id} is tried again");
            if (now is not null) changed.Add(now);
        }

        CircuitSteps.EndLostProbes(transaction);
        return changed;
    }

    private static IEnumerable<ScheduledEmail> Interesting(QueueView view, DoubtPolicy policy) =>
        view.Rows(status => status == EmailStatus.Sending || (status == EmailStatus.InDoubt && policy == DoubtPolicy.Retry));

    private static ScheduledEmail? Rescued(QueueView view, ScheduledEmail row)
    {
        var ledger = view.LedgerOf(row.Id);
        if (row.Status == EmailStatus.Sending) return Core.Delivery.Rescue.Take(row, ledger, view.IsAlive, view.Now);
        var settled = view.Settled(row);
        if (ReferenceEquals(settled, row)) return null;
        // An old row that came back while a live worker sends: its answer will settle it.
        return ledger.Unanswered().Any(begin => begin.Worker is { } worker && view.IsAlive(worker)) ? null : settled;
    }

    private static bool IsToRetry(QueueView view, ScheduledEmail row, DoubtPolicy policy) =>
        policy == DoubtPolicy.Retry && row.Status == EmailStatus.InDoubt && Retry(view, row).Entry is not null;

    private static ChangeDecision Retry(QueueView view, ScheduledEmail row) =>
        ChangeRules.Decide(row, view.LedgerOf(row.Id), new EmailChange.Retry(), view.IsAlive, view.Now);

    /// <summary>What the ledger's line does alone. The new content of an edit is only in the row.</summary>
    private static string Holds(ScheduledEmail row, EmailChange change) => change is EmailChange.Edit
        ? $"{row.Id} is held, because its new content could not be written: edit it again, then resume it"
        : $"the {change.Name} of {row.Id} holds, but is not yet written to its row";

    private static ScheduledEmail Write(Transaction transaction, ChangeDecision decision, string holds)
    {
        var entry = transaction.Append(decision.Entry!, holds);
        return transaction.Put(decision.Row with { LedgerLast = entry.Sequence });
    }
}
