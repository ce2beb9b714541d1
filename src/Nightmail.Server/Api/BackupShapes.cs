namespace Nightmail.Server.Api;

/// <summary>The backups and when they are made.</summary>
public sealed record BackupsAnswer(IReadOnlyList<BackupShape> Backups, BackupSettingsShape Settings);

/// <summary>A backup; <c>problem</c> says why it is not verified, <c>reason</c> why it was made, <c>emails</c> how many it holds.</summary>
public sealed record BackupShape(string Filename, long Size, string CreatedAt, string? Sha256, bool Verified, string? Problem, string? Reason, long? Emails);

/// <summary>When backups are made and how many stay; in words, and the next five times.</summary>
public sealed record BackupSettingsShape(string Schedule, int Retention, string TimeZone, string Missed, string Words, IReadOnlyList<string> NextRuns, string? LastRun, string? LastResult, bool Failed);

/// <summary>When backups are to be made and how many are to stay.</summary>
public sealed record BackupSettingsRequest
{
    /// <summary>A cron expression of five fields, or a word like <c>@daily</c>.</summary>
    public required string Schedule { get; init; }

    /// <summary>How many stay: a whole number, 1 or more.</summary>
    public required int Retention { get; init; }

    /// <summary>The zone whose clock the schedule means; null: as before.</summary>
    public string? TimeZone { get; set; }

    /// <summary>What becomes of slots that pass while nothing runs: <c>once</c> or <c>skip</c>; null: as before.</summary>
    public string? Missed { get; set; }
}

/// <summary>What a restore did with emails; which accounts, and how many templates and campaigns, came back or are again as they were; and the backup of what was there before. Sending is paused until it is resumed.</summary>
public sealed record RestoreAnswer(string Filename, int Returned, int Reverted, int Stayed, int Newer, int Reconciled, int Held, string? LedgerBroken, IReadOnlyList<string> Accounts, int Templates, int Campaigns, string Before, bool SendingPaused);

/// <summary>Something that the server does again and again.</summary>
public sealed record WorkShape(string Name, string Schedule, int? Keep, string TimeZone, string Missed, string Words, IReadOnlyList<string> NextRuns, string? LastSlot, string? LastRun, string? LastResult, bool Failed, bool Running);

/// <summary>When a work is to be done: what is left out stays as it is.</summary>
public sealed record WorkRequest
{
    /// <summary>A cron expression of five fields, or a word like <c>@daily</c>.</summary>
    public string? Schedule { get; set; }

    /// <summary>How much it leaves: backups, or days.</summary>
    public int? Keep { get; set; }

    /// <summary>The zone whose clock the schedule means.</summary>
    public string? TimeZone { get; set; }

    /// <summary>What becomes of slots that pass while nothing runs: <c>once</c> or <c>skip</c>.</summary>
    public string? Missed { get; set; }
}
