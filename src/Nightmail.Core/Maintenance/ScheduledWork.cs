namespace Nightmail.Core.Maintenance;

/// <summary>What becomes of slots that passed while nothing ran.</summary>
public enum MissedRule
{
    /// <summary>However many they are, the work is done once, as soon as somebody can.</summary>
    Once,

    /// <summary>They are left out; the next slot is the next time.</summary>
    Skip,
}

/// <summary>
/// Something that is done again and again, once a slot whatever the number of servers: who does it holds a lease under a term, and whoever
/// writes for an older term is refused.
/// </summary>
public sealed record ScheduledWork
{
    /// <summary>What it is: <c>backup</c>.</summary>
    public required string Name { get; init; }

    /// <summary>When, as a cron expression.</summary>
    public required string Cron { get; init; }

    /// <summary>The zone whose clock the expression means.</summary>
    public required string Zone { get; init; }

    /// <summary>What becomes of missed slots.</summary>
    public MissedRule Missed { get; init; }

    /// <summary>How much the work leaves: backups, or days of what it prunes; null where it leaves nothing.</summary>
    public int? Keep { get; init; }

    /// <summary>Slots count from here on: when the work, or its times, were set.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The last slot that is over: done, or left out.</summary>
    public DateTimeOffset? LastSlot { get; init; }

    /// <summary>The next slot; null: none comes within a hundred years.</summary>
    public DateTimeOffset? NextSlot { get; init; }

    /// <summary>The slot that is being done; with a lease that has ended: that was being done when its owner died.</summary>
    public DateTimeOffset? RunningSlot { get; init; }

    /// <summary>Who does it.</summary>
    public string? Owner { get; init; }

    /// <summary>Until when nobody else may.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>Raised each time that somebody takes it: the fence of what they write.</summary>
    public long Term { get; init; }

    /// <summary>When it was last begun.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it last ended.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>True when it last failed.</summary>
    public bool Failed { get; init; }

    /// <summary>One line: what it last came to.</summary>
    public string? Result { get; init; }

    /// <summary>Raised when its times or what it keeps are changed.</summary>
    public int Version { get; init; } = 1;

    /// <summary>True while somebody does it, as far as is known.</summary>
    public bool IsHeld(DateTimeOffset now) => LeaseUntil is { } until && until > now && SlotRules.IsCredible(until, now);
}
