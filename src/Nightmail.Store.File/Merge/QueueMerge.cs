using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Revisions;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Merge;

/// <summary>
/// Merges a queue that somebody else has written with what is known, three ways: what they changed since the revision that they had loaded is
/// taken, by the rules and with the ledger lines of a command; what they did not know stays; what is final stays final.
/// </summary>
/// <param name="now">The queue as it is by all that is known, and its ledger.</param>
/// <param name="history">What it was.</param>
/// <param name="serializer">Compares entries.</param>
internal sealed class QueueMerge(QueueView now, RevisionHistory history, QueueSerializer serializer)
{
    private readonly List<QueueEntry> entries = [];
    private readonly List<WantedChange> wanted = [];
    private readonly List<ScheduledEmail> added = [];
    private readonly List<LedgerEntry> cancels = [];
    private readonly HashSet<string> doubled = new(StringComparer.Ordinal);
    private QueueStatistics statistics = now.Document.Statistics;

    /// <summary>What was not taken, and why: a sentence each, with line and column where there are any.</summary>
    public List<string> Notices { get; } = [];

    /// <summary>Merges in memory.</summary>
    /// <param name="theirs">What they wrote.</param>
    /// <param name="isComplete">False where an entry that is not there may only have become unreadable.</param>
    /// <returns>The queue, still without the changes that <see cref="Apply"/> makes to its rows.</returns>
    public QueueDocument Plan(QueueDocument theirs, bool isComplete)
    {
        var head = now.Document;
        // A revision's number alone may have been given twice, around a loss of power.
        var isLatest = theirs.Revision == head.Revision && theirs.LastModified == head.LastModified;
        var before = isLatest ? head : history.At(theirs.Revision);
        isComplete &= before is null || theirs.Entries.All(entry => entry.Id == default || before.Find(entry.Id) is not { } had || IsPlausible(had.Email, entry.Email));
        var seen = new Dictionary<string, QueueEntry>(StringComparer.Ordinal);
        FindDoubled(theirs);
        foreach (var entry in theirs.Entries) Sort(theirs, entry, seen);
        foreach (var entry in head.Entries)
        {
            if (seen.Remove(entry.Place, out var saved)) TakeSaved(entry, saved, before);
            else TakeMissing(entry, before, isComplete && isLatest);
        }

        foreach (var entry in theirs.Entries.Where(each => seen.TryGetValue(each.Place, out var left) && ReferenceEquals(left, each))) TakeNew(entry, before);
        var paused = before is not null && theirs.SendingPaused != before.SendingPaused ? theirs.SendingPaused : head.SendingPaused;
        if (before is not null && isComplete && CarriedMerge.ChangesCircuits(before.Carried, theirs.Carried))
            Notices.Add("the circuits under \"accounts\" are not taken; account reset NAME closes one");
        return head.With(entries, statistics, head.Revision, paused, CarriedMerge.Merge(isComplete ? before?.Carried : null, theirs.Carried, head.Carried));
    }

    /// <summary>Makes the changes that need a rule, a ledger line or both.</summary>
    public void Apply(Transaction transaction)
    {
        foreach (var cancel in cancels) transaction.Append(cancel);
        foreach (var row in added) Settle(transaction, row);
        foreach (var change in wanted) Grant(transaction, change);
    }

    /// <summary>
    /// Finds what is there twice, and what stands before it: where a block of the file was written once more, in the middle of another
    /// entry, that one got another one's end, and one of the two beginnings its own. None of them is taken.
    /// </summary>
    private void FindDoubled(QueueDocument theirs)
    {
        var head = now.Document;
        foreach (var entry in theirs.Entries)
        {
            if (entry.Email is null && EmailId.TryParse(entry.Key, out var id) && head.Find(id) is not null && theirs.Find(id)?.Email is not null && !head.Entries.Any(each => each.Email is null && serializer.Same(each, entry)))
                doubled.Add(id.ToString());
        }

        for (var index = 1; doubled.Count > 0 && index < theirs.Entries.Count; index++)
        {
            var (entry, before) = (theirs.Entries[index], theirs.Entries[index - 1]);
            if (!doubled.Contains(entry.Place) || before.Email is null || head.Find(before.Id) is not { } known || serializer.Same(known, before)) continue;
            if (doubled.Add(before.Place)) Notices.Add($"{before.Id} at {TextPlace.Of(theirs, before)} is not taken: what follows it is there twice, so that its end may be another one's; it goes on as it was");
        }
    }

    /// <summary>Puts their entries by what they are about; those that are about nothing that is known are only reported.</summary>
    private void Sort(QueueDocument theirs, QueueEntry entry, Dictionary<string, QueueEntry> seen)
    {
        var head = now.Document;
        if (entry.Email is not null)
        {
            seen.TryAdd(entry.Place, doubled.Contains(entry.Place) ? head.Find(entry.Id)! : entry);
            return;
        }

        // Damaged before, and known to be.
        if (head.Entries.Any(each => each.Email is null && serializer.Same(each, entry)))
        {
            seen.TryAdd(entry.Place, entry);
            return;
        }

        var known = EmailId.TryParse(entry.Key, out var id) && head.Find(id) is not null;
        var place = TextPlace.Of(theirs, entry);
        if (!known)
        {
            Notices.Add($"the entry '{entry.Key}' at {place} is no email: {entry.Damage}; it is set aside: it stays in the file and is not sent until it is repaired");
            seen.TryAdd(entry.Place, entry);
            return;
        }

        Notices.Add($"{id} at {place} is not taken: {entry.Damage}; it goes on as it was");
        seen.TryAdd(id.ToString(), head.Find(id)!);
    }

    private void TakeSaved(QueueEntry current, QueueEntry saved, QueueDocument? before)
    {
        var had = current.Id == default ? null : before?.Find(current.Id);
        if (current.Email is not { } row || saved.Email is not { } theirs)
        {
            // A damaged entry that has been repaired by hand is news; any other stays as it is.
            entries.Add(saved.Email is null ? current : saved);
            if (current.Email is null && saved.Email is { } repaired) Count(repaired);
            return;
        }

        // Whoever edits a row does not touch what this program noted in it. A row that is as it once was is not edited but old.
        var isOld = serializer.Same(saved, current) || history.VersionsOf(current.Id).Any(version => serializer.Same(version, saved));
        var origin = had?.Email is { } loaded && loaded.LedgerLast == theirs.LedgerLast ? loaded : Origin(theirs);
        if (isOld || (origin is null && had?.Email is null && theirs.LedgerLast < row.LedgerLast))
        {
            entries.Add(current);
            return;
        }

        if (!IsPlausible(had?.Email, theirs))
        {
            Notices.Add($"{row.Id} is not taken: its dates and its history are not its own, as if two entries had run into one; it goes on as it was");
            entries.Add(current);
            if (theirs.Status is not (EmailStatus.Pending or EmailStatus.Sending)) wanted.Add(new(row, row with { Status = theirs.Status, Reason = theirs.Reason }));
            return;
        }

        entries.Add(QueueEntry.Mixed(row, saved.Raw));
        wanted.Add(new(origin ?? had?.Email ?? row, theirs));
    }

    /// <summary>False when what no person and no program ever changes has changed: then it is damage, even where it can be read.</summary>
    private static bool IsPlausible(ScheduledEmail? had, ScheduledEmail? saved) => had is null || saved is null
        || (had.CreatedAt == saved.CreatedAt && had.LedgerLast == saved.LedgerLast && had.CreatedBy == saved.CreatedBy && had.IdempotencyKey == saved.IdempotencyKey);

    private void TakeMissing(QueueEntry current, QueueDocument? before, bool deletes)
    {
        if (!deletes)
        {
            entries.Add(current);
            return;
        }

        if (current.Email is not { } row) return;
        var settled = now.Settled(row);
        if (settled.Status.IsFinal())
        {
            statistics = statistics.Moved(row.Status, settled.Status) with { Pruned = statistics.Pruned.With(settled.Status, 1) };
            return;
        }

        var decision = ChangeRules.Decide(row, now.LedgerOf(row.Id), new EmailChange.Cancel(), now.IsAlive, now.Now);
        if (decision.Entry is null)
        {
            Notices.Add($"{row.Id} was deleted from the file and is kept: {decision.Refusal}");
            entries.Add(current);
            return;
        }

        cancels.Add(decision.Entry);
        statistics = statistics.Moved(row.Status, EmailStatus.Cancelled) with { Pruned = statistics.Pruned.With(EmailStatus.Cancelled, 1) };
    }

    private void TakeNew(QueueEntry entry, QueueDocument? before)
    {
        if (entry.Email is not { } row)
        {
            entries.Add(entry);
            return;
        }

        var versions = history.VersionsOf(row.Id);
        if (before?.Find(row.Id) is not null || versions.Count > 0)
        {
            if (!versions.Any(version => serializer.Same(version, entry))) Notices.Add($"{row.Id} is not taken: it is no longer in the queue; schedule it anew");
            return;
        }

        entries.Add(entry);
        Count(row);
    }

    private void Count(ScheduledEmail row)
    {
        statistics = statistics.Moved(null, row.Status);
        added.Add(row);
    }

    /// <summary>The row that they had loaded, told by what only this program writes; null when it is not known.</summary>
    private ScheduledEmail? Origin(ScheduledEmail theirs) => history.VersionsOf(theirs.Id).Select(version => version.Email)
        .LastOrDefault(row => row is not null && row.LastModified == theirs.LastModified && row.LedgerLast == theirs.LedgerLast && row.Attempts == theirs.Attempts);

    private static void Settle(Transaction transaction, ScheduledEmail row)
    {
        // What it says of the ledger was copied from another entry, or is of another ledger.
        var fresh = row with { LedgerLast = 0, Status = row.Status == EmailStatus.Sending ? EmailStatus.Pending : row.Status, ClaimedBy = null };
        transaction.Put(transaction.Settled(fresh));
    }

    private void Grant(Transaction transaction, WantedChange change)
    {
        var id = change.Theirs.Id;
        foreach (var step in change.On(transaction.Row(id)!))
        {
            if (step is EmailChange.Edit { Content: var content } && Missing(transaction, content) is { } missing)
            {
                Notices.Add($"{id} is not changed: the bytes of its attachment {missing} are not kept; attach the file with a command");
                continue;
            }

            var decision = ChangeRules.Decide(transaction.Row(id)!, transaction.LedgerOf(id), step, transaction.IsAlive, transaction.Now);
            if (decision.Entry is null)
            {
                Notices.Add($"{id} is not changed ({step.Name}): {decision.Refusal}");
                continue;
            }

            var entry = transaction.Append(decision.Entry);
            transaction.Put(change.Complete(decision.Row, step) with { LedgerLast = entry.Sequence });
        }
    }

    private static string? Missing(Transaction transaction, EmailContent content)
    {
        var blobs = content.Attachments.Select(attachment => attachment.Blob);
        if (content.Eml is { } eml) blobs = blobs.Append(eml);
        return blobs.FirstOrDefault(blob => !transaction.HasBlob(blob))?.Sha256;
    }
}
