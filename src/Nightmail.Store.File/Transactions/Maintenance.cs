using Nightmail.Core.Delivery;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;
using Nightmail.Store.File.Revisions;

namespace Nightmail.Store.File.Transactions;

/// <summary>The queue as a whole, under its lock, for what is more than a change of rows: backups, restore, clean-up.</summary>
/// <param name="document">The file as it lies on the disk.</param>
/// <param name="replace">Writes it, takes what others saved at that moment, and gives back what has become of it.</param>
/// <param name="append">Appends to the ledger.</param>
internal sealed class Maintenance(QueueDocument document, Func<QueueDocument, QueueSerializer.Change, QueueDocument> replace, Action<IReadOnlyList<LedgerEntry>, long> append)
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

    /// <summary>Appends to the ledger; returns when that is durable.</summary>
    /// <param name="entries">What is to be appended.</param>
    /// <param name="above">Sequences that rows know of are not given again.</param>
    public void Append(IReadOnlyList<LedgerEntry> entries, long above) => append(entries, above);

    /// <summary>Writes the file: a document, which need not be the present one, with a change to it.</summary>
    public void Replace(QueueDocument before, QueueSerializer.Change change) => Document = replace(before, change);
}
