using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Ledger;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Operations;

/// <summary>Keeps new emails.</summary>
internal static class Adding
{
    /// <summary>All of them, or an exception and none.</summary>
    public static IReadOnlyList<AddResult> Apply(Transaction transaction, IReadOnlyList<ScheduledEmail> emails, TimeSpan keyRetention) =>
        [.. emails.Select(email => Add(transaction, email, keyRetention))];

    private static AddResult Add(Transaction transaction, ScheduledEmail email, TimeSpan keyRetention)
    {
        if (email.IdempotencyKey is { } key && Earlier(transaction, key, keyRetention) is { } earlier) return earlier;
        if (transaction.Has(email.Id)) throw new StoreException(StoreTrouble.Unwritable, $"there is an email {email.Id} already; nothing was changed: schedule it without naming an id");
        RequireBlobs(transaction, email.Content);
        var kept = transaction.Put(email with { Status = EmailStatus.Pending, ClaimedBy = null, LedgerLast = 0 });
        if (email.IdempotencyKey is { } fresh) transaction.AddKey(new(fresh, kept.Id, transaction.Now));
        return new AddResult.Added(kept);
    }

    /// <summary>Refuses what refers to bytes that are not kept.</summary>
    public static void RequireBlobs(Transaction transaction, EmailContent content)
    {
        foreach (var blob in content.Blobs)
        {
            if (!transaction.HasBlob(blob))
                throw new StoreException(StoreTrouble.Unwritable, $"the bytes {blob.Sha256} of an attachment are not kept; nothing was changed: add the file again");
        }
    }

    /// <summary>What the first request of a key has become; null: there was none.</summary>
    public static AddResult? Earlier(Transaction transaction, IdempotencyKey key, TimeSpan keyRetention)
    {
        if (SeenBefore(transaction, key, keyRetention) is not { } seen) return null;
        if (seen.Key.RequestHash != key.RequestHash) return new AddResult.KeyConflict(seen.Email);
        if (seen.IsOnlyInRow) transaction.AddKey(seen with { IsOnlyInRow = false });
        return new AddResult.Existing(seen.Email, transaction.Find(seen.Email));
    }

    /// <summary>The email that a key made, as long as the key counts.</summary>
    public static SeenKey? SeenBefore(Transaction transaction, IdempotencyKey key, TimeSpan keyRetention)
    {
        if (transaction.FindKey(key.Key) is not { } seen) return null;
        if (seen.At + keyRetention > transaction.Now) return seen;
        // An old key counts for as long as its email still waits.
        return transaction.Find(seen.Email) is { } row && !row.Status.IsFinal() ? seen : null;
    }
}
