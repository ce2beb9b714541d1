using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Testing.Store;

/// <summary>Thrown by every call of a simulated process that has died. Nothing that it does matters any more.</summary>
public sealed class ProcessDiedException() : Exception("the simulated process has died");

/// <summary>The <see cref="FakeDisk"/> as one simulated process sees it. It can die at any call; its locks die with it.</summary>
public sealed class FakeDiskSession : IDisk
{
    private readonly int number;
    private readonly List<FakeLock> holding = [];
    private long calls;
    private long numbers;

    internal FakeDiskSession(FakeDisk disk, int number) => (Disk, this.number) = (disk, number);

    /// <summary>The process dies before its call of this number, from 1; 0: never.</summary>
    public long DiesAtCall { get; set; }

    /// <summary>How many calls it has made.</summary>
    public long Calls => calls;

    /// <summary>True when it is dead.</summary>
    public bool IsDead { get; private set; }

    /// <inheritdoc/>
    public int ProcessId => 1000 + number;

    /// <inheritdoc/>
    public string HostName => "engine";

    internal FakeDisk Disk { get; }

    /// <summary>Kills it. What it wrote is still there, synced or not; its locks are free.</summary>
    public void Die()
    {
        lock (Disk.Gate) Die_NeedsGate();
    }

    /// <inheritdoc/>
    public long NextNumber() => ++numbers;

    /// <inheritdoc/>
    public string RealPath(string path) => Path.GetFullPath(path);

    /// <inheritdoc/>
    public DiskStat? Stat(string path) => Call(DiskCallKind.Stat, path, () => Disk.Find(path) is { } node
        ? new DiskStat(node.Length, node.IsFolder) { Mode = node.Mode, IsOwn = true, Modified = node.Modified, Identity = node.Identity } : (DiskStat?)null);

    /// <inheritdoc/>
    public IDiskFile? OpenRead(string path) => Call(DiskCallKind.OpenRead, path, () => Disk.Find(path) is { } node ? new FakeFile(this, node, path) : null);

    /// <inheritdoc/>
    public IDiskFile CreateNew(string path) => Call(DiskCallKind.CreateNew, path, () =>
    {
        if (Disk.Find(path) is not null) throw Failure(DiskCallKind.CreateNew, path, DiskFailure.Exists);
        return new FakeFile(this, Make(DiskCallKind.CreateNew, path, isFolder: false), path);
    });

    /// <inheritdoc/>
    public IDiskFile CreateCopy(string from, string path) => Call(DiskCallKind.Copy, path, () =>
    {
        if (Disk.Find(path) is not null) throw Failure(DiskCallKind.Copy, path, DiskFailure.Exists);
        var bytes = (Disk.Find(from) ?? throw Failure(DiskCallKind.Copy, from, DiskFailure.NoEntry)).ToArray();
        var copy = Make(DiskCallKind.Copy, path, isFolder: false);
        copy.Append(bytes);
        return new FakeFile(this, copy, path);
    });

    /// <inheritdoc/>
    public void SetMode(string path, int mode) => Call(DiskCallKind.SetMode, path, () =>
    {
        (Disk.Find(path) ?? throw Failure(DiskCallKind.SetMode, path, DiskFailure.NoEntry)).Mode = mode;
        return true;
    });

    /// <inheritdoc/>
    public VolumeFacts Volume(string path) => Call(DiskCallKind.Volume, path, () => Disk.Volume);

    /// <inheritdoc/>
    public IDiskFile OpenAppend(string path) => Call(DiskCallKind.OpenAppend, path,
        () => new FakeFile(this, Disk.Find(path) ?? Make(DiskCallKind.OpenAppend, path, isFolder: false), path));

    /// <inheritdoc/>
    public void Rename(string from, string to) => Call(DiskCallKind.Rename, to, () =>
    {
        if (Disk.Find(from) is null) throw Failure(DiskCallKind.Rename, to, DiskFailure.NoEntry);
        Disk.Rename(from, to);
        return true;
    });

    /// <inheritdoc/>
    public bool TryExchange(string one, string other) => Call(DiskCallKind.Rename, other, () =>
    {
        if (!Disk.CanExchange || Disk.Find(other) is null) return false;
        Disk.Exchange(one, other);
        return true;
    });

    /// <inheritdoc/>
    public bool IsOpenForWriting(string path) => Call(DiskCallKind.Stat, path, () => Disk.Find(path) is { Writers: > 0 });

    /// <inheritdoc/>
    public bool Delete(string path) => Call(DiskCallKind.Delete, path, () =>
    {
        if (Disk.Find(path) is null) return false;
        Disk.Name(path, null);
        return true;
    });

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string folder) => Call(DiskCallKind.List, folder, () => Disk.List(folder));

    /// <inheritdoc/>
    public bool CreateFolder(string path) => Call(DiskCallKind.CreateFolder, path, () =>
    {
        if (Disk.Find(path) is not null) return false;
        Make(DiskCallKind.CreateFolder, path, isFolder: true);
        return true;
    });

    /// <inheritdoc/>
    public void SyncFolder(string folder) => Call(DiskCallKind.SyncFolder, folder, () =>
    {
        if (!Disk.HasFolder(folder)) throw Failure(DiskCallKind.SyncFolder, folder, DiskFailure.NoEntry);
        Disk.SyncFolder(folder);
        return true;
    });

    /// <inheritdoc/>
    public IDiskLock? TryLock(string path) => Call(DiskCallKind.Lock, path, () => TryLock_NeedsGate(path));

    /// <inheritdoc/>
    public async ValueTask<IDiskLock?> LockAsync(string path, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        FakeLockWait? wait = null;
        var free = Call(DiskCallKind.Lock, path, () =>
        {
            if (TryLock_NeedsGate(path) is { } held) return held;
            Disk.Find(path)!.Waiting.AddLast(wait = new(this, timeout, time, cancellationToken));
            return null;
        });
        if (free is not null) return free;
        using (wait) return await wait!.Result;
    }

    /// <inheritdoc/>
    public bool IsLocked(string path) => Call(DiskCallKind.IsLocked, path, () => Disk.Find(path)?.Holder is not null);

    /// <inheritdoc/>
    public IDisposable Watch(string path, Action changed) => Call(DiskCallKind.Watch, path, () => Disk.Watch(this, path, changed));

    internal void Took(FakeLock held) => holding.Add(held);

    internal void Released(FakeLock held) => holding.Remove(held);

    internal void Die_NeedsGate()
    {
        if (IsDead) return;
        IsDead = true;
        foreach (var held in holding.ToList()) held.Release_NeedsGate();
        holding.Clear();
    }

    /// <summary>Counts the call, lets it die or fail where a test wants that, and makes it.</summary>
    internal T Call<T>(DiskCallKind kind, string path, Func<T> call, Action<int>? fails = null)
    {
        lock (Disk.Gate)
        {
            if (IsDead) throw new ProcessDiedException();
            if (++calls == DiesAtCall)
            {
                Die_NeedsGate();
                throw new ProcessDiedException();
            }

            if (Disk.Trouble?.Invoke(new(kind, path, calls)) is { } code)
            {
                fails?.Invoke(code);
                throw Failure(kind, path, code);
            }

            return call();
        }
    }

    private FakeLock? TryLock_NeedsGate(string path)
    {
        var node = Disk.Find(path) ?? Make(DiskCallKind.Lock, path, isFolder: false);
        if (node.Holder is not null) return null;
        node.Holder = new FakeLock(this, node, path);
        Took(node.Holder);
        return node.Holder;
    }

    private FakeNode Make(DiskCallKind kind, string path, bool isFolder)
    {
        if (!Disk.HasFolder(Path.GetDirectoryName(path)!)) throw Failure(kind, path, DiskFailure.NoEntry);
        var node = new FakeNode { IsFolder = isFolder, Modified = Disk.Now, Mode = isFolder ? 0x1C0 : kind == DiskCallKind.Lock ? 0x1A4 : 0x180 };
        Disk.Name(path, node);
        return node;
    }

    private static StoreException Failure(DiskCallKind kind, string path, int code)
    {
        var operation = kind switch
        {
            DiskCallKind.Stat => "look at",
            DiskCallKind.OpenRead => "open",
            DiskCallKind.Read or DiskCallKind.Length => "read",
            DiskCallKind.List => "list",
            DiskCallKind.Sync or DiskCallKind.SyncFolder => "sync",
            DiskCallKind.Rename => "replace",
            DiskCallKind.Lock or DiskCallKind.IsLocked => "lock",
            _ => "write",
        };
        return DiskFailure.Of(operation, path, code, $"simulated error {code}");
    }

    private sealed class FakeFile(FakeDiskSession session, FakeNode node, string path) : IDiskFile
    {
        public ulong Identity => node.Identity;

        public long Length => session.Call(DiskCallKind.Length, path, () => node.Length);

        public int Read(Span<byte> destination, long offset)
        {
            var wanted = destination.Length;
            var buffer = session.Call(DiskCallKind.Read, path, () =>
            {
                var read = new byte[Math.Max(0, Math.Min(wanted, node.Length - offset))];
                node.Read(read, offset);
                return read;
            });
            buffer.CopyTo(destination);
            return buffer.Length;
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            var all = bytes.ToArray();
            session.Call(DiskCallKind.Write, path, () =>
            {
                node.Append(all);
                node.Modified = session.Disk.Now;
                return true;
            }, _ => node.Append(all.AsSpan(0, all.Length / 2)));
        }

        public void Sync() => session.Call(DiskCallKind.Sync, path, () =>
        {
            node.Sync();
            return true;
        }, _ => node.FailSync());

        public void Dispose()
        {
            // A closed file of a process changes nothing that matters here.
        }
    }
}
