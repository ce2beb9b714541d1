using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>Decides as what an email of another store arrives in this one. Pure; the store writes the answer in one atomic step.</summary>
public static class Arrival
{
    /// <summary>The error of an email that was being sent where it came from.</summary>
    public const string WasBeingSent = "it was being sent where it came from, and nothing tells whether it has left; make sure, then resume or cancel it";

    /// <summary>The error of an email whose time had come before it was here.</summary>
    public const string WasDue = "its time had come before it was imported, so it may have left where it came from; make sure, then resume or cancel it";

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
