using System.Security.Cryptography;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Ledger;

namespace Nightmail.Store.File.Backups;

/// <summary>
/// The backups of one queue: copies of the file that was about to be replaced, each with a note of what its bytes must be and how far the
/// ledger had come. Not safe for two threads at once; making and removing needs the queue's lock.
/// </summary>
internal sealed class BackupFolder(IDisk disk, QueuePaths paths, SendLedger ledger, QueueFileOptions options, string writer, TimeProvider time) : IBackupSource
{
    private readonly BackupName names = new(Path.GetFileName(paths.Stem));
    private readonly BackupShelf shelf = new(disk, paths);
    private DateTimeOffset? last;

    private string Folder => paths.Backups;

    /// <inheritdoc/>
    public IReadOnlyList<BackupFile> NewestFirst() => [.. shelf.All().Select(backup => new BackupFile(backup.Path, backup.At, shelf.Damage(backup, out _))
    {
        Ledger = backup.About?.Ledger ?? LedgerMark.Unknown, Read = () => shelf.Bytes(backup),
    })];

    /// <summary>The ledger's entries that the notes of the backups name; null: nobody knows, because the folder that was chosen for them has none: its disk may not be there.</summary>
    public IReadOnlySet<long>? LedgerMarks()
    {
        var marks = shelf.All().Select(backup => backup.About?.Ledger.Sequence ?? 0).ToHashSet();
        return marks.Count == 0 && options is { BackupFolder: not null, BackupCount: > 0 } ? null : marks;
    }

    /// <summary>Keeps a copy of the file that is about to be replaced, unless one was kept within the last minute. A backup that cannot be made stops no change: it is only told.</summary>
    public void KeepIfDue()
    {
        if (options.BackupCount == 0) return;
        var now = time.GetUtcNow();
        if (last is { } recent && (now - recent).Duration() < BackupPolicy.Interval) return;
        try
        {
            var there = disk.List(Folder);
            last = now;
            if (!BackupPolicy.IsDue(shelf.Moments(there), now)) return;
            Make("before a change", now, there);
            Prune();
        }
        catch (StoreException failed)
        {
            options.Observer.On(new StoreEvent.Warned($"no backup was made: {failed.Message}"));
        }
    }

    /// <inheritdoc/>
    public void Keep(string reason) => Create(reason);

    /// <summary>Keeps a copy now, however young the last one is.</summary>
    /// <returns>Null when there is no queue file to copy.</returns>
    public KeptBackup? Create(string reason)
    {
        if (disk.Stat(paths.Queue) is null) return null;
        var now = time.GetUtcNow();
        var name = Make(reason, now, disk.List(Folder));
        last = now;
        Prune();
        return shelf.Find(name, now);
    }

    /// <summary>Removes those that are more than are to be kept, and what half-made ones left.</summary>
    /// <returns>The names that went.</returns>
    public IReadOnlyList<string> Prune()
    {
        var there = disk.List(Folder);
        var gone = BackupPolicy.Superfluous(shelf.Moments(there), options.BackupCount);
        foreach (var name in gone)
        {
            disk.Delete(Path.Combine(Folder, name));
            disk.Delete(Path.Combine(Folder, BackupName.AboutOf(name)));
            options.Observer.On(new StoreEvent.Done($"backup {name} removed: newer ones take its place"));
        }

        foreach (var name in there.Where(name => IsLeftover(name, there))) disk.Delete(Path.Combine(Folder, name));
        return gone;
    }

    private string Make(string reason, DateTimeOffset now, IReadOnlyList<string> there)
    {
        if (!there.Any()) disk.EnsureFolder(Folder);
        var name = names.New(now, there);
        var temporary = Path.Combine(Folder, $"{paths.TemporaryPrefix}{writer}-{disk.NextNumber()}{QueuePaths.TemporaryEnding}");
        try
        {
            using (var copy = disk.CreateCopy(paths.Queue, temporary)) copy.Sync();
            var bytes = disk.ReadAll(temporary) ?? [];
            var about = new BackupAbout(Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length, reason, ledger.Mark());
            WriteAbout(name, about);
            disk.Rename(temporary, Path.Combine(Folder, name));
            disk.SyncFolder(Folder);
        }
        catch (StoreException)
        {
            AtomicFile.TryDelete(disk, temporary);
            throw;
        }

        options.Observer.On(new StoreEvent.Done($"backup {name} made: {reason}"));
        return name;
    }

    /// <summary>The note comes before the copy: a copy without one would be a stranger.</summary>
    private void WriteAbout(string name, BackupAbout about)
    {
        var path = Path.Combine(Folder, BackupName.AboutOf(name));
        var temporary = Path.Combine(Folder, $"{paths.TemporaryPrefix}{writer}-{disk.NextNumber()}{QueuePaths.TemporaryEnding}");
        try
        {
            using (var file = disk.CreateNew(temporary))
            {
                file.Write(about.Write());
                file.Sync();
            }

            disk.Rename(temporary, path);
        }
        catch (StoreException)
        {
            AtomicFile.TryDelete(disk, temporary);
            throw;
        }
    }

    /// <summary>A note without its copy, or a temporary file: whoever holds the lock has none, so its writer died.</summary>
    private bool IsLeftover(string name, IReadOnlyList<string> there)
    {
        if (name.StartsWith(paths.TemporaryPrefix, StringComparison.Ordinal) && name.EndsWith(QueuePaths.TemporaryEnding, StringComparison.Ordinal)) return true;
        if (!name.EndsWith(BackupName.AboutEnding, StringComparison.Ordinal)) return false;
        var copy = name[..^BackupName.AboutEnding.Length] + BackupName.Ending;
        return names.TimeOf(copy) is not null && !there.Contains(copy);
    }
}
