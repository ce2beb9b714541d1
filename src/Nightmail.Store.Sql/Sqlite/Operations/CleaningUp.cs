using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Takes out what is over, some rows at a time so that no write holds the database long.</summary>
internal static class CleaningUp
{
    /// <summary>Rows that one transaction takes out.</summary>
    public const int AtOnce = 500;

    /// <summary>Takes out emails that are final, by their row and by the ledger, and have been so for longer than the retention.</summary>
    /// <returns>How many.</returns>
    public static int Apply(Transaction transaction, TimeSpan retention)
    {
        var pruned = 0;
        foreach (var id in transaction.Table.Final(transaction.Now - retention, AtOnce))
        {
            // A row that lags behind is settled first; then it is young again.
            if (transaction.Row(id) is not { } row || !ReferenceEquals(transaction.Settled(row), row)) continue;
            transaction.Prune(id);
            pruned++;
        }

        return pruned;
    }

    /// <summary>Forgets keys whose time is over and whose email no longer waits.</summary>
    public static int ForgetKeys(Transaction transaction, TimeSpan keyRetention)
    {
        var old = transaction.OldKeys(transaction.Now - keyRetention, AtOnce);
        var over = old.Where(seen => transaction.Find(seen.Email) is not { } row || row.Status.IsFinal()).ToList();
        transaction.ForgetKeys(over);
        // Those that stay stand before the others; they are few, and once their email is over they go.
        return old.Count < AtOnce ? 0 : over.Count;
    }
}
