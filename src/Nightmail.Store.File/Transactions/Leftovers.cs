using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Ledger;

namespace Nightmail.Store.File.Transactions;

/// <summary>What a process that died inside the lock has left: it is made durable, taken over or removed before anything is decided.</summary>
internal sealed class Leftovers(IDisk disk, QueuePaths paths, SendLedger ledger, KeyFile keys, QueueSwap swap)
{
    /// <summary>Needs the queue's lock.</summary>
    public void Settle()
    {
        ledger.SyncLeftovers();
        keys.SyncLeftovers();
        if (disk.Stat(paths.Queue) is not null) disk.SyncFolder(paths.Folder);
        foreach (var name in disk.List(paths.Folder))
        {
            // Only who holds the lock has a temporary file, and that is us.
            if (name.StartsWith(paths.TemporaryPrefix, StringComparison.Ordinal) && name.EndsWith(QueuePaths.TemporaryEnding, StringComparison.Ordinal) && !paths.IsSaved(name))
                AtomicFile.TryDelete(disk, Path.Combine(paths.Folder, name));
        }

        swap.Adopt();
    }
}
