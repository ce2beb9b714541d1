using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Keeps emails of another store.</summary>
internal static class Importing
{
    /// <summary>All of them, or an exception and none.</summary>
    public static IReadOnlyList<ImportResult> Apply(Transaction transaction, IReadOnlyList<ImportedEmail> emails, TimeSpan keyRetention) =>
        [.. emails.Select(each => Import(transaction, each.Email, keyRetention))];

    private static ImportResult Import(Transaction transaction, ScheduledEmail email, TimeSpan keyRetention)
    {
        if (transaction.Has(email.Id)) return new ImportResult.Exists(email.Id);
        if (email.Campaign is not null) throw new StoreException(StoreTrouble.Unwritable, $"{email.Id} belongs to a campaign, which has to be there first; nothing was changed: make the campaign from its recipients again");
        if (email.IdempotencyKey is { } key)
        {
            if (Adding.SeenBefore(transaction, key, keyRetention) is not { } seen) transaction.AddKey(new(key, email.Id, email.CreatedAt < transaction.Now ? email.CreatedAt : transaction.Now));
            else if (seen.Email != email.Id) return new ImportResult.KeyTaken(email.Id, seen.Email);
        }

        if (!email.Status.IsFinal()) Adding.RequireBlobs(transaction, email.Content);
        return new ImportResult.Imported(transaction.Put(Arrival.Row(email, transaction.LedgerOf(email.Id), transaction.Now)));
    }
}
