using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Operations;

/// <summary>Keeps emails of another store.</summary>
internal static class Importing
{
    /// <summary>All of them, or an exception and none.</summary>
    public static IReadOnlyList<ImportResult> Apply(Transaction transaction, IReadOnlyList<ImportedEmail> emails, TimeSpan keyRetention) =>
        [.. emails.Select(email => Import(transaction, email, keyRetention))];

    private static ImportResult Import(Transaction transaction, ImportedEmail imported, TimeSpan keyRetention)
    {
        var email = imported.Email;
        if (transaction.Has(email.Id)) return new ImportResult.Exists(email.Id);
        if (email.Campaign is not null) throw new StoreException(StoreTrouble.Unwritable, $"{email.Id} belongs to a campaign, which a queue file cannot keep; nothing was changed: import it into a server");
        if (email.IdempotencyKey is { } key)
        {
            if (Adding.SeenBefore(transaction, key, keyRetention) is not { } seen) transaction.AddKey(new(key, email.Id, email.CreatedAt < transaction.Now ? email.CreatedAt : transaction.Now));
            else if (seen.Email != email.Id) return new ImportResult.KeyTaken(email.Id, seen.Email);
        }

        if (!email.Status.IsFinal()) Adding.RequireBlobs(transaction, email.Content);
        var row = Arrival.Row(email, transaction.LedgerOf(email.Id), transaction.Now);
        return new ImportResult.Imported(imported.Unknown is { } unknown ? transaction.Put(row, QueueEntry.Mixed(row, Encoding.UTF8.GetBytes(unknown))) : transaction.Put(row));
    }
}
