using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Disk;

/// <summary>The disk of this machine, by the kernel's own calls.</summary>
public sealed class RealDisk : IDisk
{
    private const int OwnerOnly = 0x180;      // 0600
    private const int OwnerOnlyFolder = 0x1C0; // 0700
    private readonly KernelLocks locks = new();
    private long numbers;

    /// <summary>The one instance of this process.</summary>
    public static RealDisk Instance { get; } = new();

    private RealDisk()
    {
    }

    /// <inheritdoc/>
    public int ProcessId => Environment.ProcessId;

    /// <inheritdoc/>
    public string HostName { get; } = Environment.MachineName;

    /// <inheritdoc/>
    public long NextNumber() => Interlocked.Increment(ref numbers);

    /// <inheritdoc/>
    public string RealPath(string path)
    {
        var absolute = Path.GetFullPath(path);
        for (var links = 0; links < 40; links++)
        {
            if (Resolve(absolute) is { } real) return real;
            if (new FileInfo(absolute).LinkTarget is not { } target)
            {
                var parent = Path.GetDirectoryName(absolute);
                return parent is null ? absolute : Path.Combine(RealPath(parent), Path.GetFileName(absolute));
            }

            absolute = Path.GetFullPath(target, Path.GetDirectoryName(absolute)!);
        }

        throw new StoreException(StoreTrouble.Unreadable, $"cannot open {path}: too many symbolic links; name the queue's real path with --queue");
    }

    /// <inheritdoc/>
    public DiskStat? Stat(string path)
    {
        if (Posix.Stat(null, path, out var facts)) return facts.ToStat();
        return Posix.LastError is DiskFailure.NoEntry ? null : throw Failed("look at", path);
    }

    /// <inheritdoc/>
    public IDiskFile? OpenRead(string path)
    {
        // Without waiting: to open a pipe for reading would wait for somebody who writes into it.
        if (Posix.Open(path, Posix.ReadOnly | Posix.NonBlocking, 0) is not { } handle) return Posix.LastError == DiskFailure.NoEntry ? null : throw Failed("open", path);
        if (Posix.Stat(handle, null, out var facts) && facts.IsFile) return new RealDiskFile(handle, path);
        handle.Dispose();
        throw new StoreException(StoreTrouble.Unreadable, $"cannot open {path}: it is {(facts.IsFolder ? "a folder" : "a pipe or a device")} and not a file; name another queue with --queue");
    }

    /// <inheritdoc/>
    public IDiskFile CreateNew(string path) =>
        new RealDiskFile(Posix.Open(path, Posix.WriteOnly | Posix.Create | Posix.Exclusive, OwnerOnly) ?? throw Failed("create", path), path);

    /// <inheritdoc/>
    public IDiskFile CreateCopy(string from, string path) => FileCopy.Make(from, path);

    /// <inheritdoc/>
    public IDiskFile OpenAppend(string path) =>
        new RealDiskFile(Posix.Open(path, Posix.ReadWrite | Posix.Create | Posix.Append, OwnerOnly) ?? throw Failed("write", path), path);

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        if (Posix.Rename(from, to) < 0) throw Failed("replace", to);
    }

    /// <inheritdoc/>
    public bool TryExchange(string one, string other)
    {
        if (Posix.Exchange(one, other)) return true;
        return DiskFailure.MeansNoExchange(Posix.LastError) ? false : throw Failed("replace", other);
    }

    /// <inheritdoc/>
    public bool IsOpenForWriting(string path)
    {
        using var handle = Posix.Open(path, Posix.ReadOnly | Posix.NonBlocking, 0);
        return handle is not null && Posix.HasWriters(handle);
    }

    /// <inheritdoc/>
    public bool Delete(string path)
    {
        if (Posix.Unlink(path) == 0) return true;
        return Posix.LastError == DiskFailure.NoEntry ? false : throw Failed("remove", path);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path))] : [];
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreTrouble.Unreadable, $"cannot list {folder}: {failed.Message}; check that it may be read", failed);
        }
    }

    /// <inheritdoc/>
    public bool CreateFolder(string path)
    {
        if (Posix.MakeFolder(path, OwnerOnlyFolder) == 0) return true;
        return Posix.LastError == DiskFailure.Exists ? false : throw Failed("make the folder", path);
    }

    /// <inheritdoc/>
    public void SetMode(string path, int mode)
    {
        if (Posix.ChangeMode(path, mode) < 0) throw Failed("change the permissions of", path);
    }

    /// <inheritdoc/>
    public VolumeFacts Volume(string path) => FileSystems.Of(path);

    /// <inheritdoc/>
    public void SyncFolder(string folder)
    {
        using var handle = Posix.Open(folder, Posix.ReadOnly, 0) ?? throw Failed("sync", folder);
        Sync(handle, folder);
    }

    /// <inheritdoc/>
    public IDiskLock? TryLock(string path) => KernelLocks.TryLock(path);

    /// <inheritdoc/>
    public ValueTask<IDiskLock?> LockAsync(string path, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken) =>
        locks.LockAsync(path, timeout, time, cancellationToken);

    /// <inheritdoc/>
    public bool IsLocked(string path) => KernelLocks.IsLocked(path);

    /// <inheritdoc/>
    public IDisposable Watch(string path, Action changed) => new FolderWatch(path, changed);

    internal static void Sync(SafeFileHandle handle, string path)
    {
        int result;
        do result = Posix.Sync(handle);
        while (result < 0 && Posix.LastError == DiskFailure.Interrupted);
        if (result < 0) throw Failed("sync", path);
    }

    /// <summary>The exception for the call of this thread that has just failed.</summary>
    internal static StoreException Failed(string operation, string path)
    {
        var code = Posix.LastError;
        return DiskFailure.Of(operation, path, code, Posix.Words(code));
    }

    private static unsafe string? Resolve(string path)
    {
        const int longestPath = 4097;
        var buffer = stackalloc byte[longestPath];
        return Posix.RealPath(path, buffer) == null ? null : Marshal.PtrToStringUTF8((nint)buffer);
    }
}
