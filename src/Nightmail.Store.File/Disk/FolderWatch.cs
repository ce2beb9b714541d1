namespace Nightmail.Store.File.Disk;

/// <summary>Tells when a file of a folder was replaced or changed. Where the system cannot watch, nothing is told: whoever needs certainty looks again.</summary>
internal sealed class FolderWatch : IDisposable
{
    private readonly FileSystemWatcher? watcher;

    public FolderWatch(string path, Action changed)
    {
        try
        {
            watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path))
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size,
            };
            watcher.Renamed += (_, _) => changed();
            watcher.Changed += (_, _) => changed();
            watcher.Created += (_, _) => changed();
            watcher.Deleted += (_, _) => changed();
            watcher.Error += (_, _) => changed();
            watcher.EnableRaisingEvents = true;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // The user's limit of watches is reached, or the folder is gone: the store is still looked at every SyncInterval.
            watcher?.Dispose();
            watcher = null;
        }
    }

    public void Dispose() => watcher?.Dispose();
}
