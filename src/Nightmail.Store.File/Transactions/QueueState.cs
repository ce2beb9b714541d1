using System.Diagnostics.CodeAnalysis;
using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;
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
    private readonly IDisk disk;
    private readonly QueuePaths paths;
    private readonly TimeProvider time;
    private readonly string writer;
    private readonly QueueCache queue;
    private readonly SendLedger ledger;
    private readonly KeyFile keys;
    private readonly WorkerFolder workers;
    private readonly BackupFolder backups;
    private readonly QueueFileOptions options;
    private readonly QueueSerializer serializer = new();
    private readonly RevisionLog revisions;
    private readonly RecoveryReportFile reports;
    private readonly Mender mender;
    private readonly QueueSwap swap;
    private readonly Leftovers leftovers;
    private Mending? mending;
    private long writes;

    public QueueState(IDisk disk, QueuePaths paths, WorkerFolder workers, QueueFileOptions options, string writer, TimeProvider time)
    {
        (this.disk, this.paths, this.workers, this.options, this.writer, this.time) = (disk, paths, workers, options, writer, time);
        revisions = new(disk, paths.Revisions, time);
        queue = new(disk, paths, revisions, time);
        ledger = new(disk, paths.Ledger, writer, time);
        keys = new(disk, paths.Ledger);
        backups = new(disk, paths, ledger, options, writer, time);
        reports = new(disk, paths.Reports);
        mender = new(disk, paths, revisions, serializer, backups, writer);
        swap = new(disk, paths, writer, time);
        leftovers = new(disk, paths, ledger, keys, revisions, swap);
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
                ledger.Refresh();
                answer = default;
                var found = queue.Read(underLock: false);
                var document = found is Sighting.Good good ? good.Document : found is Sighting.Unsettled ? queue.LastGood() : null;
                if (document is null) return false;
                answer = look(See(document));
                return true;
            }
            catch (StoreException)
            {
                Forget_NeedsGate();
                throw;
            }
        }
    }

    /// <summary>Lets <paramref name="look"/> answer from the newest good state, whatever the file holds.</summary>
    public T LookAtLastGood<T>(Func<QueueView, T> look)
    {
        lock (gate)
        {
            ledger.Refresh();
            return look(See(queue.LastGood() ?? QueueDocument.Empty));
        }
    }

    /// <summary>The revision of the file as it lies there.</summary>
    /// <exception cref="StoreException">It cannot be read, or not yet, or not any more.</exception>
    public long Inspect()
    {
        lock (gate)
        {
            return queue.Read(underLock: false) switch
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
                if (held.LeftBehind) SyncLeftovers_NeedsGate(held);
                while (true)
                {
                    var transaction = Apply_NeedsGate(requests, troubles);
                    if (Prepare_NeedsGate(transaction, requests, troubles) is not { } prepared) continue;
                    if (!WriteLedger_NeedsGate(transaction, prepared, requests, troubles, held)) continue;
                    var written = Write_NeedsGate(transaction, prepared, requests, troubles, held);
                    return (troubles, TakeSaves_NeedsGate(held) || written, transaction.AccountChanges);
                }
            }
            catch (Exception broken) when (broken is not OutOfMemoryException)
            {
                Forget_NeedsGate();
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
                if (held.LeftBehind) SyncLeftovers_NeedsGate(held);
                ledger.Refresh();
                var done = work(new()
                {
                    Document = Mended_NeedsGate(held), Ledger = ledger, Keys = keys, Backups = backups, Revisions = revisions, IsAlive = workers.IsAlive, Now = time.GetUtcNow(),
                    Replace = (before, change) => Replace_NeedsGate(before, change, held),
                });
                TakeSaves_NeedsGate(held);
                return done;
            }
            catch
            {
                Forget_NeedsGate();
                throw;
            }
        }
    }

    private QueueDocument Mended_NeedsGate(HeldLock held)
    {
        var found = queue.Read(underLock: true);
        if (found is Sighting.Foreign or Sighting.Damaged)
        {
            Execute([], held);
            ledger.Refresh();
            found = queue.Read(underLock: true);
        }

        return found is Sighting.Good good ? good.Document
            : throw new StoreException(StoreTrouble.Busy, $"{paths.Queue} cannot be read now, and somebody may be writing it; nothing was changed: try again in a few seconds");
    }

    private void Replace_NeedsGate(QueueDocument before, QueueSerializer.Change change, HeldLock held)
    {
        try
        {
            var document = serializer.Serialize(before, change);
            var temporary = paths.Temporary($"{writer}-{++writes}");
            AtomicFile.Prepare(disk, temporary, document.Bytes);
            swap.Put(temporary, queue.LastRead.Span);
            queue.Written(document);
            revisions.Note(before, document, null, []);
        }
        catch (StoreException broken)
        {
            held.LeavesTrouble |= broken.Trouble == StoreTrouble.NotYetSafe;
            throw;
        }
    }

    /// <summary>Merges what somebody saved while the queue was being replaced, like any other save, with what it has become.</summary>
    /// <returns>True when that was written.</returns>
    private bool TakeSaves_NeedsGate(HeldLock held)
    {
        var taken = false;
        foreach (var save in swap.Due())
        {
            try
            {
                if (queue.Read(underLock: true) is not Sighting.Good current) break;
                if (queue.ReadSave(save.Path) is { } found and not Sighting.Unsettled)
                {
                    mending = mender.OfSave(found, current.Document, See, time.GetUtcNow());
                    var transaction = Begin_NeedsGate(current.Document);
                    var prepared = Prepare_NeedsGate(transaction, [], []);
                    if (prepared is null || !WriteLedger_NeedsGate(transaction, prepared, [], [], held) || !Write_NeedsGate(transaction, prepared, [], [], held)) throw new StoreException(StoreTrouble.Unwritable, "the queue cannot be written");
                    taken = true;
                }
                else if (disk.Stat(save.Path) is not null) continue;

                swap.Done(save);
            }
            catch (Exception broken) when (broken is StoreException or InvalidOperationException)
            {
                if (save.PutOff()) options.Observer.On(new StoreEvent.Warned($"what somebody saved in the moment of a change waits as {save.Path}: {broken.Message}"));
            }
        }

        held.LeavesTrouble |= swap.DueIn is not null;
        return taken;
    }

    private Transaction Apply_NeedsGate(IReadOnlyList<Request> requests, Exception?[] troubles)
    {
        ledger.Refresh();
        var transaction = Open_NeedsGate();
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

    /// <summary>A transaction on what is there now, which is made a queue again first where it is none of ours.</summary>
    private Transaction Open_NeedsGate()
    {
        var found = queue.Read(underLock: true);
        if (found is Sighting.Unsettled unsettled) throw new UnsettledQueueException(unsettled.File.Why, unsettled.Wait);
        mending = found is Sighting.Good ? null : mender.Of(found, See, ledger, time.GetUtcNow());
        return Begin_NeedsGate((found as Sighting.Good)?.Document);
    }

    private Transaction Begin_NeedsGate(QueueDocument? good)
    {
        var transaction = new Transaction(mending?.Document ?? good!, ledger, keys, workers.IsAlive, HasBlob, time.GetUtcNow()) { IsMending = mending is not null };
        if (mending is null) return transaction;
        transaction.Open();
        mending.Apply(transaction);
        transaction.Commit();
        return transaction;
    }

    private QueueView See(QueueDocument document) => new(document, ledger, workers.IsAlive, time.GetUtcNow());

    /// <summary>
    /// Puts what the queue is to become beside it. This is what needs space and what can be odd, so it comes before the ledger: a full disk
    /// then changes nothing at all.
    /// </summary>
    /// <returns>Null when it could not; the requests that wanted it have failed, and the others are to be applied again.</returns>
    private PreparedQueue? Prepare_NeedsGate(Transaction transaction, IReadOnlyList<Request> requests, Exception?[] troubles)
    {
        if (!transaction.HasRowChanges) return PreparedQueue.None;
        try
        {
            if (queue.IsUnversioned) backups.Keep("before an older program's file is rewritten");
            var document = serializer.Serialize(transaction.Document, transaction.ToChange());
            var temporary = paths.Temporary($"{writer}-{++writes}");
            AtomicFile.Prepare(disk, temporary, document.Bytes);
            return new(document, temporary);
        }
        catch (Exception broken) when (broken is StoreException or InvalidOperationException)
        {
            Forget_NeedsGate();
            // Without it no request can go on: they were applied to what the file was to become.
            if (transaction.IsMending) throw;
            FailWhere(requests, troubles, trace => trace.Rows, broken);
            return null;
        }
    }

    /// <summary>Makes the ledger's part durable.</summary>
    /// <returns>False when it could not: all that was to be written has failed.</returns>
    private bool WriteLedger_NeedsGate(Transaction transaction, PreparedQueue prepared, IReadOnlyList<Request> requests, Exception?[] troubles, HeldLock held)
    {
        try
        {
            ledger.WriteStaged();
            return true;
        }
        catch (StoreException broken)
        {
            // Lines may be there to be read that a loss of power takes away. No row may rest on them.
            held.LeavesTrouble = true;
            if (prepared.Temporary is { } temporary) AtomicFile.TryDelete(disk, temporary);
            Forget_NeedsGate();
            ledger.Refresh();
            FailWhere(requests, troubles, trace => trace.Rows || trace.Lines.Count > 0, trace => Holding(ledger, trace, broken) ?? Undone(broken));
            Forget_NeedsGate();
            if (transaction.IsMending) throw;
            return false;
        }
    }

    private bool Write_NeedsGate(Transaction transaction, PreparedQueue prepared, IReadOnlyList<Request> requests, Exception?[] troubles, HeldLock held)
    {
        var written = false;
        if (prepared is { Document: { } document, Temporary: { } temporary })
        {
            try
            {
                if (transaction.Document.Length > 0) backups.KeepIfDue();
                swap.Put(temporary, queue.LastRead.Span);
                queue.Written(document);
                transaction.Tell(options.Observer);
                Note_NeedsGate(transaction, document);
                serializer.Recycle(transaction.Document);
                written = true;
            }
            catch (StoreException broken)
            {
                written = broken.Trouble == StoreTrouble.NotYetSafe;
                held.LeavesTrouble |= written;
                FailWhere(requests, troubles, trace => trace.Rows, trace => written ? Named(trace, broken) : Holding(ledger, trace, broken) ?? broken);
                Forget_NeedsGate();
                if (!written) return false;
            }
        }

        try
        {
            keys.Append(transaction.AddedKeys);
        }
        catch (StoreException broken)
        {
            held.LeavesTrouble = true;
            keys.Forget();
            FailWhere(requests, troubles, trace => trace.Keys,
                new StoreException(StoreTrouble.NotYetSafe, $"the email is kept, but its idempotency key is not yet: {broken.Message}", broken));
        }

        return written;
    }

    /// <summary>Keeps what the file has become, so that it can be told from what others make of it; tells what had to be mended.</summary>
    private void Note_NeedsGate(Transaction transaction, QueueDocument written)
    {
        revisions.Note(transaction.Document, written, transaction.IsMending ? null : [.. transaction.Changed.Values.Select(row => written.Find(row.Id)!)], []);
        if (mending?.Report() is not { } report) return;
        reports.Announce(report, options.Observer, writer);
    }

    /// <summary>Whoever held the lock before died inside: what it wrote is made durable before anything is decided by it, and its temporary files go.</summary>
    private void SyncLeftovers_NeedsGate(HeldLock held)
    {
        held.LeavesTrouble = true;
        leftovers.Settle();
        held.LeavesTrouble = false;
    }

    private bool HasBlob(BlobRef blob) => FileBlobStore.PathOf(paths.Blobs, blob) is { } path && disk.Stat(path) is { IsFolder: false } stat && stat.Length == blob.Size;

    private void Forget_NeedsGate()
    {
        queue.Forget();
        ledger.Forget();
        keys.Forget();
    }
}
