using Nightmail.Core.Emails;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Salvage;

namespace Nightmail.Store.File.Transactions;

/// <summary>Begins transactions on what is there now, which is made a queue again first where it is none of ours. Needs the queue's lock.</summary>
internal sealed class TransactionStart(IDisk disk, QueuePaths paths, QueueMemory memory, Mender mender, Func<string, bool> isAlive, TimeProvider time)
{
    /// <summary>The queue and its ledger at this moment.</summary>
    public QueueView See(QueueDocument document) => new(document, memory.Ledger, isAlive, time.GetUtcNow());

    /// <summary>A transaction on the queue.</summary>
    /// <exception cref="UnsettledQueueException">Somebody may be in the middle of writing it.</exception>
    public Transaction OnQueue()
    {
        memory.Ledger.Refresh();
        return memory.Queue.Read(underLock: true) switch
        {
            Sighting.Unsettled unsettled => throw new UnsettledQueueException(unsettled.File.Why, unsettled.Wait),
            Sighting.Good good => New(good.Document, null),
            var found => Mended(mender.Of(found, See, memory.Ledger, time.GetUtcNow())),
        };
    }

    /// <summary>A transaction that merges what somebody saved into the queue as it is.</summary>
    public Transaction OnSave(Sighting save, QueueDocument current) => Mended(mender.OfSave(save, current, See, time.GetUtcNow()));

    private Transaction Mended(Mending mending)
    {
        var transaction = New(mending.Document, mending);
        transaction.Open();
        mending.Apply(transaction);
        transaction.Commit();
        return transaction;
    }

    private Transaction New(QueueDocument document, Mending? mending) => new(document, memory.Ledger, memory.Keys, isAlive, HasBlob, time.GetUtcNow()) { Mending = mending };

    private bool HasBlob(BlobRef blob) => FileBlobStore.PathOf(paths.Blobs, blob) is { } path && disk.Stat(path) is { IsFolder: false } stat && stat.Length == blob.Size;
}
