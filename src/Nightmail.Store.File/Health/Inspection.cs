using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Guard;
using Nightmail.Store.File.Salvage;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Health;

/// <summary>Looks at a queue file and at what lies beside it. Each look for itself: one that fails hides no other.</summary>
internal sealed class Inspection(IDisk disk, QueuePaths paths, RecoveryReportFile reports, string writer)
{
    /// <summary>Looks.</summary>
    /// <param name="revision">Reads the queue as every other reader does, and gives its revision.</param>
    public QueueFileFacts Look(Func<long> revision)
    {
        var (number, unreadable) = Try(revision);
        var (stat, _) = Try(() => disk.Stat(paths.Queue));
        var (note, _) = Try(() => LockNote.Read(disk.ReadAll(paths.Lock) ?? []));
        var (locked, _) = Try(() => disk.IsLocked(paths.Lock));
        var (backups, _) = Try(new BackupShelf(disk, paths).All);
        return new()
        {
            Path = paths.Queue,
            Exists = stat is { IsFolder: false },
            Size = stat?.Length ?? 0,
            LastWritten = stat?.Modified,
            Revision = number,
            ReadError = unreadable,
            WriteError = Try(TryToWrite).Error,
            Lock = locked ? LockState.Held : note is null or { IsOnlyOfSaves: true } ? LockState.Free : note.Unsynced ? LockState.Unsynced : LockState.Stale,
            Holder = note?.ToString(),
            HeldSince = note?.Since,
            Wide = Try(() => Permissions.Wide(disk, paths)).Value?.Select(wide => $"{wide.Path} ({Permissions.Octal(wide.Mode)})").ToList() ?? [],
            Volume = Try(() => disk.Stat(paths.Folder) is null ? (VolumeFacts?)null : disk.Volume(paths.Folder)).Value,
            Backups = backups?.Count ?? 0,
            NewestBackup = backups is [var newest, ..] ? newest.At : null,
            NewestGoodBackup = backups?.FirstOrDefault(IsGood)?.At,
            Recovered = Try(reports.Read).Value ?? [],
        };
    }

    private bool IsGood(KeptBackup backup) => new BackupShelf(disk, paths).Damage(backup, out _) is null;

    /// <summary>Only who tries knows: permissions, quotas, a full or read-only file system.</summary>
    private bool TryToWrite()
    {
        if (disk.Stat(paths.Folder) is null) return true;
        var temporary = paths.Temporary($"{writer}-health");
        try
        {
            using var file = disk.CreateNew(temporary);
            file.Write(new byte[4096]);
        }
        finally
        {
            AtomicFile.TryDelete(disk, temporary);
        }

        return true;
    }

    private static (T? Value, string? Error) Try<T>(Func<T> look)
    {
        try
        {
            return (look(), null);
        }
        catch (StoreException failed)
        {
            return (default, failed.Message);
        }
    }
}
