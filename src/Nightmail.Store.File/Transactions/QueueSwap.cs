using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// Puts a new queue in the place of the old one without losing what somebody saves there at that very moment: the two files change names in
/// one step, and then it is looked at what was displaced. Where that is not what the new queue was made of, it is a save, and is kept beside
/// the queue, under a name of its own, until it has been merged. Needs the queue's lock.
/// </summary>
internal sealed class QueueSwap(IDisk disk, QueuePaths paths, string writer)
{
    private readonly List<string> saves = [];
    private long count;

    /// <summary>The saves that wait to be merged, oldest first.</summary>
    public IReadOnlyList<string> Saves => saves;

    /// <summary>Puts a prepared file in the queue's place.</summary>
    /// <param name="temporary">The prepared file.</param>
    /// <param name="read">The bytes that it was made of; empty when there was no file.</param>
    /// <exception cref="StoreException">As for <see cref="AtomicFile.Replace"/>.</exception>
    public void Put(string temporary, ReadOnlySpan<byte> read)
    {
        try
        {
            if (!disk.TryExchange(temporary, paths.Queue))
            {
                KeepWhatIsNew(read);
                disk.Rename(temporary, paths.Queue);
                temporary = "";
            }
        }
        catch (StoreException)
        {
            AtomicFile.TryDelete(disk, temporary);
            throw;
        }

        if (temporary.Length > 0) LookAtDisplaced(temporary, read);
        AtomicFile.Secure(disk, paths.Queue);
    }

    /// <summary>A save of which another process has left nothing but the file.</summary>
    public void Adopt(string path)
    {
        if (!saves.Contains(path)) saves.Add(path);
    }

    /// <summary>The save is merged, or was none.</summary>
    public void Done(string path)
    {
        AtomicFile.TryDelete(disk, path);
        saves.Remove(path);
    }

    private void LookAtDisplaced(string path, ReadOnlySpan<byte> read)
    {
        try
        {
            if (disk.ReadAll(path) is not { } displaced || displaced.AsSpan().SequenceEqual(read))
            {
                AtomicFile.TryDelete(disk, path);
                return;
            }

            var saved = NewName();
            disk.Rename(path, saved);
            saves.Add(saved);
        }
        catch (StoreException)
        {
            // The change stands. What this is, is found out later.
            saves.Add(path);
        }
    }

    /// <summary>Where the file system cannot let two files change names, only what was saved before this moment is kept.</summary>
    private void KeepWhatIsNew(ReadOnlySpan<byte> read)
    {
        if (disk.ReadAll(paths.Queue) is not { } there || there.AsSpan().SequenceEqual(read)) return;
        var saved = NewName();
        using (var copy = disk.CreateCopy(paths.Queue, saved)) copy.Sync();
        saves.Add(saved);
    }

    private string NewName() => paths.Temporary($"{QueuePaths.SavedMark}{writer}-{++count}");
}
