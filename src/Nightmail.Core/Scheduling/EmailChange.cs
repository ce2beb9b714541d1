using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Scheduling;

/// <summary>What a person may do to a scheduled email.</summary>
public abstract record EmailChange
{
    private EmailChange()
    {
    }

    /// <summary>Takes it back for good.</summary>
    public sealed record Cancel : EmailChange;

    /// <summary>Holds it until it is resumed.</summary>
    public sealed record Pause : EmailChange;

    /// <summary>Ends a pause.</summary>
    public sealed record Resume : EmailChange;

    /// <summary>Gives it another time; a wait after a deferral ends. <c>send-now</c> is this with the present.</summary>
    public sealed record Reschedule(DateTimeOffset ScheduledFor, Wish? Wish) : EmailChange
    {
        /// <inheritdoc cref="Edit.Seen"/>
        public long? Seen { get; init; }
    }

    /// <summary>Gives it other content; who has it already does not get it again.</summary>
    public sealed record Edit(EmailContent Content) : EmailChange
    {
        /// <summary>The email's last ledger entry when the person read it; null: whatever it is. A later one refuses the change.</summary>
        public long? Seen { get; init; }
    }

    /// <summary>Makes a failed or doubtful email pending again.</summary>
    public sealed record Retry : EmailChange;

    /// <summary>Closes a doubtful email: its doubtful recipients have it.</summary>
    public sealed record MarkSent : EmailChange;

    /// <summary>The word for it in messages and in the ledger.</summary>
    public string Name => this switch
    {
        Cancel => "cancel",
        Pause => "pause",
        Resume => "resume",
        Reschedule => "reschedule",
        Edit => "edit",
        Retry => "retry",
        MarkSent => "mark-sent",
        _ => throw new InvalidOperationException(),
    };
}

/// <summary>What a change came to.</summary>
/// <param name="Email">The row as it is now; null when there is no such email.</param>
/// <param name="Refusal">Null when the change stands; otherwise one line why not and what can be done.</param>
public sealed record ChangeResult(ScheduledEmail? Email, string? Refusal)
{
    /// <summary>There is no email of that id.</summary>
    public static ChangeResult NotFound { get; } = new(null, null);

    /// <summary>True when the change stands and is durable.</summary>
    public bool Done => Email is not null && Refusal is null;
}

/// <summary>What the store has to write for a change: the entry first, then the row; or nothing but why not.</summary>
/// <param name="Row">The row after the change; after a refusal, the row as the ledger knows it.</param>
/// <param name="Entry">What goes to the ledger before the row changes; null when refused.</param>
/// <param name="Refusal">Null when the change is granted.</param>
public sealed record ChangeDecision(ScheduledEmail Row, LedgerEntry? Entry, string? Refusal);
