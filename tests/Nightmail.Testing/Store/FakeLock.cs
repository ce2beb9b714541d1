using Nightmail.Store.File.Disk;

namespace Nightmail.Testing.Store;

/// <summary>A lock of the <see cref="FakeDisk"/> while it is held.</summary>
internal sealed class FakeLock(FakeDiskSession session, FakeNode node, string path) : IDiskLock
{
    public FakeDiskSession Session => session;

    public byte[] ReadNote() => session.Call(DiskCallKind.Note, path, node.ToArray);

    public void WriteNote(ReadOnlySpan<byte> note)
    {
        var bytes = note.ToArray();
        session.Call(DiskCallKind.Note, path, () =>
        {
            node.Replace(bytes);
            return true;
        });
    }

    public void Dispose()
    {
        lock (session.Disk.Gate)
        {
            if (!session.IsDead) Release_NeedsGate();
        }
    }

    /// <summary>Gives it up; whoever waits longest has it next.</summary>
    public void Release_NeedsGate()
    {
        if (node.Holder != this) return;
        node.Holder = null;
        session.Released(this);
        while (node.Holder is null && node.Waiting.First is { } next)
        {
            node.Waiting.RemoveFirst();
            var held = new FakeLock(next.Value.Session, node, path);
            if (!next.Value.TryGrant(held)) continue;
            node.Holder = held;
            next.Value.Session.Took(held);
        }
    }
}

/// <summary>Somebody who waits for a lock.</summary>
internal sealed class FakeLockWait : IDisposable
{
    private readonly TaskCompletionSource<IDiskLock?> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer timer;
    private readonly CancellationTokenRegistration cancellation;

    public FakeLockWait(FakeDiskSession session, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        Session = session;
        timer = time.CreateTimer(_ => result.TrySetResult(null), null, timeout, Timeout.InfiniteTimeSpan);
        cancellation = cancellationToken.Register(() => result.TrySetCanceled(cancellationToken));
    }

    public FakeDiskSession Session { get; }

    public Task<IDiskLock?> Result => result.Task;

    /// <summary>Gives it the lock.</summary>
    /// <returns>False when it does not wait any more.</returns>
    public bool TryGrant(FakeLock held) => !Session.IsDead && result.TrySetResult(held);

    public void Dispose()
    {
        timer.Dispose();
        cancellation.Dispose();
    }
}
