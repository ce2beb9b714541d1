using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.Guard;

/// <summary>What is looked at before a process changes the queue for the first time: where it lies, and who else could read it.</summary>
internal sealed class QueueGuard(IDisk disk, QueuePaths paths, QueueFileOptions options)
{
    private bool passed;

    /// <summary>Looks, the first time. The queue's folder must be there.</summary>
    /// <exception cref="StoreException">The queue lies where a kernel's lock may mean nothing.</exception>
    public void Pass()
    {
        if (passed) return;
        if (!options.AllowNetworkFileSystem && disk.Volume(paths.Folder).NetworkName is { } network)
        {
            throw new StoreException(StoreTrouble.Unwritable,
                $"{paths.Folder} lies on another machine ({network}), where this machine's lock may mean nothing and two workers could send the same email; nothing was changed: name a queue on a local disk with --queue, or allow it with scheduler.persistence.allowNetworkFileSystem");
        }

        if (disk.Stat(paths.Queue) is { IsFolder: false, IsSpecial: false, IsOwn: true } queue && Permissions.IsWide(queue.Mode, Permissions.OwnerOnly))
            Permissions.Tighten(disk, new(paths.Queue, queue.Mode, Permissions.OwnerOnly), options.Observer);
        passed = true;
    }
}
