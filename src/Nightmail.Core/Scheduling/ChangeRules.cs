using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Scheduling;

/// <summary>Decides whether a person's change to an email is granted. Pure; the store writes the decision in one atomic step.</summary>
public static class ChangeRules
{
    /// <summary>Why an edit of what has been changed in between is refused.</summary>
    public const string ChangedSince = "it was changed since you read it: read it again";

    /// <summary>
    /// The decision. A change is refused while any transaction of the email, of whatever attempt, is begun without an outcome: what
    /// may be out cannot be taken back. A claim that has not begun is taken back, and its worker's begin is then refused.
    /// </summary>
    /// <param name="row">The row as it is in the store.</param>
    /// <param name="ledger">All that the ledger knows of it.</param>
    /// <param name="change">What the person wants.</param>
    /// <param name="isAlive">Whether a worker lives.</param>
    /// <param name="now">The store's clock.</param>
    public static ChangeDecision Decide(ScheduledEmail row, EmailLedger ledger, EmailChange change, Func<string, bool> isAlive, DateTimeOffset now)
    {
        var waiting = ledger.Unanswered();
        var atWork = waiting.FirstOrDefault(begin => begin.Worker is { } worker && isAlive(worker));
        if (atWork is not null) return Refuse(row, $"it is being sent since {Seconds(now - atWork.At)} (attempt {atWork.Attempt}, waiting for the server's answer)");
        var settled = Settlement.Settle(row, ledger);
        if (settled.Status == EmailStatus.Sending) settled = settled with { Status = EmailStatus.Pending, ClaimedBy = null };
        var refusal = WhyNot(settled, change);
        return refusal is null ? Grant(settled, change, now) : Refuse(settled, refusal);
    }

    private static ChangeDecision Refuse(ScheduledEmail row, string why) => new(row, null, why);

    private static string? WhyNot(ScheduledEmail row, EmailChange change)
    {
        switch (change)
        {
            case EmailChange.Edit { Seen: { } seen } when row.LedgerLast != seen:
            case EmailChange.Reschedule { Seen: { } before } when row.LedgerLast != before:
                return ChangedSince;
            case EmailChange.Retry:
                return row.Status is EmailStatus.Failed or EmailStatus.InDoubt ? null
                    : $"it is {row.Status.Name()}; only a failed or doubtful email can be retried";
            case EmailChange.MarkSent:
                return row.Status is EmailStatus.InDoubt ? null
                    : $"it is {row.Status.Name()}; only a doubtful email can be marked as sent";
            case EmailChange.Resume:
                return row.Status is EmailStatus.Paused ? null : $"it is {row.Status.Name()}, not paused";
            case EmailChange.Pause when row.Status is EmailStatus.Paused:
                return "it is paused already";
            case EmailChange.Reschedule { ScheduledFor: var to } when row.NotAfter is { } last && last < to && row.Status is EmailStatus.Pending or EmailStatus.Paused:
                return $"it is not wanted after {last.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z; give an earlier time";
            case EmailChange.Edit { Content: var content } when row.Status is EmailStatus.Pending or EmailStatus.Paused && !Edited(row, content).AllRecipients().Any(IsPending):
                return "nobody would be left to send it to; cancel it instead";
        }

        return row.Status switch
        {
            EmailStatus.Pending or EmailStatus.Paused => null,
            EmailStatus.InDoubt => "it may have left already and nobody knows; say 'retry' to send it again or 'mark-sent' to close it",
            EmailStatus.Sent => $"it has left already{(row.SentAt is { } at ? $" ({at.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z)" : "")}",
            EmailStatus.Cancelled => "it is cancelled already",
            EmailStatus.Failed => $"it has failed ({row.Reason?.Name() ?? "unknown"}); 'retry' makes it pending again",
            _ => $"it is {row.Status.Name()}",
        };
    }

    private static ChangeDecision Grant(ScheduledEmail row, EmailChange change, DateTimeOffset now)
    {
        var entry = new LedgerEntry { Kind = KindOf(change), Email = row.Id, At = now, Attempt = row.Attempts };
        if (change is EmailChange.Reschedule to) entry = entry with { ScheduledFor = to.ScheduledFor, Wish = to.Wish };
        var changed = change is EmailChange.Edit edit ? Edited(row, edit.Content) : Settlement.Take(row, entry);
        return new(changed with { LastModified = now }, entry, null);
    }

    /// <summary>The row with other content. Who was tried keeps what came of it; who has it is remembered even when no longer named.</summary>
    private static ScheduledEmail Edited(ScheduledEmail row, EmailContent content)
    {
        var before = row.AllRecipients();
        var edited = row with { Content = content, Recipients = [], LastError = row.LastError == Settlement.OldCopy ? null : row.LastError };
        if (before.All(IsPending)) return edited;
        var named = edited.FreshRecipients();
        return edited with
        {
            Recipients =
            [
                .. named.Select(recipient => before.FirstOrDefault(old => IsSame(old, recipient)) ?? recipient),
                .. before.Where(old => old.Status == RecipientStatus.Delivered && !named.Any(recipient => IsSame(old, recipient))),
            ],
        };
    }

    private static bool IsPending(Recipient recipient) => recipient.Status == RecipientStatus.Pending;

    private static bool IsSame(Recipient one, Recipient other) => string.Equals(one.Address, other.Address, StringComparison.OrdinalIgnoreCase);

    private static LedgerKind KindOf(EmailChange change) => change switch
    {
        EmailChange.Cancel => LedgerKind.Cancel,
        EmailChange.Pause => LedgerKind.Pause,
        EmailChange.Resume => LedgerKind.Resume,
        EmailChange.Reschedule => LedgerKind.Reschedule,
        EmailChange.Edit => LedgerKind.Edit,
        EmailChange.Retry => LedgerKind.Retry,
        EmailChange.MarkSent => LedgerKind.MarkSent,
        _ => throw new ArgumentOutOfRangeException(nameof(change), change, null),
    };

    private static string Seconds(TimeSpan span) => $"{Math.Max(0, (int)span.TotalSeconds)} s";
}
