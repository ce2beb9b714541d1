using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Revisions;
using Nightmail.Store.File.Salvage;

namespace Nightmail.Store.File.Transactions;

/// <summary>Merges what somebody saved while the queue was being replaced, like any other save, with what it has become. Needs the queue's lock.</summary>
internal sealed class SaveTaker(
    IDisk disk, QueuePaths paths, QueueMemory memory, TransactionStart start, QueueWriter queueWriter, QueueSwap swap, RevisionLog revisions, RecoveryReportFile reports, QueueFileOptions options, string writer, TimeProvider time)
{
    /// <summary>Merges the saves that are due.</summary>
    /// <returns>True when the queue was written.</returns>
    public bool Take(HeldLock held)
    {
        var taken = false;
        foreach (var save in swap.Due())
        {
            try
            {
                if (memory.Queue.Read(underLock: true) is not Sighting.Good current) break;
                if (Look(save) is not { } look) continue;
                var transaction = start.OnSave(look.Found, current.Document);
                if (queueWriter.Write(transaction, [], [], held) is not true) throw new StoreException(StoreTrouble.Unwritable, "the queue cannot be written");
                taken = true;
                if (look.IsOpen) swap.Keep(save, look.Bytes);
                else swap.Done(save);
            }
            catch (StoreException broken)
            {
                memory.Forget();
                if (save.PutOff()) options.Observer.On(new StoreEvent.Warned($"what somebody saved in the moment of a change waits as {save.Path}: {broken.Message}"));
            }
            catch (Exception broken) when (broken is not OutOfMemoryException)
            {
                memory.Forget();
                Leave(save, broken);
            }
        }

        held.LeavesSaves = swap.DueIn is not null;
        return taken;
    }

    /// <summary>What there is to be merged; null: nothing, or nothing yet.</summary>
    private (Sighting Found, byte[] Bytes, bool IsOpen)? Look(WaitingSave save)
    {
        if (disk.Stat(save.Path) is not { } stat)
        {
            swap.Done(save);
            return null;
        }

        // Asked first: what is read of a file that nobody can write to any more is its last word.
        var isOpen = disk.IsOpenForWriting(save.Path);
        var bytes = disk.ReadAll(save.Path) ?? [];
        if (QueueSwap.IsNoNews(save, bytes) || revisions.Load().Knows(bytes))
        {
            // A queue of ours, or merged already, and somebody may be about to write over it.
            if (isOpen) save.PutOff();
            else swap.Done(save);
            return null;
        }

        var mayGoOn = save.Settling.Remaining(stat) > TimeSpan.Zero;
        var found = QueueCache.Judge(bytes, save.Path);
        if (!(found is Sighting.Damaged ? isOpen || mayGoOn : isOpen && mayGoOn)) return (found, bytes, isOpen);
        // Whoever has it open may have it so for hours.
        if (isOpen) save.PutOff();
        return null;
    }

    /// <summary>What was asked for is written by now and must not fail for a save that nobody understands: that is kept, and told.</summary>
    private void Leave(WaitingSave save, Exception broken)
    {
        swap.Leave(save);
        reports.Announce(new()
        {
            At = time.GetUtcNow(), Gravity = RecoveryGravity.Incomplete, KeptAs = save.Path,
            Summary = $"what somebody saved while {Path.GetFileName(paths.Queue)} was being written could not be taken: {broken.Message}",
        }, options.Observer, writer);
    }
}
