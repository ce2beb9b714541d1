using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;
using Nightmail.Store.File.Workers;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// All that a store keeps in memory: the queue and the ledger as last seen. It never runs ahead of the disk: after any failure it is
/// forgotten and read again. One thread at a time is inside.
/// </summary>
internal sealed class QueueState
{
    private readonly Lock gate = new();
    private readonly IDisk disk;
    private readonly QueuePaths paths;
    private readonly TimeProvider time;
    private readonly string writer;
    private readonly QueueCache queue;
    private readonly SendLedger ledger;
    private readonly KeyFile keys;
    private readonly WorkerFolder workers;
    private readonly QueueSerializer serializer = new();
    private long writes;

    public QueueState(IDisk disk, QueuePaths paths, WorkerFolder workers, string writer, TimeProvider time)
    {
        (this.disk, this.paths, this.workers, this.writer, this.time) = (disk, paths, workers, writer, time);
        queue = new(disk, paths.Queue);
        ledger = new(disk, paths.Ledger, writer, time);
        keys = new(disk, paths.Ledger);
    }

    /// <summary>Looks at what is there now, without the lock, and lets <paramref name="look"/> answer from it.</summary>
    public T Look<T>(Func<QueueView, T> look)
    {
        lock (gate)
        {
            try
            {
                // The ledger first: a row that is newer than it is right as it stands, one that is older would look doubtful.
                ledger.Refresh(underLock: false);
                return look(new(queue.Read(), ledger, workers.IsAlive, time.GetUtcNow()));
            }
            catch (StoreException)
            {
                Forget_NeedsGate();
                throw;
            }
        }
    }

    /// <summary>Carries out the requests in one go, under the held lock; each is completed or failed by the caller, as its trouble says.</summary>
    /// <returns>For each request what went wrong with it, or null; and whether the queue was written.</returns>
    public (Exception?[] Troubles, bool Written) Execute(IReadOnlyList<Request> requests, HeldLock held)
    {
        lock (gate)
        {
            var troubles = new Exception?[requests.Count];
            try
            {
                if (held.LeftBehind) SyncLeftovers_NeedsGate();
                while (true)
                {
                    var transaction = Apply_NeedsGate(requests, troubles);
                    if (WriteLedger_NeedsGate(held) is { } broken)
                    {
                        Forget_NeedsGate();
                        FailWhere(requests, troubles, trace => trace.Ledger, broken);
                        continue;
                    }

                    return (troubles, Write_NeedsGate(transaction, requests, troubles, held));
                }
            }
            catch (Exception broken) when (broken is not OutOfMemoryException)
            {
                // Whoever waits must hear of it, whatever it is.
                Forget_NeedsGate();
                FailWhere(requests, troubles, _ => true, broken);
                return (troubles, false);
            }
        }
    }

    private Transaction Apply_NeedsGate(IReadOnlyList<Request> requests, Exception?[] troubles)
    {
        ledger.Refresh(underLock: true);
        var transaction = new Transaction(queue.Read(), ledger, keys, workers.IsAlive, HasBlob, time.GetUtcNow());
        for (var index = 0; index < requests.Count; index++)
        {
            if (troubles[index] is not null) continue;
            transaction.Open();
            try
            {
                requests[index].Apply(transaction);
                requests[index].Trace = transaction.Commit();
            }
            catch (Exception failed) when (failed is not OutOfMemoryException)
            {
                // One request's fault is its own.
                transaction.Discard();
                troubles[index] = failed;
            }
        }

        return transaction;
    }

    private StoreException? WriteLedger_NeedsGate(HeldLock held)
    {
        try
        {
            ledger.WriteStaged();
            return null;
        }
        catch (StoreException broken)
        {
            held.LeavesTrouble = true;
            return broken;
        }
    }

    private bool Write_NeedsGate(Transaction transaction, IReadOnlyList<Request> requests, Exception?[] troubles, HeldLock held)
    {
        var written = false;
        try
        {
            if (transaction.HasRowChanges)
            {
                var document = serializer.Serialize(transaction.Document, transaction.ToChange());
                AtomicFile.Replace(disk, paths.Temporary($"{writer}-{++writes}"), paths.Queue, document.Bytes);
                queue.Written(document);
                serializer.Recycle(transaction.Document);
                written = true;
            }
        }
        catch (Exception broken) when (broken is StoreException or InvalidOperationException)
        {
            Forget_NeedsGate();
            var stands = broken is StoreException { Trouble: StoreTrouble.NotYetSafe };
            held.LeavesTrouble |= stands;
            FailWhere(requests, troubles, trace => trace.Rows, broken);
            if (!stands) return false;
            written = true;
        }

        try
        {
            keys.Append(transaction.AddedKeys);
        }
        catch (StoreException broken)
        {
            keys.Forget();
            FailWhere(requests, troubles, trace => trace.Keys,
                new StoreException(StoreTrouble.NotYetSafe, $"the email is kept, but its idempotency key is not yet: {broken.Message}", broken));
        }

        return written;
    }

    private static void FailWhere(IReadOnlyList<Request> requests, Exception?[] troubles, Func<RequestTrace, bool> touched, Exception why)
    {
        for (var index = 0; index < requests.Count; index++)
        {
            if (troubles[index] is null && touched(requests[index].Trace)) troubles[index] = why;
        }
    }

    /// <summary>Whoever held the lock before died inside: what it wrote is made durable before anything is decided by it, and its temporary files go.</summary>
    private void SyncLeftovers_NeedsGate()
    {
        ledger.SyncLeftovers();
        keys.SyncLeftovers();
        if (disk.Stat(paths.Queue) is not null) disk.SyncFolder(paths.Folder);
        foreach (var name in disk.List(paths.Folder))
        {
            // Only who holds the lock has a temporary file, and that is us.
            if (name.StartsWith(paths.TemporaryPrefix, StringComparison.Ordinal) && name.EndsWith(QueuePaths.TemporaryEnding, StringComparison.Ordinal))
                AtomicFile.TryDelete(disk, Path.Combine(paths.Folder, name));
        }
    }

    private bool HasBlob(BlobRef blob) => FileBlobStore.PathOf(paths.Blobs, blob) is { } path && disk.Stat(path) is { IsFolder: false } stat && stat.Length == blob.Size;

    private void Forget_NeedsGate()
    {
        queue.Forget();
        ledger.Forget();
        keys.Forget();
    }
}
