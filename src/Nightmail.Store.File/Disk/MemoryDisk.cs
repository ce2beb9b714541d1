using System.Runtime.InteropServices;

namespace Nightmail.Store.File.Disk;

/// <summary>A disk in this process's memory: everything works as on a real one, and is gone with the process. For the mode without persistence.</summary>
public sealed class MemoryDisk(TimeProvider time) : IDisk
{
    private const int OwnerOnly = 0x180, OwnerOnlyFolder = 0x1C0;
    private readonly Lock gate = new();
    private readonly Dictionary<string, MemoryFile> files = new(StringComparer.Ordinal) { ["/"] = new() { IsFolder = true } };
    private readonly List<(string Path, Action Changed)> watches = [];
    private long numbers;

    /// <inheritdoc/>
    public int ProcessId => Environment.ProcessId;

    /// <inheritdoc/>
    public string HostName { get; } = Environment.MachineName;

    /// <inheritdoc/>
    public long NextNumber() => Interlocked.Increment(ref numbers);

    /// <inheritdoc/>
    public string RealPath(string path) => Path.GetFullPath(path);

    /// <inheritdoc/>
    public DiskStat? Stat(string path)
    {
        lock (gate)
        {
            return files.TryGetValue(path, out var file)
                ? new DiskStat(file.Length, file.IsFolder) { Mode = file.IsFolder ? OwnerOnlyFolder : OwnerOnly, IsOwn = true, Modified = file.Modified, Identity = file.Identity } : null;
        }
    }

    /// <inheritdoc/>
    public IDiskFile? OpenRead(string path)
    {
        lock (gate) return files.TryGetValue(path, out var file) && !file.IsFolder ? new OpenFile(this, file) : null;
    }

    /// <inheritdoc/>
    public IDiskFile CreateNew(string path)
    {
        lock (gate)
        {
            if (files.ContainsKey(path)) throw Failure("create", path, DiskFailure.Exists);
            return new OpenFile(this, Make_NeedsGate(path, isFolder: false));
        }
    }

    /// <inheritdoc/>
    public IDiskFile CreateCopy(string from, string path)
    {
        lock (gate)
        {
            var source = files.GetValueOrDefault(from) ?? throw Failure("open", from, DiskFailure.NoEntry);
            var copy = CreateNew(path);
            copy.Write(source.Span);
            return copy;
        }
    }

    /// <inheritdoc/>
    public IDiskFile OpenAppend(string path)
    {
        lock (gate) return new OpenFile(this, files.GetValueOrDefault(path) ?? Make_NeedsGate(path, isFolder: false));
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (gate)
        {
            if (!files.Remove(from, out var file)) throw Failure("replace", to, DiskFailure.NoEntry);
            files[to] = file;
        }

        foreach (var changed in WatchersOf(to)) changed();
    }

    /// <summary>Nobody else can save here, so nothing has to be kept from being replaced.</summary>
    public bool TryExchange(string one, string other) => false;

    /// <summary>Nobody but this program can.</summary>
    public bool IsOpenForWriting(string path) => false;

    /// <inheritdoc/>
    public bool Delete(string path)
    {
        lock (gate) return files.Remove(path);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string folder)
    {
        lock (gate) return [.. files.Keys.Where(path => path != "/" && Path.GetDirectoryName(path) == folder).Select(path => Path.GetFileName(path))];
    }

    /// <inheritdoc/>
    public bool CreateFolder(string path)
    {
        lock (gate)
        {
            if (files.ContainsKey(path)) return false;
            Make_NeedsGate(path, isFolder: true);
            return true;
        }
    }

    /// <inheritdoc/>
    public void SetMode(string path, int mode)
    {
        // Nobody else can look at it anyway.
    }

    /// <inheritdoc/>
    public VolumeFacts Volume(string path) => new(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, null);

    /// <inheritdoc/>
    public void SyncFolder(string folder)
    {
        // There is nothing more durable to bring it to.
    }

    /// <inheritdoc/>
    public IDiskLock? TryLock(string path)
    {
        var file = LockFile(path);
        return file.Turn.Wait(0) ? new MemoryLock(this, file) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<IDiskLock?> LockAsync(string path, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var file = LockFile(path);
        using var late = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await file.Turn.WaitAsync(either.Token);
            return new MemoryLock(this, file);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public bool IsLocked(string path)
    {
        lock (gate) return files.TryGetValue(path, out var file) && file.Turn.CurrentCount == 0;
    }

    /// <inheritdoc/>
    public IDisposable Watch(string path, Action changed)
    {
        var watch = (path, changed);
        lock (gate) watches.Add(watch);
        return new Ending(() =>
        {
            lock (gate) watches.Remove(watch);
        });
    }

    private List<Action> WatchersOf(string path)
    {
        lock (gate) return [.. watches.Where(watch => watch.Path == path).Select(watch => watch.Changed)];
    }

    private MemoryFile LockFile(string path)
    {
        lock (gate) return files.GetValueOrDefault(path) ?? Make_NeedsGate(path, isFolder: false);
    }

    private MemoryFile Make_NeedsGate(string path, bool isFolder)
    {
        if (!files.TryGetValue(Path.GetDirectoryName(path)!, out var parent) || !parent.IsFolder) throw Failure("create", path, DiskFailure.NoEntry);
        return files[path] = new() { IsFolder = isFolder, Modified = time.GetUtcNow(), Identity = (ulong)NextNumber() };
    }

    private static Core.Storage.StoreException Failure(string operation, string path, int code) => DiskFailure.Of(operation, path, code, Posix.Words(code));

    private sealed class MemoryFile
    {
        private readonly List<byte> bytes = [];

        public bool IsFolder { get; init; }

        public ulong Identity { get; init; }

        public DateTimeOffset Modified { get; set; }

        public SemaphoreSlim Turn { get; } = new(1, 1);

        public int Length => bytes.Count;

        public ReadOnlySpan<byte> Span => CollectionsMarshal.AsSpan(bytes);

        public void Append(ReadOnlySpan<byte> more) => bytes.AddRange(more);

        public void Clear() => bytes.Clear();
    }

    private sealed class OpenFile(MemoryDisk disk, MemoryFile file) : IDiskFile
    {
        public ulong Identity => file.Identity;

        public long Length
        {
            get
            {
                lock (disk.gate) return file.Length;
            }
        }

        public int Read(Span<byte> destination, long offset)
        {
            lock (disk.gate)
            {
                if (offset >= file.Length) return 0;
                var count = Math.Min(destination.Length, file.Length - (int)offset);
                file.Span.Slice((int)offset, count).CopyTo(destination);
                return count;
            }
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            lock (disk.gate)
            {
                file.Append(bytes);
                file.Modified = disk.Now;
            }
        }

        public void Sync()
        {
            // There is nothing more durable to bring it to.
        }

        public void Dispose()
        {
            // Nothing is held open.
        }
    }

    private DateTimeOffset Now => time.GetUtcNow();

    private sealed class MemoryLock(MemoryDisk disk, MemoryFile file) : IDiskLock
    {
        private bool released;

        public byte[] ReadNote()
        {
            lock (disk.gate) return file.Span.ToArray();
        }

        public void WriteNote(ReadOnlySpan<byte> note)
        {
            lock (disk.gate)
            {
                file.Clear();
                file.Append(note);
            }
        }

        public void Dispose()
        {
            if (released) return;
            released = true;
            file.Turn.Release();
        }
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
