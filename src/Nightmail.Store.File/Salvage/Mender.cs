using System.Globalization;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;
using Nightmail.Store.File.Merge;
using Nightmail.Store.File.Revisions;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Salvage;

/// <summary>
/// Makes a queue again of a file that somebody else wrote or that was damaged: merged with what is known of it, or put together from backups
/// where nothing is. What cannot be taken is kept aside first. Needs the queue's lock.
/// </summary>
internal sealed class Mender(IDisk disk, QueuePaths paths, RevisionLog revisions, QueueSerializer serializer, IBackupSource backups, string writer)
{
    private (ulong Hash, string Path)? kept;

    /// <summary>Decides what is to be made of it; writes nothing but the copy that is kept aside.</summary>
    /// <param name="found">What lies there.</param>
    /// <param name="see">The queue and the ledger as one.</param>
    /// <param name="ledger">The ledger.</param>
    /// <param name="now">The present.</param>
    public Mending Of(Sighting found, Func<QueueDocument, QueueView> see, SendLedger ledger, DateTimeOffset now) => found switch
    {
        Sighting.Foreign foreign => MergeSaved(foreign.Document, null, see, now),
        Sighting.Damaged damaged => Recover(damaged.File, see, ledger, now),
        _ => throw new ArgumentOutOfRangeException(nameof(found)),
    };

    /// <summary>Decides what is to be made of a save that was displaced by what the queue is now.</summary>
    /// <param name="save">The save.</param>
    /// <param name="current">The queue.</param>
    /// <param name="see">The queue and the ledger as one.</param>
    /// <param name="now">The present.</param>
    public Mending OfSave(Sighting save, QueueDocument current, Func<QueueDocument, QueueView> see, DateTimeOffset now) => save switch
    {
        Sighting.Foreign foreign => MergeSaved(foreign.Document, current, see, now),
        Sighting.Damaged damaged => RecoverFrom(current, revisions.Load(), TolerantScanner.Scan(damaged.File.Bytes), damaged.File, see, now),
        _ => throw new ArgumentOutOfRangeException(nameof(save)),
    };

    private Mending MergeSaved(QueueDocument theirs, QueueDocument? current, Func<QueueDocument, QueueView> see, DateTimeOffset now)
    {
        var history = revisions.Load();
        var merge = new QueueMerge(see(current ?? history.Head ?? theirs), history, serializer);
        var document = merge.Plan(theirs, isComplete: true);
        return new(document, merge.Apply, () => merge.Notices.Count == 0 ? null : new()
        {
            At = now, Gravity = RecoveryGravity.Notice, Details = merge.Notices, KeptAs = KeepAside(theirs.Bytes, now),
            Summary = $"somebody saved {Path.GetFileName(paths.Queue)} and not all of it could be taken",
        });
    }

    private Mending Recover(DamagedFile file, Func<QueueDocument, QueueView> see, SendLedger ledger, DateTimeOffset now)
    {
        var salvaged = TolerantScanner.Scan(file.Bytes);
        var history = revisions.Load();
        var head = history.Head;
        // What is known of older revisions only is worth no more than a backup: emails have left since.
        if (head is not null && history.Newest == revisions.Newest() && (salvaged.Revision ?? 0) <= head.Revision) return RecoverFrom(head, history, salvaged, file, see, now);
        List<BackupFile> known = [.. backups.NewestFirst()];
        if (head is not null) known.Insert(0, KeptRevision(head));
        var nothing = salvaged.Good.Count == 0 && salvaged.Spoilt.Count == 0 && known.Count == 0 && ledger.LastSequence == 0;
        if (nothing && file.IsJson)
            throw new StoreException(StoreTrouble.Unreadable, $"cannot read {paths.Queue}: {file.Why}; nothing was changed: repair it or move it aside, or name another queue with --queue");
        var aside = KeepAside(file.Bytes, now);
        var witness = Witness.Of(file.Bytes, known.Select(backup => backup.Ledger));
        var tellsAll = witness.IsWhole(ledger);
        var salvage = new BackupSalvage(salvaged, file.Document, ledger.Of, tellsAll, backup => tellsAll && backup.Ledger.WhyBroken(disk, paths.Ledger, witness.Sequence) is null, now);
        var document = salvage.Collect(known);
        var complete = salvaged.Spoilt.All(spoilt => document.Find(spoilt.Id) is not null) && document.Statistics.Scheduled >= (witness.Scheduled ?? long.MaxValue);
        return new(document, _ => { }, () => nothing && file.Bytes.Length == 0 ? null : new()
        {
            At = now, Gravity = complete ? RecoveryGravity.Recovered : RecoveryGravity.Incomplete, Details = salvage.Details, KeptAs = aside,
            Summary = $"{Path.GetFileName(paths.Queue)} was damaged ({file.Why}): {salvaged.Good.Count} emails could be read in it, {document.Entries.Count - salvaged.Good.Count} come from backups"
                + (complete ? "" : salvage.HadBackup ? "; emails that no good backup has may be missing" : "; there was no good backup, so emails may be missing"),
        });
    }

    private static BackupFile KeptRevision(QueueDocument head) => new($"the kept revision {head.Revision.ToString(CultureInfo.InvariantCulture)}", default, null)
    {
        Ledger = LedgerMark.Unknown, Read = () => [], Document = head,
    };

    /// <summary>The newest good state is known: whatever can still be read was meant, and whatever cannot is as it was.</summary>
    private Mending RecoverFrom(QueueDocument head, RevisionHistory history, SalvagedQueue salvaged, DamagedFile file, Func<QueueDocument, QueueView> see, DateTimeOffset now)
    {
        var aside = KeepAside(file.Bytes, now);
        // What may be put together of two goes on as it was, where it was anything.
        var taken = salvaged.Good.Where(entry => !salvaged.Versions.ContainsKey(entry.Place) || head.Find(entry.Id) is null).ToList();
        var theirs = head.With(taken, revision: salvaged.Revision ?? head.Revision, paused: head.SendingPaused || salvaged.SendingPaused);
        var merge = new QueueMerge(see(head), history, serializer);
        var document = merge.Plan(theirs, isComplete: false);
        var before = taken.Count(entry => head.Find(entry.Id) is not null);
        List<string> details = [.. salvaged.Spoilt.Select(spoilt => head.Find(spoilt.Id) is null
            ? $"{spoilt.Id} at {spoilt.Place} is not taken: {spoilt.Why}" : $"{spoilt.Id} at {spoilt.Place} is as it was before: {spoilt.Why}"),
            .. salvaged.Good.Except(taken).Select(entry => $"{entry.Id} is as it was before: a part of the file is there twice, and nothing tells what belongs to it")];
        return new(document, merge.Apply, () => new()
        {
            At = now, Gravity = RecoveryGravity.Recovered, Details = [.. details, .. merge.Notices], KeptAs = aside,
            Summary = $"{Path.GetFileName(paths.Queue)} was damaged ({file.Why}): {before} of {head.Entries.Count} emails could be read in it, the others are as they were before",
        });
    }

    /// <summary>A copy of what was found, under a name of its own; made once, however often the transaction has to be tried.</summary>
    private string? KeepAside(ReadOnlySpan<byte> bytes, DateTimeOffset now)
    {
        if (bytes.Length == 0) return null;
        var hash = ContentHash.Of(bytes);
        if (kept?.Hash == hash) return kept.Value.Path;
        var path = $"{paths.CorruptPrefix}{now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}.json";
        for (var number = 2; disk.Stat(path) is not null; number++)
            path = $"{paths.CorruptPrefix}{now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}-{number}.json";
        AtomicFile.Replace(disk, paths.Temporary($"{writer}-aside"), path, bytes);
        kept = (hash, path);
        return path;
    }
}
