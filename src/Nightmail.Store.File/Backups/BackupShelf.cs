using System.Security.Cryptography;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.Backups;

/// <summary>The backups of one queue as they lie there, for reading. Needs no lock: each comes and goes as a whole.</summary>
internal sealed class BackupShelf(IDisk disk, QueuePaths paths)
{
    private readonly BackupName names = new(Path.GetFileName(paths.Stem));

    private string Folder => paths.Backups;

    /// <summary>Every one of them, the newest first, with its note; their bytes are not looked at.</summary>
    public IReadOnlyList<KeptBackup> All() =>
        [.. Sorted(Moments(disk.List(Folder))).Select(each => Find(each.Name, each.At))];

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

    /// <summary>The names and moments of the copies among the names of the folder.</summary>
    public List<BackupMoment> Moments(IReadOnlyList<string> there)
    {
        List<BackupMoment> moments = [];
        foreach (var name in there)
        {
            if (names.TimeOf(name) is { } at) moments.Add(new(name, at));
        }

        return moments;
    }

    /// <summary>The backup of that name.</summary>
    public KeptBackup Find(string name, DateTimeOffset at)
    {
        var path = Path.Combine(Folder, name);
        return new(name, path, at, disk.Stat(path)?.Length ?? 0, BackupAbout.Read(disk, Path.Combine(Folder, BackupName.AboutOf(name))));
    }

    /// <summary>Its bytes.</summary>
    public byte[] Bytes(KeptBackup backup) => disk.ReadAll(backup.Path) ?? throw new StoreException(StoreTrouble.Unreadable, $"cannot read {backup.Path}: the file is gone");

    private static List<BackupMoment> Sorted(List<BackupMoment> moments)
    {
        moments.Sort(BackupMoment.NewestFirst);
        return moments;
    }
}

/// <summary>One backup with its note, as it lies there.</summary>
/// <param name="Name">Its file's name.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="At">When it was made.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="About">Its note; null when there is none that can be read.</param>
internal sealed record KeptBackup(string Name, string Path, DateTimeOffset At, long Size, BackupAbout? About);
