using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Salvage;

namespace Nightmail.Store.File.Health;

/// <summary>How the lock is.</summary>
public enum LockState
{
    /// <summary>Nobody holds it.</summary>
    Free,

    /// <summary>Somebody holds it.</summary>
    Held,

    /// <summary>Nobody holds it, but somebody who did died inside.</summary>
    Stale,

    /// <summary>Nobody holds it, and what was last written may not be safe on disk.</summary>
    Unsynced,
}

/// <summary>What can be seen of a queue file and of what lies beside it, without changing anything and without waiting for its lock.</summary>
public sealed record QueueFileFacts
{
    /// <summary>Its real path.</summary>
    public required string Path { get; init; }

    /// <summary>True when it is there.</summary>
    public bool Exists { get; init; }

    /// <summary>Its bytes.</summary>
    public long Size { get; init; }

    /// <summary>When it was last written, by the file system's clock.</summary>
    public DateTimeOffset? LastWritten { get; init; }

    /// <summary>Its revision: how often it was written.</summary>
    public long Revision { get; init; }

    /// <summary>Why it cannot be read; null: it can.</summary>
    public string? ReadError { get; init; }

    /// <summary>Why nothing can be written beside it, and so no change be made; null: it can.</summary>
    public string? WriteError { get; init; }

    /// <inheritdoc cref="LockState"/>
    public LockState Lock { get; init; }

    /// <summary>Who holds the lock, or left it, in words.</summary>
    public string? Holder { get; init; }

    /// <summary>Since when.</summary>
    public DateTimeOffset? HeldSince { get; init; }

    /// <summary>Files and folders of ours that others could use, with their modes.</summary>
    public IReadOnlyList<string> Wide { get; init; } = [];

    /// <summary>The file system.</summary>
    public VolumeFacts? Volume { get; init; }

    /// <summary>How many backups there are.</summary>
    public int Backups { get; init; }

    /// <summary>When the newest was made, good or not.</summary>
    public DateTimeOffset? NewestBackup { get; init; }

    /// <summary>When the newest good one was made.</summary>
    public DateTimeOffset? NewestGoodBackup { get; init; }

    /// <summary>What was found wrong and nobody has acknowledged.</summary>
    public IReadOnlyList<RecoveryReport> Recovered { get; init; } = [];
}
