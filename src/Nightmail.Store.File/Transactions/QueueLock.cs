using System.Globalization;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Guard;

namespace Nightmail.Store.File.Transactions;

/// <summary>The queue's lock, with a note in it that names the holder (<see cref="LockNote"/>).</summary>
internal sealed class QueueLock(IDisk disk, QueuePaths paths, QueueFileOptions options, string instance, TimeProvider time)
{
    private readonly QueueGuard guard = new(disk, paths, options);

    /// <summary>Waits for the lock.</summary>
    /// <exception cref="StoreException">Busy: it was not to be had in time; the message names the holder. Or the queue may not be changed where it lies.</exception>
    public async ValueTask<HeldLock> TakeAsync(CancellationToken cancellationToken)
    {
        disk.EnsureFolder(paths.Folder);
        guard.Pass();
        var asked = time.GetTimestamp();
        var held = await disk.LockAsync(paths.Lock, options.LockTimeout, time, cancellationToken);
        if (held is null) throw new StoreException(StoreTrouble.Busy, $"{paths.Lock} is held by {LockNote.Holder(disk, paths.Lock)}; nothing was changed: try again");
        try
        {
            var left = held.ReadNote();
            var leftNote = LockNote.Read(left);
            var note = new LockNote(disk.ProcessId.ToString(CultureInfo.InvariantCulture), disk.HostName, instance, time.GetUtcNow(), Unsynced: false);
            held.WriteNote(note.Write());
            Tell(left.Length > 0, leftNote, time.GetElapsedTime(asked));
            var since = time.GetTimestamp();
            return new HeldLock(held, left.Length > 0 && leftNote is not { IsOnlyOfSaves: true }, leftNote is { Saves: true }, note, () => Released(since));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private void Tell(bool wasLeft, LockNote? left, TimeSpan waited)
    {
        if (options.Observer.WantsOperations) options.Observer.On(new StoreEvent.LockTaken(paths.Lock, waited));
        if (!wasLeft || left is { Unsynced: true } or { Saves: true }) return;
        options.Observer.On(new StoreEvent.Warned($"{paths.Lock} was left by {left?.ToString() ?? "somebody"}, which holds it no more; taken over"));
    }

    private void Released(long since)
    {
        if (options.Observer.WantsOperations) options.Observer.On(new StoreEvent.LockReleased(paths.Lock, time.GetElapsedTime(since)));
    }
}

/// <summary>The lock while it is held.</summary>
/// <param name="held">The disk's lock.</param>
/// <param name="leftBehind">True when whoever held it before did not end its work: what it wrote may not be synced.</param>
/// <param name="leftSaves">True when saves by others wait to be merged.</param>
/// <param name="note">What the lock file says.</param>
/// <param name="released">Is called once it is free.</param>
internal sealed class HeldLock(IDiskLock held, bool leftBehind, bool leftSaves, LockNote note, Action released) : IDisposable
{
    private bool isReleased;

    /// <inheritdoc cref="HeldLock"/>
    public bool LeftBehind { get; } = leftBehind;

    /// <summary>Set when something may not be synced: then the next holder, and <c>health</c>, are told.</summary>
    public bool LeavesTrouble { get; set; } = leftBehind;

    /// <summary>Saves by others wait to be merged: whoever holds it looks for them.</summary>
    public bool LeftSaves { get; } = leftSaves;

    /// <summary>Set while saves by others wait: nothing is wrong, but the next holder is to look for them.</summary>
    public bool LeavesSaves { get; set; } = leftSaves;

    /// <summary>Releases it.</summary>
    public void Dispose()
    {
        if (isReleased) return;
        isReleased = true;
        using (held) held.WriteNote(LeavesTrouble || LeavesSaves ? (note with { Unsynced = LeavesTrouble, Saves = LeavesSaves }).Write() : []);
        released();
    }
}
