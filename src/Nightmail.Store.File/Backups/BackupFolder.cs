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
    private DateTimeOffset? last;

    /// <summary>Where they lie.</summary>
    public string Folder => paths.Backups;

    /// <inheritdoc/>
    public IReadOnlyList<BackupFile> NewestFirst() => [.. All().Select(backup => new BackupFile(backup.Path, backup.At, Damage(backup, out _))
    {
        Ledger = backup.About?.Ledger.Identity, LedgerSequence = backup.About?.Ledger.Sequence ?? 0, Read = () => Bytes(backup),
    })];

    /// <summary>Every one of them, the newest first, with its note; their bytes are not looked at.</summary>
    public IReadOnlyList<KeptBackup> All() =>
        [.. Moments(disk.List(Folder)).OrderByDescending(each => each.At).ThenByDescending(each => each.Name, StringComparer.Ordinal).Select(each => Find(each.Name, each.At))];

    /// <summary>Why its bytes are not those that were kept; null when they are.</summary>
    public string? Damage(KeptBackup backup, out byte[] bytes)
    {
        bytes = [];
        try
        {
            bytes = Bytes(backup);
        }
        catch (StoreException unreadable)
        {
            return unreadable.Message;
        }

        if (backup.About is not { } about) return "nobody noted its checksum";
        if (bytes.Length != about.Size) return $"it has {bytes.Length} bytes instead of {about.Size}";
        return Convert.ToHexStringLower(SHA256.HashData(bytes)) == about.Sha256 ? null : "its bytes have changed";
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
            if (!BackupPolicy.IsDue(Moments(there).Select(each => each.At), now)) return;
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
        return Find(name, now);
    }

    /// <summary>Removes those that are more than are to be kept, and what half-made ones left.</summary>
    /// <returns>The names that went.</returns>
    public IReadOnlyList<string> Prune()
    {
        var there = disk.List(Folder);
        var gone = BackupPolicy.Superfluous([.. Moments(there).Select(each => (each.Name, each.At))], options.BackupCount);
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

    private IEnumerable<(string Name, DateTimeOffset At)> Moments(IReadOnlyList<string> there)
    {
        foreach (var name in there)
        {
            if (names.TimeOf(name) is { } at) yield return (name, at);
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

    private KeptBackup Find(string name, DateTimeOffset at)
    {
        var path = Path.Combine(Folder, name);
        return new(name, path, at, disk.Stat(path)?.Length ?? 0, BackupAbout.Read(disk, Path.Combine(Folder, BackupName.AboutOf(name))));
    }

    private byte[] Bytes(KeptBackup backup) => disk.ReadAll(backup.Path) ?? throw new StoreException(StoreTrouble.Unreadable, $"cannot read {backup.Path}: the file is gone; see nightmail backup list");
}

/// <summary>One backup with its note, as it lies there.</summary>
/// <param name="Name">Its file's name.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="At">When it was made.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="About">Its note; null when there is none that can be read.</param>
internal sealed record KeptBackup(string Name, string Path, DateTimeOffset At, long Size, BackupAbout? About);
