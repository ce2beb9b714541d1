using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Ledger;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Keeps new emails.</summary>
internal static class Adding
{
    /// <summary>All of them, or an exception and none.</summary>
    public static IReadOnlyList<AddResult> Apply(Transaction transaction, IReadOnlyList<ScheduledEmail> emails, TimeSpan keyRetention)
    {
        var results = new AddResult[emails.Count];
        for (var index = 0; index < emails.Count; index++) results[index] = Add(transaction, emails[index], keyRetention);
        return results;
    }

    private static AddResult Add(Transaction transaction, ScheduledEmail email, TimeSpan keyRetention)
    {
        if (email.IdempotencyKey is { } key && Earlier(transaction, key, keyRetention) is { } earlier) return earlier;
        if (transaction.Has(email.Id)) throw new StoreException(StoreTrouble.Unwritable, $"there is an email {email.Id} already; nothing was changed: schedule it without naming an id");
        RequireBlobs(transaction, email.Content);
        var kept = transaction.PutNew(email with { Status = EmailStatus.Pending, ClaimedBy = null, LedgerLast = 0 });
        if (email.IdempotencyKey is { } fresh) transaction.AddKey(new(fresh, kept.Id, transaction.Now));
        return new AddResult.Added(kept);
    }

    /// <summary>What the first request of a key has become; null: there was none.</summary>
    public static AddResult? Earlier(Transaction transaction, IdempotencyKey key, TimeSpan keyRetention)
    {
        if (SeenBefore(transaction, key, keyRetention) is not { } seen) return null;
        return seen.Key.RequestHash == key.RequestHash ? new AddResult.Existing(seen.Email, transaction.Find(seen.Email)) : new AddResult.KeyConflict(seen.Email);
    }

    /// <summary>The email that a key made, as long as the key counts.</summary>
    public static SeenKey? SeenBefore(Transaction transaction, IdempotencyKey key, TimeSpan keyRetention)
    {
        if (transaction.FindKey(key.Key) is not { } seen) return null;
        if (seen.At + keyRetention > transaction.Now) return seen;
        // An old key counts for as long as its email still waits.
        return transaction.Find(seen.Email) is { } row && !row.Status.IsFinal() ? seen : null;
    }

    /// <summary>Refuses what refers to bytes that are not kept.</summary>
    public static void RequireBlobs(Transaction transaction, EmailContent content)
    {
        foreach (var attachment in content.Attachments) RequireBlob(transaction, attachment.Blob);
        if (content.Eml is { } eml) RequireBlob(transaction, eml);
    }

    private static void RequireBlob(Transaction transaction, BlobRef blob)
    {
        if (!transaction.HasBlob(blob)) throw new StoreException(StoreTrouble.Unwritable, $"the bytes {blob.Sha256} of an attachment are not kept; nothing was changed: add the file again");
    }
}
