using System.Diagnostics.CodeAnalysis;
using Nightmail.Core.Accounts;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Revisions;
using Nightmail.Store.File.Salvage;
using Nightmail.Store.File.Workers;
using static Nightmail.Store.File.Transactions.RequestTroubles;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// All that a store keeps in memory: the queue and the ledger as last seen. It never runs ahead of the disk: after any failure it is
/// forgotten and read again. One thread at a time is inside.
/// </summary>
internal sealed class QueueState
{
    private readonly Lock gate = new();
    private readonly QueuePaths paths;
    private readonly TimeProvider time;
    private readonly QueueMemory memory;
    private readonly WorkerFolder workers;
    private readonly BackupFolder backups;
    private readonly RevisionLog revisions;
    private readonly QueueSwap swap;
    private readonly Leftovers leftovers;
    private readonly TransactionStart start;
    private readonly QueueWriter queueWriter;
    private readonly SaveTaker saves;

    public QueueState(IDisk disk, QueuePaths paths, WorkerFolder workers, QueueFileOptions options, string writer, TimeProvider time)
    {
        (this.paths, this.workers, this.time) = (paths, workers, time);
        var size = new QueueSize(options.MostBytes);
        var serializer = new QueueSerializer();
        var reports = new RecoveryReportFile(disk, paths.Reports);
        revisions = new(disk, paths.Revisions, time);
        memory = new(new(disk, paths, revisions, size, time), new(disk, paths.Ledger, options.LedgerSegment, writer, time), new(disk, paths.Ledger));
        backups = new(disk, paths, memory.Ledger, options, writer, time);
        swap = new(disk, paths, writer, time);
        leftovers = new(disk, paths, memory.Ledger, memory.Keys, swap);
        start = new(disk, paths, memory, new(disk, paths, revisions, serializer, backups, writer), workers.IsAlive, time);
        queueWriter = new(disk, paths, memory, serializer, revisions, backups, reports, swap, size, options, writer);
        saves = new(disk, paths, memory, start, queueWriter, swap, revisions, reports, options, writer, time);
    }

    /// <summary>After how long somebody's save, displaced by a write of ours, is to be merged at the earliest; null: none waits.</summary>
    public TimeSpan? MergeDueIn
    {
        get { lock (gate) return swap.DueIn; }
    }

    /// <summary>Nothing could be done, so no save could be merged.</summary>
    public void PutOffMerges()
    {
        lock (gate) swap.PutOff();
    }

    /// <summary>Looks at what is there now, without the lock, and lets <paramref name="look"/> answer from it.</summary>
    /// <returns>False when the file has to be mended first, which only a transaction can.</returns>
    public bool TryLook<T>(Func<QueueView, T> look, [MaybeNullWhen(false)] out T answer)
    {
        lock (gate)
        {
            try
            {
                // The ledger first: a row that is newer than it is right as it stands, one that is older would look doubtful.
                memory.Ledger.Refresh();
                answer = default;
                var found = memory.Queue.Read(underLock: false);
                var document = found is Sighting.Good good ? good.Document : found is Sighting.Unsettled ? memory.Queue.LastGood() : null;
                if (document is null) return false;
                answer = look(start.See(document));
                return true;
            }
            catch (StoreException)
            {
                memory.Forget();
                throw;
            }
        }
    }

    /// <summary>Lets <paramref name="look"/> answer from the newest good state, whatever the file holds.</summary>
    public T LookAtLastGood<T>(Func<QueueView, T> look)
    {
        lock (gate)
        {
            memory.Ledger.Refresh();
            return look(start.See(memory.Queue.LastGood() ?? QueueDocument.Empty));
        }
    }

    /// <summary>The revision of the file as it lies there.</summary>
    /// <exception cref="StoreException">It cannot be read, or not yet, or not any more.</exception>
    public long Inspect()
    {
        lock (gate)
        {
            return memory.Queue.Read(underLock: false) switch
            {
                Sighting.Good good => good.Document.Revision,
                Sighting.Foreign foreign => foreign.Document.Revision,
                Sighting.Damaged damaged => throw new StoreException(StoreTrouble.Unreadable, $"{paths.Queue} is damaged: {damaged.File.Why}; the next command salvages what it can"),
                Sighting.Unsettled unsettled => throw new StoreException(StoreTrouble.Unreadable, $"{paths.Queue} cannot be read at the moment: {unsettled.File.Why}; somebody may be writing it"),
                _ => throw new InvalidOperationException(),
            };
        }
    }

    /// <summary>Carries out the requests in one go, under the held lock; each is completed or failed by the caller, as its trouble says.</summary>
    /// <returns>For each request what went wrong with it, or null; whether the queue was written; and what that did to the circuits of accounts.</returns>
    /// <exception cref="UnsettledQueueException">Nothing was done: they are to be tried again.</exception>
    public (Exception?[] Troubles, bool Written, IReadOnlyList<AccountChange> Accounts) Execute(IReadOnlyList<Request> requests, HeldLock held)
    {
        lock (gate)
        {
            var troubles = new Exception?[requests.Count];
            try
            {
                SyncLeftovers_NeedsGate(held);
                while (true)
                {
                    var transaction = Apply_NeedsGate(requests, troubles);
                    if (queueWriter.Write(transaction, requests, troubles, held) is { } written) return (troubles, saves.Take(held) || written, transaction.AccountChanges);
                }
            }
            catch (Exception broken) when (broken is not OutOfMemoryException)
            {
                memory.Forget();
                // Whoever waits must hear of it, whatever it is, unless it is to be tried again.
                if (broken is UnsettledQueueException) throw;
                swap.PutOff();
                FailWhere(requests, troubles, _ => true, Undone(broken));
                return (troubles, false, []);
            }
        }
    }

    /// <summary>Does something with the queue as a whole, under the held lock. Whatever goes wrong, the file is as it was, unless the exception says that it stands.</summary>
    public T Maintain<T>(HeldLock held, Func<Maintenance, T> work)
    {
        lock (gate)
        {
            try
            {
                SyncLeftovers_NeedsGate(held);
                // What somebody saved is news that everything that follows has to know.
                swap.Adopt();
                Mended_NeedsGate(held);
                saves.Take(held);
                return work(new(Mended_NeedsGate(held), (before, change, first) => Replace_NeedsGate(before, change, first, held))
                {
                    Ledger = memory.Ledger, Keys = memory.Keys, Backups = backups, Revisions = revisions, IsAlive = workers.IsAlive, Now = time.GetUtcNow(),
                });
            }
            catch
            {
                memory.Forget();
                throw;
            }
        }
    }

    private QueueDocument Mended_NeedsGate(HeldLock held)
    {
        memory.Ledger.Refresh();
        var found = memory.Queue.Read(underLock: true);
        if (found is Sighting.Foreign or Sighting.Damaged)
        {
            Execute([], held);
            memory.Ledger.Refresh();
            found = memory.Queue.Read(underLock: true);
        }

        return found is Sighting.Good good ? good.Document
            : throw new StoreException(StoreTrouble.Busy, $"{paths.Queue} cannot be read now, and somebody may be writing it; nothing was changed: try again in a few seconds");
    }

    /// <summary>What was written stands: whatever goes wrong after that is found by the next look.</summary>
    private QueueDocument Replace_NeedsGate(QueueDocument before, QueueSerializer.Change change, WrittenFirst first, HeldLock held)
    {
        var written = queueWriter.Replace(before, change, first, held);
        saves.Take(held);
        try
        {
            memory.Ledger.Refresh();
            return memory.Queue.Read(underLock: true) is Sighting.Good good ? good.Document : written;
        }
        catch (StoreException)
        {
            return written;
        }
    }

    private Transaction Apply_NeedsGate(IReadOnlyList<Request> requests, Exception?[] troubles)
    {
        var transaction = start.OnQueue();
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

    /// <summary>
    /// Whoever held the lock before died inside: what it wrote is made durable before anything is decided by it, and its temporary files go. Or all is
    /// well, and only saves wait that this process may not know of.
    /// </summary>
    private void SyncLeftovers_NeedsGate(HeldLock held)
    {
        if (held.LeftBehind)
        {
            held.LeavesTrouble = true;
            leftovers.Settle();
            held.LeavesTrouble = false;
        }
        else if (held.LeftSaves) swap.Adopt();
    }
}
