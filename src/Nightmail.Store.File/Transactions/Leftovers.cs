using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;
using Nightmail.Store.File.Revisions;

namespace Nightmail.Store.File.Transactions;

/// <summary>What a process that died inside the lock has left: it is made durable, taken over or removed before anything is decided.</summary>
internal sealed class Leftovers(IDisk disk, QueuePaths paths, SendLedger ledger, KeyFile keys, RevisionLog revisions, QueueSwap swap)
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
            if (!name.StartsWith(paths.TemporaryPrefix, StringComparison.Ordinal) || !name.EndsWith(QueuePaths.TemporaryEnding, StringComparison.Ordinal)) continue;
            var path = Path.Combine(paths.Folder, name);
            if (paths.IsSaved(name) || IsDisplacedSave(path)) swap.Adopt(path);
            else AtomicFile.TryDelete(disk, path);
        }
    }

    /// <summary>True for a queue that was displaced by its next revision and is none of ours. One that was still to become the queue has a later revision than any that was.</summary>
    private bool IsDisplacedSave(string path)
    {
        if (revisions.Newest() is not { } newest || disk.ReadAll(path) is not { } bytes) return false;
        try
        {
            return QueueScanner.Scan(bytes, null, path).Revision <= newest.Revision && !revisions.Load().Knows(bytes);
        }
        catch (Exception unreadable) when (unreadable is UnreadableQueueException or StoreException)
        {
            return false;
        }
    }
}
