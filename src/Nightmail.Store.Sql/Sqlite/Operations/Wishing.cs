using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Rows;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Resolves wishes again by newer rules of their zones.</summary>
internal static class Wishing
{
    /// <summary>Rows that one transaction looks at: well under 50 ms of work.</summary>
    private const int AtOnce = 200;

    /// <summary>Moves what newer rules move. The ledger hears nothing of it: an older copy that came back would be moved the same way.</summary>
    /// <param name="transaction">What there is.</param>
    /// <param name="rules">The newer rules.</param>
    /// <param name="after">Where the last transaction ended.</param>
    /// <returns>Those that were moved, and where to go on; null: there are no more.</returns>
    public static (List<MovedEmail> Moved, WishedEmail? Next) Apply(Transaction transaction, TimeZoneRules rules, WishedEmail after)
    {
        var moved = new List<MovedEmail>();
        var wished = transaction.Table.Wished(after, AtOnce);
        foreach (var email in wished)
        {
            if (transaction.Find(email.Id) is { Status: EmailStatus.Pending or EmailStatus.Paused } row && rules.ResolveAgain(row) is { } now)
                moved.Add(new(transaction.Put(now), row.ScheduledFor));
        }

        return (moved, wished.Count < AtOnce ? null : wished[^1]);
    }
}
