using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Keeps emails of another store.</summary>
internal static class Importing
{
    /// <summary>All that can be taken, or an exception and none.</summary>
    public static IReadOnlyList<ImportResult> Apply(Transaction transaction, IReadOnlyList<ImportedEmail> emails, TimeSpan keyRetention) =>
        [.. emails.Select(each => Import(transaction, each.Email, keyRetention))];

    private static ImportResult Import(Transaction transaction, ScheduledEmail email, TimeSpan keyRetention)
    {
        var seen = email.IdempotencyKey is { } key ? Adding.SeenBefore(transaction, key, keyRetention) : null;
        if (Arrival.Obstacle(email, transaction.Has(email.Id), seen?.Email, transaction.HasBlob) is { } obstacle) return obstacle;
        if (seen is null && email.IdempotencyKey is { } fresh) transaction.AddKey(new(fresh, email.Id, email.CreatedAt < transaction.Now ? email.CreatedAt : transaction.Now));
        return new ImportResult.Imported(transaction.Put(Arrival.Row(email, transaction.LedgerOf(email.Id), transaction.Now)));
    }
}
