using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Operations;

/// <summary>Resolves wishes again by newer rules of their zones.</summary>
internal static class Wishing
{
    /// <summary>True when <see cref="Apply"/> would move anything.</summary>
    public static bool HasWork(QueueView view, TimeZoneRules rules) => Waiting(view).Any(row => rules.ResolveAgain(row) is not null);

    /// <summary>Moves what newer rules move. The ledger hears nothing of it: an older copy that came back would be moved the same way.</summary>
    public static IReadOnlyList<MovedEmail> Apply(Transaction transaction, TimeZoneRules rules)
    {
        var moved = new List<MovedEmail>();
        foreach (var row in Waiting(transaction).ToList())
        {
            if (rules.ResolveAgain(row) is { } now) moved.Add(new(transaction.Put(now), row.ScheduledFor));
        }

        return moved;
    }

    private static IEnumerable<ScheduledEmail> Waiting(QueueView view) =>
        view.Rows(status => status is EmailStatus.Pending or EmailStatus.Paused).Select(view.Settled);
}
