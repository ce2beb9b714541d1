using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>
/// Brings a row up to what the ledger knows. Every operation on a row does this first, so that a row that lags behind, because a
/// process died between two writes or because an old copy of it came back, never contradicts what has left the house.
/// </summary>
public static class Settlement
{
    /// <summary>The error of a row whose edit was lost with a newer copy of it: its content is not what the person wanted.</summary>
    public const string OldCopy = "an older version of this email came back after it was edited; check it, then resume or cancel it";

    /// <summary>
    /// The row with every entry taken in that it did not know. A claim that the row still shows ends: the caller asks
    /// <see cref="Rescue"/> first whether it may.
    /// </summary>
    public static ScheduledEmail Settle(ScheduledEmail row, EmailLedger ledger)
    {
        if (ledger.LastSequence <= row.LedgerLast) return row;
        var settled = row.Status == EmailStatus.Sending ? row with { Status = EmailStatus.Pending, ClaimedBy = null } : row;
        foreach (var entry in ledger.After(row.LedgerLast)) settled = Take(settled, entry);
        return settled with { LedgerLast = ledger.LastSequence };
    }

    /// <summary>The recipients after <paramref name="outcomes"/>. Who has it, has it: nothing takes a delivery back.</summary>
    public static IReadOnlyList<Recipient> Apply(IReadOnlyList<Recipient> recipients, IReadOnlyList<RecipientOutcome> outcomes)
    {
        var byAddress = new Dictionary<string, RecipientOutcome>(StringComparer.OrdinalIgnoreCase);
        foreach (var outcome in outcomes) byAddress[outcome.Address] = outcome;
        return [.. recipients.Select(recipient => byAddress.TryGetValue(recipient.Address, out var outcome) ? Apply(recipient, outcome) : recipient)];
    }

    /// <summary>The status and reason that the recipients alone give.</summary>
    public static (EmailStatus Status, FailureReason? Reason) StatusOf(IReadOnlyList<Recipient> recipients)
    {
        if (recipients.Any(recipient => recipient.Status == RecipientStatus.InDoubt)) return (EmailStatus.InDoubt, null);
        if (recipients.Any(recipient => recipient.Status == RecipientStatus.Pending)) return (EmailStatus.Pending, null);
        return recipients.Any(recipient => recipient.Status == RecipientStatus.Delivered)
            ? (EmailStatus.Sent, null)
            : (EmailStatus.Failed, FailureReason.Bounced);
    }

    private static Recipient Apply(Recipient recipient, RecipientOutcome outcome)
    {
        if (recipient.Status == RecipientStatus.Delivered) return recipient;
        var status = outcome.Verdict switch
        {
            Verdict.Delivered => RecipientStatus.Delivered,
            Verdict.Bounced => RecipientStatus.Rejected,
            Verdict.InDoubt => RecipientStatus.InDoubt,
            Verdict.Deferred or Verdict.Untried => RecipientStatus.Pending,
            _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome.Verdict, null),
        };
        return recipient with { Status = status, Reply = outcome.Reply?.ToString() ?? recipient.Reply };
    }

    private static ScheduledEmail Take(ScheduledEmail row, LedgerEntry entry) => entry.Kind switch
    {
        LedgerKind.Begin => TakeBegin(row, entry),
        LedgerKind.Outcome => TakeOutcome(row, entry),
        LedgerKind.Cancel => row with { Status = EmailStatus.Cancelled, Reason = null, NextAttempt = null },
        LedgerKind.Pause => row with { Status = EmailStatus.Paused },
        LedgerKind.Resume => row with { Status = EmailStatus.Pending },
        LedgerKind.Reschedule => row with { ScheduledFor = entry.ScheduledFor ?? row.ScheduledFor, Wish = entry.Wish, NextAttempt = null },
        LedgerKind.Edit => row with { Status = EmailStatus.Paused, LastError = OldCopy },
        LedgerKind.Retry => Retried(row, entry.At),
        LedgerKind.MarkSent => MarkedSent(row, entry.At),
        _ => throw new ArgumentOutOfRangeException(nameof(entry), entry.Kind, null),
    };

    private static ScheduledEmail TakeBegin(ScheduledEmail row, LedgerEntry entry) => row with
    {
        Status = EmailStatus.InDoubt,
        Reason = null,
        Attempts = Math.Max(row.Attempts, entry.Attempt),
        LastAttempt = entry.At,
        LastAccount = entry.Account ?? row.LastAccount,
        NextAttempt = null,
        Date = row.Date ?? entry.Date,
        FrozenFrom = row.FrozenFrom ?? entry.From,
        LostClaims = 0,
        LastError = "the sender stopped before the server's answer was known",
        Recipients = Apply(row.AllRecipients(),
            [.. entry.Recipients.Select(outcome => outcome.Verdict == Verdict.Untried ? outcome with { Verdict = Verdict.InDoubt } : outcome)]),
    };

    private static ScheduledEmail TakeOutcome(ScheduledEmail row, LedgerEntry entry)
    {
        var recipients = Apply(row.AllRecipients(), entry.Recipients);
        var (status, reason) = StatusOf(recipients);
        if (status == EmailStatus.Pending && entry.Reason is { } gaveUp) (status, reason) = (EmailStatus.Failed, gaveUp);
        if (row.Status is EmailStatus.Cancelled || (row.Status is EmailStatus.Paused && status == EmailStatus.Pending)) (status, reason) = (row.Status, row.Reason);
        var delivered = entry.Recipients.FirstOrDefault(outcome => outcome.Verdict == Verdict.Delivered);
        var refused = entry.Recipients.LastOrDefault(outcome => outcome.Verdict is Verdict.Deferred or Verdict.Bounced or Verdict.InDoubt);
        return row with
        {
            Status = status,
            Reason = reason,
            Recipients = recipients,
            NextAttempt = status == EmailStatus.Pending ? entry.NextAttempt : null,
            SentAt = delivered is null ? row.SentAt : entry.At,
            SentReply = delivered?.Reply?.ToString() ?? row.SentReply,
            LastError = entry.Fault?.Words ?? refused?.Reply?.ToString() ?? (delivered is null ? row.LastError : null),
        };
    }

    /// <summary>The row after a person, or the policy, asked for its deferred and doubtful recipients to be tried again.</summary>
    internal static ScheduledEmail Retried(ScheduledEmail row, DateTimeOffset now)
    {
        var open = row.AllRecipients();
        // Where everybody was refused there is nobody deferred or doubtful: then the refused are what the person means.
        var refusedToo = open.All(recipient => recipient.Status == RecipientStatus.Rejected);
        return row with
        {
            Status = EmailStatus.Pending,
            Reason = null,
            NextAttempt = null,
            RetriedAt = now,
            Deferrals = 0,
            AccountFailures = 0,
            LostClaims = 0,
            Recipients = [.. open.Select(recipient => recipient.Status == RecipientStatus.InDoubt || (refusedToo && recipient.Status == RecipientStatus.Rejected)
                ? recipient with { Status = RecipientStatus.Pending } : recipient)],
        };
    }

    /// <summary>The row after a person said that its doubtful recipients have it.</summary>
    internal static ScheduledEmail MarkedSent(ScheduledEmail row, DateTimeOffset now)
    {
        IReadOnlyList<Recipient> recipients = [.. row.AllRecipients().Select(recipient => recipient.Status == RecipientStatus.InDoubt
            ? recipient with { Status = RecipientStatus.Delivered } : recipient)];
        var (status, reason) = StatusOf(recipients);
        return row with { Status = status, Reason = reason, Recipients = recipients, SentAt = row.SentAt ?? now, SentReply = row.SentReply ?? "marked as sent by a person", LastError = null };
    }
}
