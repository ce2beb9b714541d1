using Nightmail.Core.Delivery;
using Nightmail.Store.Sql.Sqlite.Campaigns;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>What this store asks before an attempt's begin: the campaign.</summary>
internal static class Sending
{
    /// <summary>Appends a begin, or says why not.</summary>
    public static string? Begin(Transaction transaction, Claim claim, LedgerEntry entry) =>
        Gates.WhyClosed(transaction, transaction.Row(claim.Email.Id)) ?? AttemptSteps.Begin(transaction, claim, entry);
}
