using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>
/// Checks an open row against all that the ledger ever heard of it, whatever the row claims to have taken in: a damaged row can say that it
/// knows everything and is pending all the same. Who has it has it, and what was taken back stays so, unless the ledger says otherwise.
/// </summary>
internal static class Replay
{
    /// <summary>The row, or what the ledger makes of it where it tells of an end, a doubt or a pause that the row does not show.</summary>
    public static ScheduledEmail Check(ScheduledEmail row, EmailLedger ledger)
    {
        if (row.Status is not (EmailStatus.Pending or EmailStatus.Paused) || !ledger.HasEnds) return row;
        var isEdited = ledger.Entries.Any(entry => entry.Kind == LedgerKind.Edit);
        var isStranger = IsStranger(row, ledger, isEdited);
        var told = row with { Status = EmailStatus.Pending, ClaimedBy = null, Recipients = isStranger ? RecipientsOf(ledger) : row.Recipients };
        foreach (var entry in ledger.Entries) told = Settlement.Take(told, entry);
        return told.Status switch
        {
            EmailStatus.Sent or EmailStatus.Cancelled or EmailStatus.InDoubt => Ended(row, told, isStranger),
            // An edit may have replaced those who were refused.
            EmailStatus.Failed when !isEdited => Ended(row, told, isStranger),
            EmailStatus.Paused when row.Status == EmailStatus.Pending => row with { Status = EmailStatus.Paused },
            _ when isStranger && row.Status == EmailStatus.Pending && !IsAccepted(ledger) => row with { Status = EmailStatus.Paused, LastError = Settlement.Stranger },
            _ => row,
        };
    }

    /// <summary>True when the ledger names recipients that the row does not have: its content is another one's. An edit drops none but those who do not have it.</summary>
    private static bool IsStranger(ScheduledEmail row, EmailLedger ledger, bool isEdited)
    {
        var own = row.AllRecipients().Select(recipient => recipient.Address).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return ledger.Entries.Where(entry => entry.Kind is LedgerKind.Begin or LedgerKind.Outcome)
            .SelectMany(entry => entry.Recipients).Any(outcome => (!isEdited || outcome.Verdict == Verdict.Delivered) && !own.Contains(outcome.Address));
    }

    /// <summary>True when a person has let it go on since it was last sent to anybody.</summary>
    private static bool IsAccepted(EmailLedger ledger) =>
        ledger.Entries.LastOrDefault(entry => entry.Kind is LedgerKind.Begin or LedgerKind.Outcome or LedgerKind.Resume or LedgerKind.Retry)?.Kind is LedgerKind.Resume or LedgerKind.Retry;

    private static List<Recipient> RecipientsOf(EmailLedger ledger) =>
    [
        .. ledger.Entries.SelectMany(entry => entry.Recipients).Select(outcome => outcome.Address).Distinct(StringComparer.OrdinalIgnoreCase)
            .Select(address => new Recipient(address)),
    ];

    private static ScheduledEmail Ended(ScheduledEmail row, ScheduledEmail told, bool isStranger) => told with
    {
        NextAttempt = null,
        LedgerLast = row.LedgerLast,
        // Counted again from where they were counted to.
        Deferrals = row.Deferrals,
        AccountFailures = row.AccountFailures,
        LastError = isStranger ? Settlement.Stranger : told.LastError,
    };
}
