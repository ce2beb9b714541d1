using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Guard;
using Nightmail.Store.File.Ledger;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.CleanUp;

/// <summary>One clean-up, under the queue's lock. Each part for itself: one that fails is told and stops no other.</summary>
internal sealed class CleanUpPass(IDisk disk, QueuePaths paths, QueueFileOptions options, Maintenance queue)
{
    /// <summary>Cleans up.</summary>
    /// <returns>How many emails left the queue.</returns>
    /// <exception cref="StoreException">The queue could not be written.</exception>
    public int Run(TimeSpan retention)
    {
        // Before a change makes the folder of the backups anew, and empty.
        var isShelfThere = false;
        Try("entries of the ledger", () =>
        {
            isShelfThere = queue.Backups.LedgerMarks() is not null;
            return 0;
        });
        var pruned = Prune(retention);
        Try("leftover files", () => RemoveLeftovers(paths.Folder));
        Try("leftover files", () => RemoveLeftovers(paths.Ledger));
        // Asked again: what the change has made a backup of counts too.
        Try("entries of the ledger", () => isShelfThere && queue.Backups.LedgerMarks() is { } marked ? queue.Ledger.Shorten(marked) : 0);
        Try("kept revisions", queue.Revisions.RemoveOld);
        Try("attachments", () => new BlobSweep(disk, paths, queue.Now).Run());
        Try("backups", () => queue.Backups.Prune().Count);
        Try("idempotency keys", () => queue.Keys.Forget(seen => IsOver(seen.At, options.KeyRetention) && queue.Document.Find(seen.Email)?.Email?.Status.IsFinal() != false));
        Try("permissions", TightenPermissions);
        return pruned;
    }

    private int TightenPermissions()
    {
        foreach (var wide in Permissions.Wide(disk, paths)) Permissions.Tighten(disk, wide, options.Observer);
        return 0;
    }

    private int Prune(TimeSpan retention)
    {
        var going = queue.Document.Entries.Where(entry => IsGoing(entry, retention)).OrderBy(entry => entry.Email!.LastModified).Take(options.MostPruned).ToHashSet();
        if (going.Count == 0) return 0;
        var statistics = queue.Document.Statistics;
        List<SeenKey> keys = [];
        foreach (var entry in going)
        {
            statistics = statistics with { Pruned = statistics.Pruned.With(entry.Email!.Status, 1) };

            // Its adder may have died before it noted the key, which then goes with the row.
            if (entry.Email.IdempotencyKey is { } key && queue.Keys.Find(key.Key) is null) keys.Add(new(key, entry.Id, entry.Email.CreatedAt));
        }

        queue.Backups.KeepIfDue();
        var left = queue.Document.With([.. queue.Document.Entries.Where(entry => !going.Contains(entry))]);
        // The queue without them is prepared before a last word is said: on a full disk nothing is begun.
        WrittenFirst first = new(keys, [.. going.Where(HasNoLastWord).Select(entry => LastWord(entry.Email!))], queue.Document.MaxLedgerLast);
        queue.Replace(left, new(new(), statistics, queue.Document.SendingPaused, queue.Now), first);
        foreach (var entry in going) options.Observer.On(new StoreEvent.Changed(entry.Id, entry.Email!.Status, null));
        return going.Count;
    }

    /// <summary>Only what is final, by the row and by a ledger that can be understood, and has been so for long enough.</summary>
    private bool IsGoing(QueueEntry entry, TimeSpan retention) =>
        entry.Status?.IsFinal() == true && entry.Email is { } row && row.Status.IsFinal() && IsOver(row.LastModified, retention)
        && (queue.Ledger.LastSequenceOf(entry.Id) <= row.LedgerLast || queue.Ledger.HasLastWord(entry.Id)) && queue.Ledger.Understands(entry.Id);

    /// <summary>True for one of which the ledger has something to say and has not yet said the last. One that failed may be retried from a backup: of that all has to be known.</summary>
    private bool HasNoLastWord(QueueEntry entry) =>
        entry.Status is EmailStatus.Sent or EmailStatus.Cancelled && queue.Ledger.LastSequenceOf(entry.Id) > 0 && !queue.Ledger.HasLastWord(entry.Id);

    private LedgerEntry LastWord(ScheduledEmail row) => new() { Kind = LedgerKind.Over, Email = row.Id, At = queue.Now, Attempt = row.Attempts, Status = row.Status };

    private bool IsOver(DateTimeOffset since, TimeSpan retention) => queue.Now - since > retention;

    /// <summary>Under the lock nobody has a temporary file here: whoever made one is dead. What somebody saved waits to be merged, and is none.</summary>
    private int RemoveLeftovers(string folder)
    {
        var ours = Path.GetFileName(paths.Stem);
        var left = disk.List(folder).Where(name => name.EndsWith(QueuePaths.TemporaryEnding, StringComparison.Ordinal)
            && (name.StartsWith(paths.TemporaryPrefix, StringComparison.Ordinal) || name.StartsWith(ours + ".", StringComparison.Ordinal) || folder == paths.Ledger)
            && !paths.IsSaved(name));
        return left.Count(name => disk.Delete(Path.Combine(folder, name)));
    }

    private void Try(string what, Func<int> part)
    {
        try
        {
            if (part() is > 0 and var count) options.Observer.On(new StoreEvent.Done($"cleaned up {what}: {count} removed"));
        }
        catch (StoreException failed)
        {
            options.Observer.On(new StoreEvent.Warned($"could not clean up {what}: {failed.Message}"));
        }
    }
}
