using Nightmail.Core.Delivery;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;
using Nightmail.Store.File.Revisions;

namespace Nightmail.Store.File.Transactions;

/// <summary>The queue as a whole, under its lock, for what is more than a change of rows: backups, restore, clean-up.</summary>
/// <param name="document">The file as it lies on the disk.</param>
/// <param name="replace">Writes it, takes what others saved at that moment, and gives back what has become of it.</param>
internal sealed class Maintenance(QueueDocument document, Func<QueueDocument, QueueSerializer.Change, WrittenFirst, QueueDocument> replace)
{
    /// <summary>The file as it lies on the disk now.</summary>
    public QueueDocument Document { get; private set; } = document;

    /// <summary>The ledger.</summary>
    public required SendLedger Ledger { get; init; }

    /// <summary>The idempotency keys.</summary>
    public required KeyFile Keys { get; init; }

    /// <summary>The backups.</summary>
    public required BackupFolder Backups { get; init; }

    /// <summary>What the queue was.</summary>
    public required RevisionLog Revisions { get; init; }

    /// <summary>Whether a worker lives.</summary>
    public required Func<string, bool> IsAlive { get; init; }

    /// <summary>The present.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Writes the file: a document, which need not be the present one, with a change to it.</summary>
    public void Replace(QueueDocument before, QueueSerializer.Change change) => Replace(before, change, WrittenFirst.Nothing);

    /// <summary>Writes the file, once there is room for it and something else is durable.</summary>
    public void Replace(QueueDocument before, QueueSerializer.Change change, WrittenFirst first) => Document = replace(before, change, first);
}

/// <summary>What has to be durable before a queue takes its place.</summary>
/// <param name="Keys">Idempotency keys.</param>
/// <param name="Entries">Lines of the ledger.</param>
/// <param name="Above">Sequences that rows know of are not given again.</param>
internal sealed record WrittenFirst(IReadOnlyList<SeenKey> Keys, IReadOnlyList<LedgerEntry> Entries, long Above)
{
    /// <summary>Nothing.</summary>
    public static WrittenFirst Nothing { get; } = new([], [], 0);
}
