using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Backups;

/// <summary>
/// Brings an older state of the queue and the present one together. Nothing that has happened since is undone: what left, was cancelled,
/// paused, edited or rescheduled stays so, and what was scheduled since stays. What the older state has and the present lacks comes back;
/// what differs and of which the ledger tells no newer news is as it was. Pure.
/// </summary>
/// <param name="ledgerOf">All that the ledger knows of an email.</param>
/// <param name="now">The present.</param>
/// <param name="broken">Why the ledger cannot tell what happened since; null when it can. Then nothing that comes back may be sent before a person has looked at it.</param>
internal sealed class Reconciliation(Func<EmailId, EmailLedger> ledgerOf, DateTimeOffset now, string? broken)
{
    private readonly List<QueueEntry> entries = [];
    private readonly EmailMap<ScheduledEmail> changed = new();
    private QueueStatistics statistics = new();
    private int returned, reverted, stayed, newer, held, unreadable;

    /// <summary>The queue as it is to be.</summary>
    public Reconciled Merge(QueueDocument older, QueueDocument present)
    {
        statistics = present.Length == 0 ? older.Statistics : present.Statistics;
        foreach (var entry in present.Entries) TakePresent(entry, entry.Id == default ? null : older.Find(entry.Id));
        foreach (var entry in older.Entries)
        {
            if (entry.Id != default && present.Find(entry.Id) is not null) continue;
            if (entry.Email is { } row) Return(entry, row, present.Length == 0);
            else unreadable++;
        }

        var document = new QueueDocument(entries)
        {
            Buffer = [], Length = 0, Created = present.Created ?? older.Created, Revision = Math.Max(present.Revision, older.Revision),
            Carried = present.Length == 0 ? CircuitJson.FromBackup(older.Carried, now) : present.Carried, Statistics = statistics,
        };
        return new(document, changed, statistics, new(returned, reverted, stayed, newer, held, unreadable, broken));
    }

    private void TakePresent(QueueEntry entry, QueueEntry? older)
    {
        if (older?.Email is not { } before)
        {
            newer++;
            entries.Add(entry);
        }
        else if (entry.Email is not { } now)
        {
            // What cannot be read any more is as it was.
            entries.Add(older);
            Put(older, Back(before), entry.Status);
            returned++;
        }
        else if (HasNews(now, before))
        {
            stayed++;
            entries.Add(entry);
        }
        else if (entry.Raw.Span.SequenceEqual(older.Raw.Span))
        {
            entries.Add(entry);
            if (broken is not null) Put(entry, Back(now), now.Status);
        }
        else
        {
            reverted++;
            entries.Add(older);
            Put(older, Back(before) with { Attempts = Math.Max(before.Attempts, now.Attempts) }, now.Status);
        }
    }

    /// <summary>True when something has happened to the email since that a restore does not undo.</summary>
    private bool HasNews(ScheduledEmail now, ScheduledEmail before) =>
        now.Status.IsFinal() || now.Status is EmailStatus.Sending or EmailStatus.InDoubt
        || now.LedgerLast > before.LedgerLast || ledgerOf(now.Id).LastSequence > before.LedgerLast;

    private void Return(QueueEntry entry, ScheduledEmail row, bool isAlone)
    {
        returned++;
        entries.Add(entry);
        var back = Back(row);
        // It was counted when it was scheduled and when it went: pruned under its last status, or deleted by a person as if cancelled.
        var went = statistics.Pruned.Of(back.Status) > 0 ? back.Status : EmailStatus.Cancelled;
        var wasPruned = statistics.Pruned.Of(went) > 0;
        if (wasPruned) statistics = statistics with { Pruned = statistics.Pruned.With(went, -1) };
        Put(entry, back, isAlone ? row.Status : wasPruned ? went : null);
    }

    /// <summary>The row as it comes back: brought up to the ledger, under nobody's claim, and held where the ledger cannot vouch for it.</summary>
    private ScheduledEmail Back(ScheduledEmail row)
    {
        var back = Settlement.Settle(row, ledgerOf(row.Id));
        if (back.Status == EmailStatus.Sending) back = back with { Status = EmailStatus.Pending, ClaimedBy = null };
        if (broken is null || row.Status is not (EmailStatus.Pending or EmailStatus.Sending) || back.Status is not (EmailStatus.Pending or EmailStatus.Paused)) return back;
        held++;
        // Where the row itself shows that the ledger lost something, it is held already.
        return back.Status == EmailStatus.Paused ? back : back with { Status = EmailStatus.Paused, LastError = Settlement.CameBack };
    }

    private void Put(QueueEntry entry, ScheduledEmail row, EmailStatus? counted)
    {
        statistics = statistics.Moved(counted, row.Status);
        if (!ReferenceEquals(row, entry.Email)) changed[row.Id] = row;
    }
}

/// <summary>What a queue is to be written from.</summary>
internal sealed record Reconciled(QueueDocument Document, EmailMap<ScheduledEmail> Changed, QueueStatistics Statistics, RestoreReport Report);
