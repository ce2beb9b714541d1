using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;

namespace Nightmail.Store.File.Backups;

/// <summary>The backups of one queue, as merging and salvage need them. Called under the queue's lock.</summary>
internal interface IBackupSource
{
    /// <summary>Every backup that lies there, good or bad, the newest first; none where there is no folder. Reads no more than it needs to say so.</summary>
    IReadOnlyList<BackupFile> NewestFirst();

    /// <summary>Keeps a copy of the queue file as it lies there, before it is rewritten in a way that cannot be taken back, however young the last backup is.</summary>
    /// <param name="reason">For people: <c>recovery</c>, <c>older format</c>.</param>
    void Keep(string reason);
}

/// <summary>One backup.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="At">When it was made.</param>
/// <param name="Damage">Null when its checksum holds; otherwise one line what is wrong with it.</param>
internal sealed record BackupFile(string Path, DateTimeOffset At, string? Damage)
{
    /// <summary>How far the ledger had come.</summary>
    public required LedgerMark Ledger { get; init; }

    /// <summary>The bytes of the queue file that was kept; throws a <see cref="Core.Storage.StoreException"/> when they cannot be read.</summary>
    public required Func<byte[]> Read { get; init; }

    /// <summary>What they say, where that has been read already.</summary>
    public QueueDocument? Document { get; init; }
}
