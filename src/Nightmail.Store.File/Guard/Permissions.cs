using System.Globalization;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.Guard;

/// <summary>Who may read and write what belongs to the queue: its owner alone, but everybody may read who holds the lock.</summary>
internal static class Permissions
{
    /// <summary>0600: what holds emails.</summary>
    public const int OwnerOnly = 0x180;

    /// <summary>0700: folders of ours.</summary>
    public const int OwnerOnlyFolder = 0x1C0;

    /// <summary>0644: the lock, which says who holds it.</summary>
    public const int ReadableByAll = 0x1A4;

    private const int WritableByOthers = 0x12;

    /// <summary>True when a mode lets somebody do more than the allowed one.</summary>
    public static bool IsWide(int mode, int allowed) => (mode & ~allowed & 0x3F) != 0;

    /// <summary>Everything of the queue's own that lets others do more than it should, in the order of the paths.</summary>
    public static IReadOnlyList<WidePath> Wide(IDisk disk, QueuePaths paths)
    {
        List<WidePath> wide = [];
        Look(disk, paths.Queue, OwnerOnly, wide);
        Look(disk, paths.Lock, ReadableByAll, wide);
        Look(disk, paths.Reports, OwnerOnly, wide);
        foreach (var folder in new[] { paths.Ledger, paths.Blobs, paths.Backups, paths.Revisions })
        {
            Look(disk, folder, OwnerOnlyFolder, wide);
            foreach (var name in disk.List(folder)) Look(disk, Path.Combine(folder, name), OwnerOnly, wide);
        }

        Look(disk, paths.Workers, OwnerOnlyFolder, wide);
        return wide;
    }

    /// <summary>A sentence for a folder that was there already and in which others may replace the queue; null when nobody else may.</summary>
    public static string? ForeignFolder(IDisk disk, QueuePaths paths) => disk.Stat(paths.Folder) is { IsFolder: true } folder && (folder.Mode & WritableByOthers) != 0
        ? $"others may write in {paths.Folder} ({Octal(folder.Mode)}) and so replace the queue; if that is not meant: chmod go-w '{paths.Folder}'" : null;

    /// <summary>Takes from others what they should not be allowed, and says so; where that fails, says that.</summary>
    public static void Tighten(IDisk disk, WidePath wide, IStoreObserver observer)
    {
        try
        {
            disk.SetMode(wide.Path, wide.Mode & wide.Allowed);
            observer.On(new StoreEvent.Warned($"{wide.Path} could be used by others ({Octal(wide.Mode)}); it is now {Octal(wide.Mode & wide.Allowed)}"));
        }
        catch (StoreException failed)
        {
            observer.On(new StoreEvent.Warned($"{wide.Path} can be used by others ({Octal(wide.Mode)}), and that cannot be changed: {failed.Message}"));
        }
    }

    /// <summary>A mode as people write it.</summary>
    public static string Octal(int mode) => Convert.ToString(mode, 8).PadLeft(4, '0').ToString(CultureInfo.InvariantCulture);

    private static void Look(IDisk disk, string path, int allowed, List<WidePath> wide)
    {
        if (disk.Stat(path) is { IsOwn: true } stat && IsWide(stat.Mode, allowed)) wide.Add(new(path, stat.Mode, allowed));
    }
}

/// <summary>A file or folder that lets others do more than it should.</summary>
internal sealed record WidePath(string Path, int Mode, int Allowed);
