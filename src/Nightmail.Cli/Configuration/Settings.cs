using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;

namespace Nightmail.Cli.Configuration;

/// <summary>What the configuration file says, or its defaults.</summary>
internal sealed record Settings
{
    /// <summary>The file it was read from; null: there is none and everything has its default.</summary>
    public string? File { get; init; }

    /// <summary>Where it was looked for.</summary>
    public string ExpectedFile { get; init; } = "";

    /// <summary>The senders, in the order of the file; exactly one of them is the default one unless there is none.</summary>
    public IReadOnlyList<Account> Accounts { get; init; } = [];

    /// <summary>The queue file.</summary>
    public PersistenceSettings Persistence { get; init; } = new();

    /// <summary>How long an email that was scheduled without a time is held. A minute is enough to notice the missing attachment.</summary>
    public TimeSpan UndoDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Waits, limits, doubt.</summary>
    public DeliveryPolicy Delivery { get; init; } = new();

    /// <summary>The accounts' circuits.</summary>
    public CircuitOptions Circuit { get; init; } = new();

    /// <summary>The worker.</summary>
    public WorkerSettings Worker { get; init; } = new();

    /// <summary>How long final emails stay in the queue. A week answers "did it leave?" without growing the file.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The IANA zone in which times are read and shown; null: the machine's.</summary>
    public string? TimeZone { get; init; }

    /// <summary>The server that commands work on.</summary>
    public ServerSettings Server { get; init; } = new();

    /// <summary>The log.</summary>
    public LoggingSettings Logging { get; init; } = new();

    /// <summary>What is not wrong but should be known; one line each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Every key with what is in force and where it stands.</summary>
    public IReadOnlyList<ConfigReading> Readings { get; init; } = [];
}

/// <summary>The section <c>scheduler.persistence</c>.</summary>
internal sealed record PersistenceSettings
{
    /// <summary>False keeps nothing on disk.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The queue; null: scheduled_emails.json in himalaya's configuration folder.</summary>
    public string? QueueFile { get; init; }

    /// <summary>Backups to keep.</summary>
    public int BackupCount { get; init; } = 10;

    /// <summary>How long another process's change can stay unnoticed where the file system does not tell.</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait for the queue's lock. Five seconds is hundreds of times what a change takes.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a worker cleans up.</summary>
    public TimeSpan CleanupInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>True takes a queue that lies on another machine's disk.</summary>
    public bool AllowNetworkFileSystem { get; init; }

    /// <summary>How long final emails stay in the queue; without it, what <see cref="Settings.Retention"/> says.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Where backups go; null: <c>backups</c> beside the queue.</summary>
    public string? BackupDirectory { get; init; }
}

/// <summary>The section <c>worker</c>.</summary>
internal sealed record WorkerSettings
{
    /// <summary>How long a claim lasts without a sign of life where the store has leases; the queue file has kernel locks instead.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Emails on their way at once, over all accounts. Sixteen fills a slow line and bothers nobody.</summary>
    public int Connections { get; init; } = 16;
}

/// <summary>The section <c>logging</c>.</summary>
internal sealed record LoggingSettings
{
    /// <summary>What is logged.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>The file; null: none.</summary>
    public string? File { get; init; }
}

/// <summary>How much is logged; each level includes those after it.</summary>
internal enum LogLevel
{
    /// <summary>Everything.</summary>
    Debug,

    /// <summary>Changes of state.</summary>
    Information,

    /// <summary>What was survived.</summary>
    Warning,

    /// <summary>What failed.</summary>
    Error,
}
