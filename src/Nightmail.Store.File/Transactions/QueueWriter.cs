using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Revisions;
using Nightmail.Store.File.Salvage;
using static Nightmail.Store.File.Transactions.RequestTroubles;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// Makes durable what a transaction has come to: first all that needs space, then the ledger, then the queue, then the idempotency keys. What
/// fails is forgotten in memory and told to the requests that it touched. Needs the queue's lock.
/// </summary>
internal sealed class QueueWriter(
    IDisk disk, QueuePaths paths, QueueMemory memory, QueueSerializer serializer, RevisionLog revisions, BackupFolder backups, RecoveryReportFile reports, QueueSwap swap, QueueSize size, QueueFileOptions options, string writer)
{
    private long writes;

    /// <summary>Writes all of it.</summary>
    /// <param name="transaction">What is to be written.</param>
    /// <param name="requests">The requests that led to it.</param>
    /// <param name="troubles">For each request what went wrong with it.</param>
    /// <param name="held">The lock.</param>
    /// <returns>Whether the queue was written; null when it could not be, and the requests that have no trouble are to be applied again.</returns>
    public bool? Write(Transaction transaction, IReadOnlyList<Request> requests, Exception?[] troubles, HeldLock held)
    {
        if (Prepare(transaction, requests, troubles) is not { } prepared || !WriteLedger(transaction, prepared, requests, troubles, held)) return null;
        return Put(transaction, prepared, requests, troubles, held);
    }

    /// <summary>Writes a queue as a whole.</summary>
    /// <param name="before">What it is made of; it need not be what lies there now.</param>
    /// <param name="change">The change to it.</param>
    /// <param name="first">What has to be durable before.</param>
    /// <param name="held">The lock.</param>
    /// <returns>The queue as it was written.</returns>
    public QueueDocument Replace(QueueDocument before, QueueSerializer.Change change, WrittenFirst first, HeldLock held)
    {
        try
        {
            var document = serializer.Serialize(before, change);
            // What only shrinks is never in the way.
            if (document.Length > memory.Queue.LastRead.Length) size.Check(document.Length, adds: true);
            var temporary = Prepare(document);
            WriteFirst(first, temporary, held);
            swap.Put(temporary, document.Bytes, memory.Queue.LastRead.Span);
            memory.Queue.Written(document);
            revisions.Note(before, document, null, []);
            return document;
        }
        catch (StoreException broken)
        {
            held.LeavesTrouble |= broken.Trouble == StoreTrouble.NotYetSafe;
            throw;
        }
    }

    /// <summary>Makes durable what the queue that lies there prepared rests on. Where there is no room for that queue, none of this was begun.</summary>
    private void WriteFirst(WrittenFirst first, string temporary, HeldLock held)
    {
        try
        {
            if (first.Keys.Count > 0) memory.Keys.Append(first.Keys);
            foreach (var entry in first.Entries) memory.Ledger.Stage(entry, first.Above);
            if (first.Entries.Count > 0) memory.Ledger.WriteStaged();
        }
        catch (StoreException)
        {
            // Lines may be there to be read that a loss of power takes away.
            held.LeavesTrouble = true;
            memory.Keys.Forget();
            AtomicFile.TryDelete(disk, temporary);
            throw;
        }
    }

    /// <summary>
    /// Puts what the queue is to become beside it. This is what needs space and what can be odd, so it comes before the ledger: a full disk
    /// then changes nothing at all.
    /// </summary>
    /// <returns>Null when it could not; the requests that wanted it have failed, and the others are to be applied again.</returns>
    private PreparedQueue? Prepare(Transaction transaction, IReadOnlyList<Request> requests, Exception?[] troubles)
    {
        if (!transaction.HasRowChanges) return PreparedQueue.None;
        try
        {
            if (memory.Queue.IsUnversioned) backups.Keep("before an older program's file is rewritten");
            var document = serializer.Serialize(transaction.Document, transaction.ToChange());
            if (Largest(requests, troubles) is not { } largest) size.Check(document.Length, adds: false);
            else if (size.Refusal(document.Length, adds: true) is { } refusal)
            {
                // The others may well fit without it.
                troubles[largest] = refusal;
                memory.Forget();
                return null;
            }

            return new(document, Prepare(document));
        }
        catch (Exception broken) when (broken is StoreException or InvalidOperationException)
        {
            memory.Forget();
            // Without it no request can go on: they were applied to what the file was to become.
            if (transaction.Mending is not null) throw;
            FailWhere(requests, troubles, trace => trace.Rows, broken);
            return null;
        }
    }

    private string Prepare(QueueDocument document)
    {
        var temporary = paths.Temporary($"{writer}-{++writes}");
        AtomicFile.Prepare(disk, temporary, document.Bytes);
        return temporary;
    }

    /// <summary>The request that adds most to the queue; null when none adds anything.</summary>
    private static int? Largest(IReadOnlyList<Request> requests, Exception?[] troubles)
    {
        int? largest = null;
        for (var index = 0; index < requests.Count; index++)
        {
            if (troubles[index] is null && requests[index].Trace.Adds > (largest is { } before ? requests[before].Trace.Adds : 0)) largest = index;
        }

        return largest;
    }

    /// <summary>Makes the ledger's part durable.</summary>
    /// <returns>False when it could not: all that was to be written has failed.</returns>
    private bool WriteLedger(Transaction transaction, PreparedQueue prepared, IReadOnlyList<Request> requests, Exception?[] troubles, HeldLock held)
    {
        try
        {
            memory.Ledger.WriteStaged();
            return true;
        }
        catch (StoreException broken)
        {
            // Lines may be there to be read that a loss of power takes away. No row may rest on them.
            held.LeavesTrouble = true;
            if (prepared.Temporary is { } temporary) AtomicFile.TryDelete(disk, temporary);
            memory.Forget();
            memory.Ledger.Refresh();
            FailWhere(requests, troubles, trace => trace.Rows || trace.Lines.Count > 0, trace => Holding(memory.Ledger, trace, broken) ?? Undone(broken));
            memory.Forget();
            if (transaction.Mending is not null) throw;
            return false;
        }
    }

    private bool Put(Transaction transaction, PreparedQueue prepared, IReadOnlyList<Request> requests, Exception?[] troubles, HeldLock held)
    {
        var written = false;
        if (prepared is { Document: { } document, Temporary: { } temporary })
        {
            try
            {
                if (transaction.Document.Length > 0) backups.KeepIfDue();
                swap.Put(temporary, document.Bytes, memory.Queue.LastRead.Span);
                memory.Queue.Written(document);
                transaction.Tell(options.Observer);
                Note(transaction, document);
                serializer.Recycle(transaction.Document);
                written = true;
            }
            catch (StoreException broken)
            {
                written = broken.Trouble == StoreTrouble.NotYetSafe;
                held.LeavesTrouble |= written;
                FailWhere(requests, troubles, trace => trace.Rows, trace => written ? Named(trace, broken) : Holding(memory.Ledger, trace, broken) ?? broken);
                memory.Forget();
                if (!written) return false;
            }
        }

        try
        {
            memory.Keys.Append(transaction.AddedKeys);
        }
        catch (StoreException broken)
        {
            held.LeavesTrouble = true;
            memory.Keys.Forget();
            FailWhere(requests, troubles, trace => trace.Keys,
                new StoreException(StoreTrouble.NotYetSafe, $"the email is kept, but its idempotency key is not yet: {broken.Message}", broken));
        }

        return written;
    }

    /// <summary>Keeps what the file has become, so that it can be told from what others make of it; tells what had to be mended.</summary>
    private void Note(Transaction transaction, QueueDocument written)
    {
        revisions.Note(transaction.Document, written, transaction.Mending is not null ? null : [.. transaction.Changed.Values.Select(row => written.Find(row.Id)!)], []);
        if (transaction.Mending?.Report() is not { } report) return;
        reports.Announce(report, options.Observer, writer);
    }
}
