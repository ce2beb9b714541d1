using System.Globalization;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Revisions;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// Puts a new queue in the place of the old one without losing what somebody saves there at that very moment: the two files change names in
/// one step, and then it is looked at what was displaced. Where that is not what the new queue was made of, or somebody has it open and may
/// still write into it, it is kept beside the queue until it has been merged. Needs the queue's lock.
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
    /// <param name="bytes">What it holds.</param>
    /// <param name="read">The bytes that it was made of; empty when there was no file.</param>
    /// <exception cref="StoreException">As for <see cref="AtomicFile.Replace"/>.</exception>
    public void Put(string temporary, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> read)
    {
        try
        {
            // From here on whatever lies under its name, unless it is what the name says, is a save: whoever finds it after a crash can tell.
            var named = NewName(ContentHash.Of(bytes));
            disk.Rename(temporary, named);
            temporary = named;
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

    /// <summary>Takes over the saves of which other processes have left nothing but the file.</summary>
    public void Adopt()
    {
        foreach (var name in disk.List(paths.Folder))
        {
            var path = Path.Combine(paths.Folder, name);
            if (!paths.IsSaved(name) || saves.Exists(save => save.Path == path)) continue;
            if (IsNoNews(path, name)) AtomicFile.TryDelete(disk, path);
            else Add(path);
        }
    }

    /// <summary>The save is merged, or was none.</summary>
    public void Done(WaitingSave save)
    {
        AtomicFile.TryDelete(disk, save.Path);
        saves.Remove(save);
    }

    /// <summary>
    /// What was written so far is merged, and somebody has it open and may go on: it stays, and its name tells everybody what is merged of it.
    /// </summary>
    public void Keep(WaitingSave save, ReadOnlySpan<byte> merged)
    {
        save.PutOff();
        var named = NewName(ContentHash.Of(merged));
        disk.Rename(save.Path, named);
        save.Path = named;
    }

    /// <summary>True when these bytes are what the save's name says: a queue of ours, or what is merged already.</summary>
    public static bool IsNoNews(WaitingSave save, ReadOnlySpan<byte> bytes) => IsNamedBy(save.Path, bytes);

    /// <summary>The save cannot be merged by this process and stays where it is.</summary>
    public void Leave(WaitingSave save) => saves.Remove(save);

    /// <summary>Nothing can be merged at the moment.</summary>
    public void PutOff() => saves.ForEach(save => save.PutOff());

    private void LookAtDisplaced(string path, ReadOnlySpan<byte> read)
    {
        try
        {
            // Asked before it is read: an editor may have opened it and not yet written, and whoever opens the queue from now on opens the new one.
            if (!disk.IsOpenForWriting(path) && (disk.ReadAll(path) is not { } displaced || displaced.AsSpan().SequenceEqual(read)))
            {
                AtomicFile.TryDelete(disk, path);
                return;
            }
        }
        catch (Exception unexpected) when (unexpected is not OutOfMemoryException)
        {
            // The change stands, whatever that is. What this is, is found out later.
        }

        Add(path);
    }

    /// <summary>Where the file system cannot let two files change names, only what was saved before this moment is kept.</summary>
    private void KeepWhatIsNew(ReadOnlySpan<byte> read)
    {
        if (disk.ReadAll(paths.Queue) is not { } there || there.AsSpan().SequenceEqual(read)) return;
        var saved = NewName(hash: 0);
        using (var copy = disk.CreateCopy(paths.Queue, saved)) copy.Sync();
        Add(saved);
    }

    /// <summary>True for a queue that a process was to put in its place and died before, and for a save that is merged and that nobody has open any more.</summary>
    private bool IsNoNews(string path, string name)
    {
        try
        {
            return !disk.IsOpenForWriting(path) && disk.ReadAll(path) is { } bytes && IsNamedBy(name, bytes);
        }
        catch (StoreException)
        {
            return false;
        }
    }

    private static bool IsNamedBy(string name, ReadOnlySpan<byte> bytes) => name.EndsWith(Ending(ContentHash.Of(bytes)), StringComparison.Ordinal);

    private void Add(string path) => saves.Add(new(path, time));

    private string NewName(ulong hash) => Path.Combine(paths.Folder, $"{paths.TemporaryPrefix}{QueuePaths.SavedMark}{writer}-{(++count).ToString(CultureInfo.InvariantCulture)}{Ending(hash)}");

    private static string Ending(ulong hash) => $".{hash:x16}{QueuePaths.TemporaryEnding}";
}
