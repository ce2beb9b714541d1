using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Core.Delivery;

/// <summary>Decides as what an email of another store arrives in this one. Pure; the store writes the answer in one atomic step.</summary>
public static class Arrival
{
    /// <summary>The error of an email that was being sent where it came from.</summary>
    public const string WasBeingSent = "it was being sent where it came from, and nothing tells whether it has left; make sure, then resume or cancel it";

    /// <summary>The error of an email whose time had come before it was here.</summary>
    public const string WasDue = "its time had come before it was imported, so it may have left where it came from; make sure, then resume or cancel it";

    /// <summary>Why an email cannot arrive; null when it can. Every store asks before it writes anything of it.</summary>
    /// <param name="email">The email as the other store had it.</param>
    /// <param name="isHere">True when an email of its id is here.</param>
    /// <param name="madeByItsKey">The email that its idempotency key has made here, as long as that key counts.</param>
    /// <param name="hasBlob">Says whether bytes are kept here.</param>
    public static ImportResult? Obstacle(ScheduledEmail email, bool isHere, EmailId? madeByItsKey, Func<BlobRef, bool> hasBlob)
    {
        if (isHere) return new ImportResult.Exists(email.Id);
        if (email.Campaign is { } campaign) return new ImportResult.NotTaken(email.Id, $"it belongs to {campaign}, and campaigns move with a backup of their server");
        if (madeByItsKey is { } other && other != email.Id) return new ImportResult.KeyTaken(email.Id, other);

        // What is over needs its bytes no more.
        if (email.Status.IsFinal() || email.Content.Blobs.FirstOrDefault(blob => !hasBlob(blob)) is not { } lacking) return null;
        return new ImportResult.NotTaken(email.Id, Lacks(lacking));
    }

    /// <summary>The words for an email whose bytes nobody has.</summary>
    public static string Lacks(BlobRef blob) => $"the bytes {blob.Sha256} of an attachment are not here; where it was exported they were missing too: schedule it again with the original file";

    /// <summary>
    /// The row to keep. What is final stays final, and what is in doubt in doubt. What this store's own ledger knows of the id counts, as for any
    /// old copy that comes back. What nobody can vouch for is paused and says why: what was being sent, and what was due before it came.
    /// </summary>
    /// <param name="email">The email as the other store had it.</param>
    /// <param name="ledger">All that this store's ledger knows of its id.</param>
    /// <param name="now">The store's clock.</param>
    public static ScheduledEmail Row(ScheduledEmail email, EmailLedger ledger, DateTimeOffset now)
    {
        var foreign = email with { ClaimedBy = null, LedgerLast = 0 };
        if (email.Status == EmailStatus.Sending) foreign = Held(foreign, WasBeingSent);
        var row = Settlement.Settle(foreign, ledger);

        // A final row stays so, whatever an older part of its life in this ledger looks like.
        if (email.Status is EmailStatus.Sent or EmailStatus.Cancelled && row.Status is EmailStatus.Pending or EmailStatus.Paused) row = foreign with { LedgerLast = row.LedgerLast };
        return row.Status == EmailStatus.Pending && row.Due <= now ? Held(row, WasDue) : row;
    }

    private static ScheduledEmail Held(ScheduledEmail row, string why) => row with { Status = EmailStatus.Paused, LastError = why };
}
