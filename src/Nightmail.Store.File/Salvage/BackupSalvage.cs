using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Salvage;

/// <summary>
/// Puts a queue together of what can be read in a damaged file, the backups and the ledger, where nothing else is known of it. What any of
/// them shows as final stays final; what only a backup has and was due by now, or what no ledger vouches for, waits for a person.
/// </summary>
/// <param name="salvaged">What the damaged file still says.</param>
/// <param name="document">The damaged file as a queue, where it can be read as one and only something of it is missing.</param>
/// <param name="ledgerOf">All that the ledger knows of an email.</param>
/// <param name="tellsAll">Whether the ledger, unbroken, tells all that ever happened.</param>
/// <param name="vouches">Whether the ledger, unbroken, tells all that happened since a backup.</param>
/// <param name="now">The present.</param>
internal sealed class BackupSalvage(SalvagedQueue salvaged, QueueDocument? document, Func<EmailId, EmailLedger> ledgerOf, bool tellsAll, Func<BackupFile, bool> vouches, DateTimeOffset now)
{
    private readonly Dictionary<string, QueueEntry> entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> vouched = new(StringComparer.Ordinal);
    private QueueDocument? newest;

    /// <summary>A sentence for each email that did not come from the damaged file as it was.</summary>
    public List<string> Details { get; } = [];

    /// <summary>True when at least one good backup was there.</summary>
    public bool HadBackup => newest is not null;

    /// <summary>The queue, its rows as they may go on.</summary>
    public QueueDocument Collect(IEnumerable<BackupFile> newestFirst)
    {
        foreach (var entry in salvaged.Good) entries[entry.Place] = salvaged.Versions.TryGetValue(entry.Place, out var versions) ? OneOf(versions) : Kept(entry, mayBeWrong: false);
        foreach (var backup in newestFirst)
        {
            if (Read(backup) is not { } document) continue;
            Vouch(document);
            newest ??= document;
            foreach (var entry in document.Entries.Where(each => each.Email is not null && !entries.ContainsKey(each.Place)))
            {
                var back = Returned(entry.Email!, backup);
                entries[entry.Place] = QueueEntry.Mixed(back, entry.Raw);
                Details.Add($"{back.Id} comes from {Path.GetFileName(backup.Path)}{(back.Status == EmailStatus.Paused ? " and is held" : "")}");
            }
        }

        foreach (var id in salvaged.Versions.Keys.Where(id => entries[id].Email is { Status: EmailStatus.Paused, LastError: Settlement.Doubled }))
            Details.Add($"{id} is held: a part of the file is there twice, and nothing tells what belongs to it");
        foreach (var lost in salvaged.Spoilt.Where(each => !entries.ContainsKey(each.Id.ToString())))
            Details.Add($"{lost.Id} at {lost.Place} is missing: {lost.Why}, and no good backup has it");
        // What cannot be read and is not known from elsewhere is set aside in its place.
        foreach (var entry in document?.Entries.Where(each => each.Email is null && !(EmailId.TryParse(each.Key, out var id) && entries.ContainsKey(id.ToString()))) ?? []) entries.TryAdd(entry.Place, entry);
        var basis = newest ?? document ?? QueueDocument.Empty;
        var rows = new Dictionary<EmailStatus, int>();
        foreach (var row in entries.Values.Select(entry => entry.Email).OfType<ScheduledEmail>()) rows[row.Status] = rows.GetValueOrDefault(row.Status) + 1;
        return basis.With([.. entries.Values], basis.Statistics.For(rows, basis.Statistics.Pruned), Math.Max(salvaged.Revision ?? 0, basis.Revision), salvaged.SendingPaused || basis.SendingPaused,
            CircuitJson.FromBackup(basis.Carried, now));
    }

    private QueueDocument? Read(BackupFile backup)
    {
        if (backup.Damage is { } damage)
        {
            Details.Add($"the backup {Path.GetFileName(backup.Path)} is of no use: {damage}");
            return null;
        }

        try
        {
            return backup.Document ?? QueueScanner.Scan(backup.Read(), null, backup.Path);
        }
        catch (Exception broken) when (broken is StoreException or UnreadableQueueException)
        {
            Details.Add($"the backup {Path.GetFileName(backup.Path)} is of no use: {broken.Message}");
            return null;
        }
    }

    /// <summary>
    /// Of those that may be put together of two, the one that the ledger knows, where it is whole: the rest of an entry has its place in the ledger at its end.
    /// One that waits is held unless nothing speaks against it. Where the ledger has no line of an email, a version without one may be its own and yet lack a piece.
    /// </summary>
    private QueueEntry OneOf(IReadOnlyList<QueueEntry> versions)
    {
        var known = tellsAll ? versions.Where(version => IsKnown(version.Email!)).ToList() : [];
        var candidates = known.Count > 0 ? known : versions;
        var isSure = known is [{ Email.LedgerLast: > 0 }] && versions.Count > 1 && !versions.Any(IsOver);
        return Kept(candidates.FirstOrDefault(version => IsOpen(Checked(version.Email!))) ?? candidates[0], mayBeWrong: !isSure);
    }

    private bool IsKnown(ScheduledEmail row) =>
        row.LedgerLast == 0 ? ledgerOf(row.Id).LastSequence == 0 : ledgerOf(row.Id).Entries.Any(entry => entry.Sequence == row.LedgerLast);

    private static bool IsOver(QueueEntry version) => version.Email is { Status: var status } && (status.IsFinal() || status == EmailStatus.InDoubt);

    private static bool IsOpen(ScheduledEmail row) => row.Status is EmailStatus.Pending or EmailStatus.Paused;

    /// <summary>Of those that are there in two versions, one that a backup has word for word is the right one, unless another says that it is over by now.</summary>
    private void Vouch(QueueDocument document)
    {
        foreach (var (id, versions) in salvaged.Versions)
        {
            if (vouched.Contains(id) || !EmailId.TryParse(id, out var email) || document.Find(email) is not { } kept) continue;
            if (versions.FirstOrDefault(version => version.Raw.Span.SequenceEqual(kept.Raw.Span)) is not { } right || versions.Any(IsOver)) continue;
            vouched.Add(id);
            entries[id] = Kept(right, mayBeWrong: false);
        }
    }

    private QueueEntry Kept(QueueEntry entry, bool mayBeWrong) => QueueEntry.Mixed(Stayed(entry.Email!, mayBeWrong), entry.Raw);

    private ScheduledEmail Stayed(ScheduledEmail row, bool mayBeWrong)
    {
        var stayed = Checked(row);
        if (mayBeWrong && IsOpen(stayed)) return stayed with { Status = EmailStatus.Paused, LastError = Settlement.Doubled };
        return tellsAll || stayed.Status != EmailStatus.Pending ? stayed : stayed with { Status = EmailStatus.Paused, LastError = Settlement.Unvouched };
    }

    private ScheduledEmail Returned(ScheduledEmail row, BackupFile backup)
    {
        var back = Checked(row);
        if (salvaged.Spoilt.FirstOrDefault(each => each.Id == row.Id)?.FinalStatus is { } final && !back.Status.IsFinal())
            return back with { Status = final, Reason = final == EmailStatus.Failed ? FailureReason.GaveUp : null, NextAttempt = null };
        if (back.Status != EmailStatus.Pending || (vouches(backup) && row.Due > now)) return back;
        return back with { Status = EmailStatus.Paused, LastError = Settlement.OnlyInBackup };
    }

    /// <summary>The row, brought up to the ledger, under nobody's claim.</summary>
    private ScheduledEmail Checked(ScheduledEmail row) =>
        Settlement.Settle(row.Status == EmailStatus.Sending ? row with { Status = EmailStatus.Pending, ClaimedBy = null } : row, ledgerOf(row.Id));
}
