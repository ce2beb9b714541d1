using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// Puts a new queue in the place of the old one without losing what somebody saves there at that very moment: the two files change names in
/// one step, and then it is looked at what was displaced. Where that is not what the new queue was made of, it is a save, and is kept beside
/// the queue, under a name of its own, until it has been merged. Needs the queue's lock.
/// </summary>
internal sealed class QueueSwap(IDisk disk, QueuePaths paths, string writer, TimeProvider time)
{
    private readonly List<WaitingSave> saves = [];
    private long count;

    /// <summary>After how long a save is to be merged at the earliest; null: none waits.</summary>
    public TimeSpan? DueIn => saves.Count == 0 ? null : saves.Min(save => save.Remaining);

    /// <summary>The saves that are to be merged now, oldest first.</summary>
    public IReadOnlyList<WaitingSave> Due() => [.. saves.Where(save => save.Remaining == TimeSpan.Zero)];

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
        if (!saves.Exists(save => save.Path == path)) Add(path);
    }

    /// <summary>The save is merged, or was none.</summary>
    public void Done(WaitingSave save)
    {
        AtomicFile.TryDelete(disk, save.Path);
        saves.Remove(save);
    }

    /// <summary>Nothing can be merged at the moment.</summary>
    public void PutOff() => saves.ForEach(save => save.PutOff());

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
            Add(saved);
        }
        catch (StoreException)
        {
            // The change stands. What this is, is found out later.
            Add(path);
        }
    }

    /// <summary>Where the file system cannot let two files change names, only what was saved before this moment is kept.</summary>
    private void KeepWhatIsNew(ReadOnlySpan<byte> read)
    {
        if (disk.ReadAll(paths.Queue) is not { } there || there.AsSpan().SequenceEqual(read)) return;
        var saved = NewName();
        using (var copy = disk.CreateCopy(paths.Queue, saved)) copy.Sync();
        Add(saved);
    }

    private void Add(string path) => saves.Add(new(path, time));

    private string NewName() => paths.Temporary($"{QueuePaths.SavedMark}{writer}-{++count}");
}
