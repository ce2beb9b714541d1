using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Operations;

/// <summary>Keeps emails of another store.</summary>
internal static class Importing
{
    /// <summary>All that can be taken, or an exception and none.</summary>
    public static IReadOnlyList<ImportResult> Apply(Transaction transaction, IReadOnlyList<ImportedEmail> emails, TimeSpan keyRetention) =>
        [.. emails.Select(email => Import(transaction, email, keyRetention))];

    private static ImportResult Import(Transaction transaction, ImportedEmail imported, TimeSpan keyRetention)
    {
        var email = imported.Email;
        var seen = email.IdempotencyKey is { } key ? Adding.SeenBefore(transaction, key, keyRetention) : null;
        if (Arrival.Obstacle(email, transaction.Has(email.Id), seen?.Email, transaction.HasBlob) is { } obstacle) return obstacle;
        if (seen is null && email.IdempotencyKey is { } fresh) transaction.AddKey(new(fresh, email.Id, email.CreatedAt < transaction.Now ? email.CreatedAt : transaction.Now));
        var row = Arrival.Row(email, transaction.LedgerOf(email.Id), transaction.Now);
        return new ImportResult.Imported(imported.Unknown is { } unknown ? transaction.Put(row, QueueEntry.Mixed(row, Encoding.UTF8.GetBytes(unknown))) : transaction.Put(row));
    }
}
