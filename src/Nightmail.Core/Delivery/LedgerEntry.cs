using Nightmail.Core.Emails;

namespace Nightmail.Core.Delivery;

/// <summary>What a ledger entry records.</summary>
public enum LedgerKind
{
    /// <summary>From here on the transaction's accepted recipients may have the email.</summary>
    Begin,

    /// <summary>What a begun transaction came to.</summary>
    Outcome,

    /// <summary>A person cancelled it.</summary>
    Cancel,

    /// <summary>A person paused it.</summary>
    Pause,

    /// <summary>A person resumed it.</summary>
    Resume,

    /// <summary>A person gave it a new time; <see cref="LedgerEntry.ScheduledFor"/> says which.</summary>
    Reschedule,

    /// <summary>A person changed its content: an older row of it must not be sent.</summary>
    Edit,

    /// <summary>A person, or the policy <c>inDoubt: retry</c>, makes it pending again: its deferred and doubtful recipients.</summary>
    Retry,

    /// <summary>A person closes the doubt: its doubtful recipients count as delivered.</summary>
    MarkSent,

    /// <summary>The refusals that <see cref="LedgerEntry.Recipients"/> names were about the account and not about this email: those recipients are pending again.</summary>
    Reopen,

    /// <summary>It is over and leaves the store: the last word, after which nothing that came before has to be known. <see cref="LedgerEntry.Status"/> says how it ended.</summary>
    Over,
}

/// <summary>One line of the send ledger, which lies outside the store and outside every backup and is appended to.</summary>
public sealed record LedgerEntry
{
    /// <summary>Rises by at least one from entry to entry of a ledger. 0 until the ledger has given it.</summary>
    public long Sequence { get; init; }

    /// <summary>What is recorded.</summary>
    public required LedgerKind Kind { get; init; }

    /// <summary>The email it is about.</summary>
    public required EmailId Email { get; init; }

    /// <summary>When, by the store's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The attempt it belongs to; for what a person did, the row's last attempt.</summary>
    public int Attempt { get; init; }

    /// <summary>The transaction within the attempt, from 0.</summary>
    public int Transaction { get; init; }

    /// <summary>Begin: the worker that sends.</summary>
    public string? Worker { get; init; }

    /// <summary>Begin and outcome: the account.</summary>
    public string? Account { get; init; }

    /// <summary>Begin: the accepted recipients as untried, the refused ones with their verdict. Outcome: the final verdict of each.</summary>
    public IReadOnlyList<RecipientOutcome> Recipients { get; init; } = [];

    /// <summary>Outcome: the account's fault, where it was one.</summary>
    public AccountFault? Fault { get; init; }

    /// <summary>Outcome: why the email failed although recipients were left (<see cref="FailureReason.GaveUp"/>).</summary>
    public FailureReason? Reason { get; init; }

    /// <summary>Outcome: the wait it led to, null when it led to none.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    /// <summary>Begin: the Date header that was sent.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>Begin: the From header that was sent.</summary>
    public string? From { get; init; }

    /// <summary>Reschedule: the new instant.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>Reschedule: the new wish.</summary>
    public Wish? Wish { get; init; }

    /// <summary>Over: how it ended, sent or cancelled.</summary>
    public EmailStatus? Status { get; init; }
}
