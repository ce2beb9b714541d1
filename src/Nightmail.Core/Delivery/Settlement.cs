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

    /// <summary>The error of a row that knows of entries which the ledger has not: nobody can say what left since.</summary>
    public const string LostLedger = "the record of what was sent (the ledger) has lost what this email's row knows of it; find out whether it was sent, then resume or cancel it";

    /// <summary>The error of a row that came back from a backup whose ledger is not there any more.</summary>
    public const string CameBack = "it came back from a backup, and nothing tells whether it has left since; make sure, then resume or cancel it";

    /// <summary>The error of a row whose recipients are not those that the ledger names: two damaged entries may have run into one.</summary>
    public const string Stranger = "the record of what was sent (the ledger) names other recipients than this email has; check it, then resume or cancel it";

    /// <summary>The error of a row that the damaged queue did not have any more, and a backup had.</summary>
    public const string OnlyInBackup = "the queue file was damaged and only a backup had this email; find out whether it was sent, then resume or cancel it";

    /// <summary>The error of a row that a damaged queue itself shows as pending, while no ledger tells what has left.</summary>
    public const string Unvouched = "the queue file was damaged and the record of what was sent (the ledger) has lost entries; find out whether this email was sent, then resume or cancel it";

    /// <summary>The error of a row that a damaged queue shows twice, each time otherwise, or right before such a one.</summary>
    public const string Doubled = "the queue file was damaged and a part of it was there twice, so that this email may have another one's text or recipients; check it, then resume or cancel it";

    /// <summary>The error of a row that came back from a backup after the bytes of an attachment had gone.</summary>
    public const string LostAttachment = "it came back from a backup, and an attachment of it is no longer kept; bring its file back (docs/operations.md), then resume it, or cancel it";

    /// <summary>
    /// The row with every entry taken in that it did not know, checked against those that it says it knew. A claim that the row still shows ends: the caller asks
    /// <see cref="Rescue"/> first whether it may.
    /// </summary>
    /// <returns>The same row where there is nothing to take in.</returns>
    public static ScheduledEmail Settle(ScheduledEmail row, EmailLedger ledger) => Replay.Check(TakeNews(row, ledger), ledger);

    private static ScheduledEmail TakeNews(ScheduledEmail row, EmailLedger ledger)
    {
        var unanswered = ledger.Unanswered();
        var isOpen = row.Status is EmailStatus.Pending or EmailStatus.Paused or EmailStatus.Sending;

        // An unanswered begin counts whatever the row claims to know: its answer was known once and is lost, and so the row may be wrong.
        if (ledger.LastSequence <= row.LedgerLast && !(isOpen && unanswered.Count > 0)) return IsAhead(row, ledger) ? Held(row) : row;
        var settled = row.Status == EmailStatus.Sending ? row with { Status = EmailStatus.Pending, ClaimedBy = null } : row;
        var news = ledger.After(row.LedgerLast);
        settled = TakeAll(settled, news, unanswered);

        // The ledger names recipients whom a damaged row no longer has, so that those it has look untried. Nothing but a person or a reopening sends it again.
        if (row.Status == EmailStatus.Sent && settled.Status == EmailStatus.Pending && !news.Any(entry => entry.Kind is LedgerKind.Retry or LedgerKind.Resume or LedgerKind.Reopen))
            settled = settled with { Status = EmailStatus.Sent, Reason = null, NextAttempt = null };
        return settled with { LedgerLast = Math.Max(row.LedgerLast, ledger.LastSequence) };
    }

    /// <summary>True for a row that is paused because nobody can vouch for it, and not because a person paused it: it waits until one has looked.</summary>
    public static bool IsHeld(ScheduledEmail row) => row.Status == EmailStatus.Paused && IsAboutHolding(row.LastError);

    /// <summary>True for a held row of which nothing is wrong but that nobody knows whether it has left: such rows may be let go together.</summary>
    public static bool MayHaveLeft(ScheduledEmail row) => row.Status == EmailStatus.Paused && IsAboutLeaving(row.LastError);

    /// <summary>True for a held row whose content is not what was wanted, or not surely its own: each is looked at by itself.</summary>
    public static bool MayBeWrong(ScheduledEmail row) => row.Status == EmailStatus.Paused && IsAboutContent(row.LastError);

    /// <summary>True when the row has taken in what the ledger does not hold: the ledger was lost, or is another one.</summary>
    public static bool IsAhead(ScheduledEmail row, EmailLedger ledger) => row.LedgerLast > ledger.LastSequence;

    /// <summary>The row after <paramref name="news"/>, and after those begins whose answer is not known.</summary>
    internal static ScheduledEmail TakeAll(ScheduledEmail row, IEnumerable<LedgerEntry> news, IReadOnlyList<LedgerEntry> unanswered)
    {
        var edited = false;
        foreach (var entry in news)
        {
            edited |= entry.Kind == LedgerKind.Edit;
            row = Take(row, entry);
        }

        // Late news of an older attempt must not hide that a newer one is out and unanswered.
        foreach (var begin in unanswered) row = TakeBegin(row, begin);
        return edited ? Outdated(row) : row;
    }

    /// <summary>The recipients after <paramref name="outcomes"/>. Who has it, has it: nothing takes a delivery back.</summary>
    public static IReadOnlyList<Recipient> Apply(IReadOnlyList<Recipient> recipients, IReadOnlyList<RecipientOutcome> outcomes)
    {
        if (recipients.Count == 1 && outcomes.Count == 1 && string.Equals(recipients[0].Address, outcomes[0].Address, StringComparison.OrdinalIgnoreCase)) return [Apply(recipients[0], outcomes[0])];
        var byAddress = new Dictionary<string, RecipientOutcome>(StringComparer.OrdinalIgnoreCase);
        foreach (var outcome in outcomes) byAddress[outcome.Address] = outcome;
        return [.. recipients.Select(recipient => byAddress.TryGetValue(recipient.Address, out var outcome) ? Apply(recipient, outcome) : recipient)];
    }

    /// <summary>The status and reason that the recipients alone give.</summary>
    public static (EmailStatus Status, FailureReason? Reason) StatusOf(IReadOnlyList<Recipient> recipients)
    {
        var (inDoubt, pending, delivered) = (false, false, false);
        for (var index = 0; index < recipients.Count; index++)
        {
            inDoubt |= recipients[index].Status == RecipientStatus.InDoubt;
            pending |= recipients[index].Status == RecipientStatus.Pending;
            delivered |= recipients[index].Status == RecipientStatus.Delivered;
        }

        if (inDoubt) return (EmailStatus.InDoubt, null);
        if (pending) return (EmailStatus.Pending, null);
        return delivered ? (EmailStatus.Sent, null) : (EmailStatus.Failed, FailureReason.Bounced);
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

    /// <summary>The row after one entry. What a person did has this effect whether it is granted now or found in the ledger later; only an edit's content is not in the ledger.</summary>
    internal static ScheduledEmail Take(ScheduledEmail row, LedgerEntry entry) => entry.Kind switch
    {
        LedgerKind.Begin => TakeBegin(row, entry),
        LedgerKind.Outcome => TakeOutcome(row, entry),
        LedgerKind.Cancel => row with { Status = EmailStatus.Cancelled, Reason = null, NextAttempt = null },
        LedgerKind.Pause => row with { Status = EmailStatus.Paused, LastError = WithoutHolding(row.LastError) },
        LedgerKind.Resume => row with { Status = EmailStatus.Pending, LostClaims = 0, LastError = WithoutHolding(row.LastError) },
        LedgerKind.Reschedule => row with { ScheduledFor = entry.ScheduledFor ?? row.ScheduledFor, Wish = entry.Wish, NextAttempt = null },
        LedgerKind.Edit => row,
        LedgerKind.Retry => Retried(row, entry.At),
        LedgerKind.MarkSent => MarkedSent(row, entry.At),
        LedgerKind.Reopen => Reopened(row, entry),
        LedgerKind.Over => Over(row, entry),
        _ => throw new ArgumentOutOfRangeException(nameof(entry), entry.Kind, null),
    };

    private static bool IsAboutHolding(string? error) => IsAboutLeaving(error) || IsAboutContent(error);

    private static bool IsAboutLeaving(string? error) => error is LostLedger or CameBack or OnlyInBackup or Unvouched or Arrival.WasBeingSent or Arrival.WasDue;

    private static bool IsAboutContent(string? error) => error is OldCopy or Stranger or Doubled or LostAttachment;

    /// <summary>A person has decided about the row since: what it was held for is over.</summary>
    private static string? WithoutHolding(string? error) => IsAboutHolding(error) ? null : error;

    /// <summary>An open row that is ahead of the ledger: sent again it might be a double, so a person decides.</summary>
    private static ScheduledEmail Held(ScheduledEmail row) => row.Status is EmailStatus.Pending or EmailStatus.Sending
        ? row with { Status = EmailStatus.Paused, ClaimedBy = null, LastError = LostLedger }
        : row;

    /// <summary>A row whose content is not what the person wanted: it is held, and says so.</summary>
    private static ScheduledEmail Outdated(ScheduledEmail row) => row.Status switch
    {
        EmailStatus.Pending or EmailStatus.Paused => row with { Status = EmailStatus.Paused, LastError = OldCopy },
        EmailStatus.InDoubt or EmailStatus.Failed => row with { LastError = OldCopy },
        _ => row,
    };

    private static ScheduledEmail TakeBegin(ScheduledEmail row, LedgerEntry entry)
    {
        var recipients = Apply(row.AllRecipients(), [.. entry.Recipients.Select(outcome => outcome.Verdict == Verdict.Untried ? outcome with { Verdict = Verdict.InDoubt } : outcome)]);
        // Late news may have shown meanwhile that everybody in it has the email: then there is nothing to doubt.
        var known = entry.Recipients.Where(outcome => outcome.Verdict == Verdict.Untried).All(outcome => recipients.Any(recipient => recipient.Status == RecipientStatus.Delivered && IsTo(recipient, outcome)));
        var (status, reason) = known ? StatusOf(recipients) : (EmailStatus.InDoubt, null);
        return row with
        {
            Status = status,
            Reason = reason,
            Attempts = Math.Max(row.Attempts, entry.Attempt),
            LastAttempt = entry.At,
            LastAccount = entry.Account ?? row.LastAccount,
            NextAttempt = null,
            Date = row.Date ?? entry.Date,
            FrozenFrom = row.FrozenFrom ?? entry.From,
            LostClaims = 0,
            LastError = "the sender stopped before the server's answer was known",
            Recipients = recipients,
        };
    }

    private static bool IsTo(Recipient recipient, RecipientOutcome outcome) => string.Equals(recipient.Address, outcome.Address, StringComparison.OrdinalIgnoreCase);

    private static ScheduledEmail TakeOutcome(ScheduledEmail row, LedgerEntry entry)
    {
        // Its begin has made them doubtful already. Where a person has ended that doubt since, "nobody knows" is no news.
        var recipients = Apply(row.AllRecipients(), [.. entry.Recipients.Where(outcome => outcome.Verdict != Verdict.InDoubt)]);
        var (status, reason) = StatusOf(recipients);
        if (status == EmailStatus.Pending && entry.Reason is { } gaveUp) (status, reason) = (EmailStatus.Failed, gaveUp);
        var stays = row.Status is EmailStatus.Cancelled || (row.Status is EmailStatus.Paused or EmailStatus.Failed && status == EmailStatus.Pending);
        if (stays) (status, reason) = (row.Status, row.Reason);
        var delivered = entry.Recipients.FirstOrDefault(outcome => outcome.Verdict == Verdict.Delivered);
        var refused = entry.Recipients.LastOrDefault(outcome => outcome.Verdict is Verdict.Deferred or Verdict.Bounced or Verdict.InDoubt);
        // Only an attempt's last transaction led to a wait.
        var waits = status == EmailStatus.Pending && entry.NextAttempt is not null;
        return row with
        {
            Status = status,
            Reason = reason,
            Recipients = recipients,
            NextAttempt = status == EmailStatus.Pending ? entry.NextAttempt : null,
            Deferrals = waits && entry.Fault is null && refused is not null ? row.Deferrals + 1 : row.Deferrals,
            AccountFailures = waits && entry.Fault is not null ? row.AccountFailures + 1 : row.AccountFailures,
            FailedAccounts = entry.Fault is null ? [] : Lifecycle.WithFailed(row, entry.Account),
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
            LastError = WithoutHolding(row.LastError),
            // Whoever asks for it now wants it although its last moment has passed.
            NotAfter = row.NotAfter < now ? null : row.NotAfter,
            Deferrals = 0,
            AccountFailures = 0,
            FailedAccounts = [],
            LostClaims = 0,
            Recipients = [.. open.Select(recipient => recipient.Status == RecipientStatus.InDoubt || (refusedToo && recipient.Status == RecipientStatus.Rejected)
                ? recipient with { Status = RecipientStatus.Pending } : recipient)],
        };
    }

    /// <summary>The row after refusals turned out to be the account's matter. Who was taken back meanwhile stays so.</summary>
    private static ScheduledEmail Reopened(ScheduledEmail row, LedgerEntry entry)
    {
        IReadOnlyList<Recipient> recipients = [.. row.AllRecipients().Select(recipient => recipient.Status == RecipientStatus.Rejected && entry.Recipients.Any(outcome => IsTo(recipient, outcome))
            ? recipient with { Status = RecipientStatus.Pending } : recipient)];
        var (status, reason) = row.Status is EmailStatus.Cancelled or EmailStatus.Paused ? (row.Status, row.Reason) : StatusOf(recipients);
        return row with { Status = status, Reason = reason, Recipients = recipients };
    }

    /// <summary>The row of an email that is over. Who has it, and how it came to that, is not known any more; nobody is left to send it to.</summary>
    private static ScheduledEmail Over(ScheduledEmail row, LedgerEntry entry) => row with
    {
        Status = entry.Status ?? EmailStatus.Sent,
        Reason = null,
        NextAttempt = null,
        Attempts = Math.Max(row.Attempts, entry.Attempt),
        Recipients = entry.Status == EmailStatus.Cancelled ? row.Recipients : [.. row.AllRecipients().Select(recipient => recipient.Status is RecipientStatus.Pending or RecipientStatus.InDoubt
            ? recipient with { Status = RecipientStatus.Delivered } : recipient)],
        LastError = WithoutHolding(row.LastError),
    };

    /// <summary>The row after a person said that its doubtful recipients have it.</summary>
    internal static ScheduledEmail MarkedSent(ScheduledEmail row, DateTimeOffset now)
    {
        IReadOnlyList<Recipient> recipients = [.. row.AllRecipients().Select(recipient => recipient.Status == RecipientStatus.InDoubt
            ? recipient with { Status = RecipientStatus.Delivered } : recipient)];
        var (status, reason) = StatusOf(recipients);
        return row with { Status = status, Reason = reason, Recipients = recipients, SentAt = row.SentAt ?? now, SentReply = row.SentReply ?? "marked as sent by a person", LastError = null };
    }
}
