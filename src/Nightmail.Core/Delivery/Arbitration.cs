using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>
/// The rules by which a store grants claims and begins. Pure: the store reads row and ledger and writes the answer in one atomic step.
/// </summary>
public static class Arbitration
{
    /// <summary>The row under a new claim of <paramref name="owner"/>. The row must be settled, pending and due.</summary>
    public static ScheduledEmail Claimed(ScheduledEmail row, EmailLedger ledger, WorkerId owner, string account, DateTimeOffset now) => row with
    {
        Status = EmailStatus.Sending,
        ClaimedBy = owner.Text,
        Attempts = Math.Max(row.Attempts, ledger.LastAttempt) + 1,
        LastAttempt = now,
        LastAccount = account,
        LastModified = now,
    };

    /// <summary>True when it may be claimed now: pending, due, and still wanted.</summary>
    public static bool IsClaimable(ScheduledEmail row, DateTimeOffset now) =>
        row.Status == EmailStatus.Pending && row.Due <= now && !IsExpired(row, now);

    /// <summary>True when its <c>not_after</c> has passed while it waited: it fails instead of being sent.</summary>
    public static bool IsExpired(ScheduledEmail row, DateTimeOffset now) =>
        row.Status == EmailStatus.Pending && row.NotAfter is { } last && last < now;

    /// <summary>The row of an email that came too late for itself.</summary>
    public static ScheduledEmail Expired(ScheduledEmail row, DateTimeOffset now) => row with
    {
        Status = EmailStatus.Failed,
        Reason = FailureReason.Expired,
        NextAttempt = null,
        LastModified = now,
    };

    /// <summary>True while the claim is this row's: same owner, same attempt.</summary>
    public static bool Holds(ScheduledEmail? row, Claim claim) =>
        row is { Status: EmailStatus.Sending } && row.ClaimedBy == claim.Owner.Text && row.Attempts == claim.Attempt;

    /// <summary>
    /// The row to write when a claim that still holds is recorded: the result, with what else the ledger has learned since the row was
    /// written. The outcome, where there is one, is in the ledger already.
    /// </summary>
    /// <param name="result">The row as the attempt left it.</param>
    /// <param name="row">The row as it is in the store.</param>
    /// <param name="ledger">All that the ledger knows of it.</param>
    /// <param name="claim">The claim.</param>
    /// <param name="now">The store's clock; null leaves the time of the last change as the attempt has it.</param>
    public static ScheduledEmail Recorded(ScheduledEmail result, ScheduledEmail row, EmailLedger ledger, Claim claim, DateTimeOffset? now = null)
    {
        // While anything is begun and unanswered, this result is not the whole truth. The row stays as far behind as it is, and whoever
        // settles it finds the doubt.
        if (ledger.HasUnanswered) return result with { LedgerLast = row.LedgerLast, LastModified = now ?? result.LastModified };
        if (HasNewsOfOthers(ledger, row, claim)) result = Settlement.TakeAll(result, NewsOfOthers(ledger, row, claim), unanswered: []);
        return result with { LedgerLast = Math.Max(row.LedgerLast, ledger.LastSequence), LastModified = now ?? result.LastModified };
    }

    /// <summary>
    /// Whether a transaction of the claim may begin. A begin compares and appends: it is refused when the claim was lost, when this
    /// transaction was begun before, when sending is paused, when the ledger knows of anything that the row does not, other than
    /// this attempt's own earlier transactions, and when the row knows of anything that the ledger does not. So an old row, however it
    /// came back, cannot send again, and neither can one whose ledger is gone.
    /// </summary>
    /// <param name="row">The row as it is in the store.</param>
    /// <param name="ledger">All that the ledger knows of it.</param>
    /// <param name="claim">Who asks.</param>
    /// <param name="transaction">The transaction of the claim's attempt.</param>
    /// <param name="sendingPaused">Whether sending is paused as a whole.</param>
    /// <param name="now">The store's clock; an email whose last moment passed while it was on its way to the server is not begun.</param>
    /// <returns>Null when it may; otherwise one line why not.</returns>
    public static string? RefuseBegin(ScheduledEmail? row, EmailLedger ledger, Claim claim, int transaction, bool sendingPaused, DateTimeOffset? now = null)
    {
        if (!Holds(row, claim)) return "the claim was taken back";
        if (row!.NotAfter < now) return "its last moment has passed";
        if (sendingPaused) return "sending is paused";
        if (ledger.HasBegun(claim.Attempt, transaction)) return "this transaction was begun before";
        if (ledger.HasUnanswered) return "an earlier attempt's answer is not known";
        if (Settlement.IsAhead(row, ledger)) return "the ledger has lost what this email's row knows of it";
        return !HasNewsOfOthers(ledger, row, claim) ? null : "the ledger knows more of this email than its row";
    }

    /// <summary>True when the ledger knows of anything that the row does not, other than this attempt's own.</summary>
    private static bool HasNewsOfOthers(EmailLedger ledger, ScheduledEmail row, Claim claim)
    {
        for (var index = 0; index < ledger.Entries.Count; index++)
        {
            if (ledger.Entries[index].Sequence > row.LedgerLast && !IsOwn(ledger.Entries[index], claim)) return true;
        }

        return false;
    }

    private static IEnumerable<LedgerEntry> NewsOfOthers(EmailLedger ledger, ScheduledEmail row, Claim claim) => ledger.After(row.LedgerLast).Where(entry => !IsOwn(entry, claim));

    private static bool IsOwn(LedgerEntry entry, Claim claim) => entry.Kind is LedgerKind.Begin or LedgerKind.Outcome && entry.Attempt == claim.Attempt;
}
