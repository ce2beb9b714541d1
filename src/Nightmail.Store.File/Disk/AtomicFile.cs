using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Disk;

/// <summary>Replaces a whole file in one step that is durable when it returns: temporary file, sync, rename, sync of the folder.</summary>
internal static class AtomicFile
{
    /// <summary>Replaces <paramref name="target"/> by a file of these bytes.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="temporary">This writer's own name in the same folder.</param>
    /// <param name="target">The file.</param>
    /// <param name="bytes">All of it.</param>
    /// <exception cref="StoreException">Unwritable: the target is as it was. NotYetSafe: it is replaced, but a power cut may undo that.</exception>
    public static void Replace(IDisk disk, string temporary, string target, ReadOnlySpan<byte> bytes)
    {
        Prepare(disk, temporary, bytes);
        Swap(disk, temporary, target);
    }

    /// <summary>The first half: all that needs space. The target is not touched.</summary>
    public static void Prepare(IDisk disk, string temporary, ReadOnlySpan<byte> bytes)
    {
        try
        {
            using var file = disk.CreateNew(temporary);
            file.Write(bytes);
            file.Sync();
        }
        catch (StoreException)
        {
            TryDelete(disk, temporary);
            throw;
        }
    }

    /// <summary>The second half, after <see cref="Prepare"/>.</summary>
    /// <inheritdoc cref="Replace" path="/exception"/>
    public static void Swap(IDisk disk, string temporary, string target)
    {
        try
        {
            disk.Rename(temporary, target);
        }
        catch (StoreException)
        {
            TryDelete(disk, temporary);
            throw;
        }

        Secure(disk, target);
    }

    /// <summary>Makes durable that the target was replaced.</summary>
    /// <exception cref="StoreException">NotYetSafe: it is replaced, but a power cut may undo that.</exception>
    public static void Secure(IDisk disk, string target)
    {
        try
        {
            disk.SyncFolder(Path.GetDirectoryName(target)!);
        }
        catch (StoreException unsynced)
        {
            throw new StoreException(StoreTrouble.NotYetSafe, $"the change stands in {target} but is not yet safe on disk: {unsynced.Message}", unsynced);
        }
    }

    /// <summary>Removes a file that nobody needs; if that fails it is found and removed later.</summary>
    public static void TryDelete(IDisk disk, string path)
    {
        try
        {
            disk.Delete(path);
        }
        catch (StoreException)
        {
            // The next writer that finds it under the lock removes it.
        }
    }
}
