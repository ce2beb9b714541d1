using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>The numbers by which an attempt's outcome becomes a next step.</summary>
public sealed record DeliveryPolicy
{
    /// <summary>Waits after a deferral.</summary>
    public DeferralPolicy Deferral { get; init; } = new();

    /// <summary>Tries within an attempt.</summary>
    public RetryPolicy Retry { get; init; } = new();

    /// <summary>What becomes of doubt.</summary>
    public DoubtPolicy InDoubt { get; init; } = DoubtPolicy.Hold;

    /// <summary>The first wait of an email whose account failed; the account's circuit decides how long it really takes.</summary>
    public TimeSpan AccountFailureFirst { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest such wait.</summary>
    public TimeSpan AccountFailureMax { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>What an attempt came to and what the store has to write: the ledger's entry first, where something was begun, then the row.</summary>
/// <param name="Email">The row after the attempt; the store sets its ledger sequence.</param>
/// <param name="Outcome">The outcome of the last begun transaction; null when none is open.</param>
public sealed record AttemptResult(ScheduledEmail Email, LedgerEntry? Outcome)
{
    /// <summary>What the attempt says about the account; null: nothing.</summary>
    public AccountReport? Account { get; init; }
}

/// <summary>Says what becomes of an email after an attempt. Pure.</summary>
public static class Lifecycle
{
    /// <summary>
    /// The row after the attempt, without regard to the ledger.
    /// </summary>
    /// <param name="email">The row as claimed, with the verdicts of the attempt's earlier transactions taken in.</param>
    /// <param name="outcome">The last transaction's outcome.</param>
    /// <param name="policy">Waits and limits.</param>
    /// <param name="now">The store's clock.</param>
    /// <param name="random">For jitter.</param>
    /// <param name="frozen">The Date and, where the email names none of its own, the From that went out with its begin; null: it was not begun.</param>
    public static ScheduledEmail After(ScheduledEmail email, DeliveryOutcome outcome, DeliveryPolicy policy, DateTimeOffset now, Random random, (DateTimeOffset Date, string From)? frozen = null)
    {
        var recipients = Settlement.Apply(email.AllRecipients(), outcome.Recipients);
        if (policy.InDoubt == DoubtPolicy.Retry) recipients = [.. recipients.Select(Undoubted)];
        var (status, reason) = Settlement.StatusOf(recipients);
        var delivered = First(outcome.Recipients, Verdict.Delivered);
        var row = email with
        {
            Status = status,
            Reason = reason,
            Recipients = IsPlain(recipients) ? [] : recipients,
            ClaimedBy = null,
            NextAttempt = null,
            LostClaims = 0,
            LastModified = now,
            SentAt = delivered is null ? email.SentAt : now,
            SentReply = delivered?.Reply?.ToString() ?? email.SentReply,
            LastError = Trouble(outcome),
            Date = email.Date ?? frozen?.Date,
            FrozenFrom = frozen is { From: var from } && email.Content.From is null ? from : email.FrozenFrom,
            FailedAccounts = outcome.Fault is null ? [] : WithFailed(email, email.LastAccount),
        };
        return status == EmailStatus.Pending ? Later(row, outcome, policy, now, random) : row;
    }

    /// <summary>The row of an email that no message can be written from.</summary>
    public static ScheduledEmail Invalid(ScheduledEmail email, string why, DateTimeOffset now) => email with
    {
        Status = EmailStatus.Failed,
        Reason = FailureReason.Invalid,
        ClaimedBy = null,
        NextAttempt = null,
        LastError = why,
        LastModified = now,
    };

    /// <summary>The row of a claim that its worker gives back unused, at shutdown or because begin was refused by a pause.</summary>
    public static ScheduledEmail GivenBack(ScheduledEmail email, DateTimeOffset now) => email with
    {
        Status = EmailStatus.Pending,
        ClaimedBy = null,
        LastModified = now,
    };

    /// <summary>The accounts that have failed the email, with one more.</summary>
    internal static IReadOnlyList<string> WithFailed(ScheduledEmail email, string? account) =>
        account is null || email.FailedAccounts.Contains(account) ? email.FailedAccounts : [.. email.FailedAccounts, account];

    private static ScheduledEmail Later(ScheduledEmail row, DeliveryOutcome outcome, DeliveryPolicy policy, DateTimeOffset now, Random random)
    {
        if (outcome.Fault is not null)
        {
            var failures = row.AccountFailures + 1;
            var again = now + Backoff.Doubling(policy.AccountFailureFirst, failures, policy.AccountFailureMax);
            return outcome.FaultIsAnswer && IsTooLate(row, again, policy)
                ? row with { Status = EmailStatus.Failed, Reason = FailureReason.GaveUp, AccountFailures = failures }
                : row with { AccountFailures = failures, NextAttempt = again };
        }

        // Nobody said "later": the rest only did not fit, or the worker was told to stop.
        if (!outcome.Recipients.Any(each => each.Verdict is Verdict.Deferred or Verdict.InDoubt)) return row with { NextAttempt = now + policy.AccountFailureFirst };

        var deferrals = row.Deferrals + 1;
        var next = now + policy.Deferral.DelayAfter(deferrals, random);
        if (IsTooLate(row, next, policy))
            return row with { Status = EmailStatus.Failed, Reason = FailureReason.GaveUp, Deferrals = deferrals, AccountFailures = 0 };
        return row with { Deferrals = deferrals, AccountFailures = 0, NextAttempt = next };
    }

    /// <summary>True when the email is given up before that next attempt; a retry by hand begins the time anew.</summary>
    private static bool IsTooLate(ScheduledEmail row, DateTimeOffset next, DeliveryPolicy policy) =>
        next > (row.RetriedAt is { } retried && retried > row.ScheduledFor ? retried : row.ScheduledFor) + policy.Deferral.GiveUpAfter;

    private static Recipient Undoubted(Recipient recipient) =>
        recipient.Status == RecipientStatus.InDoubt ? recipient with { Status = RecipientStatus.Pending } : recipient;

    private static bool IsPlain(IReadOnlyList<Recipient> recipients)
    {
        for (var index = 0; index < recipients.Count; index++)
        {
            if (recipients[index] is not { Status: RecipientStatus.Pending, Reply: null }) return false;
        }

        return true;
    }

    private static string? Trouble(DeliveryOutcome outcome) =>
        outcome.Fault?.Words
        ?? LastTroubled(outcome.Recipients)?.Reply?.ToString();

    private static RecipientOutcome? LastTroubled(IReadOnlyList<RecipientOutcome> outcomes)
    {
        for (var index = outcomes.Count - 1; index >= 0; index--)
        {
            if (outcomes[index].Verdict is Verdict.Deferred or Verdict.Bounced or Verdict.InDoubt) return outcomes[index];
        }

        return null;
    }

    private static RecipientOutcome? First(IReadOnlyList<RecipientOutcome> outcomes, Verdict verdict)
    {
        for (var index = 0; index < outcomes.Count; index++)
        {
            if (outcomes[index].Verdict == verdict) return outcomes[index];
        }

        return null;
    }
}
