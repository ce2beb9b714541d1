using Microsoft.Win32.SafeHandles;

namespace Nightmail.Store.File.Disk;

/// <summary>
/// The kernel's locks (<c>flock</c>). Before the lock itself stands a turnstile, a byte-range lock on the same file: whoever is next holds
/// it while waiting, so that a process which releases and takes again, again and again, queues up behind the others.
/// </summary>
internal sealed class KernelLocks
{
    private const int WorldReadable = 0x1A4; // 0644: people read who holds it.
    /// <summary>So many times in a row a process may take a lock past others that wait. Eight busy processes then all get their turn within a few dozen changes.</summary>
    private const int PassLimit = 8;

    private readonly Lock gate = new();
    private readonly Dictionary<string, WaitingLock> abandoned = [];
    private int passed;

    /// <summary>Takes the lock at once, or not at all; past those who wait for it.</summary>
    public static IDiskLock? TryLock(string path)
    {
        while (true)
        {
            var handle = Open(path);
            if (!Posix.Lock(handle, Posix.LockExclusive | Posix.LockNonBlocking))
            {
                var code = Posix.LastError;
                handle.Dispose();
                return code == DiskFailure.TryAgain ? null : throw DiskFailure.Of("lock", path, code, Posix.Words(code));
            }

            if (IsStillThere(handle, path)) return new KernelLock(handle, path);
            handle.Dispose();
        }
    }

    /// <summary>True when somebody holds it. Asking does not disturb another who asks.</summary>
    public static bool IsLocked(string path)
    {
        using var handle = Posix.Open(path, Posix.ReadOnly, 0);
        if (handle is null) return Posix.LastError == DiskFailure.NoEntry ? false : throw RealDisk.Failed("open", path);
        return !Posix.Lock(handle, Posix.LockShared | Posix.LockNonBlocking);
    }

    /// <summary>Takes the lock, waiting on a thread of its own while it is busy.</summary>
    public async ValueTask<IDiskLock?> LockAsync(string path, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        WaitingLock? waiting;
        lock (gate)
        {
            // Not past those who wait, or not too often: until the next of them has woken up, the lock would only lie idle.
            var passing = SomebodyWaits(path) ? passed + 1 : 0;
            if (passing <= PassLimit && TryLock(path) is { } free)
            {
                passed = passing;
                return free;
            }

            passed = 0;
            // A wait that was given up still sits in the kernel: going on with it beats another thread.
            if (!abandoned.Remove(path, out waiting) || !waiting.TryAdopt()) waiting = new WaitingLock(() => WaitFor(path));
        }

        try
        {
            return await waiting.Acquired.WaitAsync(timeout, time, cancellationToken);
        }
        catch (Exception gaveUp) when (gaveUp is TimeoutException or OperationCanceledException)
        {
            lock (gate)
            {
                if (waiting.TryAbandon() is { } late) late.Dispose();
                else abandoned.TryAdd(path, waiting);
            }

            if (gaveUp is TimeoutException) return null;
            throw;
        }
    }

    private static bool SomebodyWaits(string path)
    {
        using var handle = Open(path);
        if (!Posix.LockTurnstile(handle, wait: false)) return true;
        Posix.UnlockTurnstile(handle);
        return false;
    }

    private static KernelLock WaitFor(string path)
    {
        while (true)
        {
            var handle = Open(path);
            if (!Posix.LockTurnstile(handle, wait: true)) throw RealDisk.Failed("lock", path);
            var taken = Posix.Lock(handle, Posix.LockExclusive);
            var code = Posix.LastError;
            Posix.UnlockTurnstile(handle);
            if (!taken) throw DiskFailure.Of("lock", path, code, Posix.Words(code));
            if (IsStillThere(handle, path)) return new KernelLock(handle, path);
            handle.Dispose();
        }
    }

    private static SafeFileHandle Open(string path) =>
        Posix.Open(path, Posix.ReadWrite | Posix.Create, WorldReadable) ?? throw RealDisk.Failed("lock", path);

    /// <summary>A lock on a file that somebody removed and made anew protects nothing.</summary>
    private static bool IsStillThere(SafeFileHandle handle, string path) =>
        Posix.Stat(handle, null, out var ours) && Posix.Stat(null, path, out var named) && ours.IsSame(named);

    /// <summary>One blocking wait in the kernel. If nobody wants it any more when it ends, the lock is released at once.</summary>
    private sealed class WaitingLock
    {
        private const int StackBytes = 256 * 1024;
        private readonly Lock gate = new();
        // Whoever waits goes on right here, on the thread that has the lock: another one would first have to wake up.
        private readonly TaskCompletionSource<IDiskLock?> acquired = new();
        private bool wanted = true;
        private bool done;
        private KernelLock? late;

        public WaitingLock(Func<KernelLock> wait)
        {
            var thread = new Thread(() => Finish(wait), StackBytes) { IsBackground = true, Name = "lock wait" };
            thread.Start();
        }

        public Task<IDiskLock?> Acquired => acquired.Task;

        /// <summary>Goes on with a wait that was given up.</summary>
        /// <returns>False when it is over.</returns>
        public bool TryAdopt()
        {
            lock (gate)
            {
                if (done) return false;
                wanted = true;
                return true;
            }
        }

        /// <summary>Gives the wait up.</summary>
        /// <returns>The lock, when it came at the last moment: the caller releases it.</returns>
        public KernelLock? TryAbandon()
        {
            lock (gate)
            {
                wanted = false;
                return late;
            }
        }

        private void Finish(Func<KernelLock> wait)
        {
            KernelLock held;
            try
            {
                held = wait();
            }
            catch (Exception failed)
            {
                lock (gate) done = true;
                acquired.TrySetException(failed);
                return;
            }

            bool taken;
            lock (gate)
            {
                done = true;
                taken = wanted;
                if (taken) late = held;
            }

            if (taken) acquired.SetResult(held);
            else held.Dispose();
        }
    }

    private sealed class KernelLock(SafeFileHandle handle, string path) : IDiskLock
    {
        public byte[] ReadNote()
        {
            using var file = new RealDiskFile(new SafeFileHandle(handle.DangerousGetHandle(), ownsHandle: false), path);
            var note = new byte[Math.Min(file.Length, 4096)];
            return note.AsSpan(0, file.Read(note, 0)).ToArray();
        }

        public unsafe void WriteNote(ReadOnlySpan<byte> note)
        {
            fixed (byte* buffer = note)
            {
                // The note is for people: a full disk must not stop the change that frees it.
                if (note.Length > 0) _ = Posix.WriteAt(handle, buffer, note.Length, 0);
                _ = Posix.Truncate(handle, note.Length);
            }
        }

        public void Dispose()
        {
            if (handle.IsClosed) return;
            Posix.ReleaseLock(handle);
            handle.Dispose();
        }
    }
}
