using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Rows;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Resolves wishes again by newer rules of their zones.</summary>
internal static class Wishing
{
    private static readonly EmailContent Nothing = new();

    /// <summary>Rows that one transaction looks at: well under 50 ms of work.</summary>
    private const int AtOnce = 500;

    /// <summary>
    /// Moves what newer rules move, and notes of the others that these rules have seen them, so that the next start passes them by. The
    /// ledger hears nothing of it: an older copy that came back would be moved the same way.
    /// </summary>
    /// <param name="transaction">What there is.</param>
    /// <param name="rules">The newer rules.</param>
    /// <param name="after">Where the last transaction ended.</param>
    /// <returns>Those that were moved, and where to go on; null: there are no more.</returns>
    public static (List<MovedEmail> Moved, WishedEmail? Next) Apply(Transaction transaction, TimeZoneRules rules, WishedEmail after)
    {
        var moved = new List<MovedEmail>();
        var wished = transaction.Table.Wished(after, AtOnce);
        transaction.ReadAhead.Clear();
        foreach (var email in wished)
        {
            // They come by the version of their rules; from here on nothing is older.
            if (string.CompareOrdinal(rules.Version, email.Rules) <= 0) return (moved, null);
            if (rules.ResolveAgain(LikenessOf(email)) is null) transaction.Table.UpdateRules(email.Number, rules.Version);
            else if (transaction.Find(email.Number) is { Status: EmailStatus.Pending or EmailStatus.Paused } row && rules.ResolveAgain(row) is { } now)
                moved.Add(new(transaction.Put(now), row.ScheduledFor));
        }

        return (moved, wished.Count < AtOnce ? null : wished[^1]);
    }

    /// <summary>What the rules look at, without what the email says.</summary>
    private static ScheduledEmail LikenessOf(WishedEmail email) =>
        new() { Id = default, Content = Nothing, ScheduledFor = email.ScheduledFor, CreatedAt = email.ScheduledFor, Wish = email.Wish };
}
