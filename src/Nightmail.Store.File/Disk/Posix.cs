using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nightmail.Store.File.Disk;

/// <summary>The kernel's calls, with Linux's numbers. .NET's own files lock and append differently from what the store needs.</summary>
internal static partial class Posix
{
    public const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, Append = 0x400, CloseOnExec = 0x80000, NonBlocking = 0x800;
    public const int LockShared = 1, LockExclusive = 2, LockNonBlocking = 4;
    private const int LockRelease = 8;
    private const int OpenFileSetLock = 37, OpenFileSetLockWait = 38;
    private const int SetSignal = 10, SetLease = 1024, UrgentSignal = 23;
    private const short WriteLock = 1, Unlock = 2;

    /// <summary>The words for an error number.</summary>
    public static string Words(int code) => Marshal.GetPInvokeErrorMessage(code);

    /// <summary>The number of the last error of this thread.</summary>
    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>Opens; null with <see cref="LastError"/> set when that fails.</summary>
    public static SafeFileHandle? Open(string path, int flags, int mode)
    {
        int descriptor;
        do descriptor = OpenCall(path, flags | CloseOnExec, mode);
        while (descriptor < 0 && LastError == DiskFailure.Interrupted);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Takes or waits for <c>flock</c>.</summary>
    /// <returns>False with <see cref="LastError"/> set when it is not held.</returns>
    public static bool Lock(SafeFileHandle file, int operation)
    {
        int result;
        do result = FlockCall(file, operation);
        while (result < 0 && LastError == DiskFailure.Interrupted);
        return result == 0;
    }

    /// <summary>
    /// Gives the lock back, whoever else has the open file. Closing alone does not: a child that another thread is just starting has a
    /// copy of everything open until it becomes its own program, and the lock lives as long as the last copy.
    /// </summary>
    public static void ReleaseLock(SafeFileHandle file) => _ = FlockCall(file, LockRelease);

    /// <summary>Takes or waits for a lock on the first byte of the open file description: the turnstile before the real lock.</summary>
    public static bool LockTurnstile(SafeFileHandle file, bool wait)
    {
        var range = new ByteRange { Type = WriteLock, Length = 1 };
        int result;
        do result = FcntlCall(file, wait ? OpenFileSetLockWait : OpenFileSetLock, ref range);
        while (result < 0 && LastError == DiskFailure.Interrupted);
        return result == 0;
    }

    /// <summary>Opens the turnstile for the next.</summary>
    public static void UnlockTurnstile(SafeFileHandle file)
    {
        var range = new ByteRange { Type = Unlock, Length = 1 };
        _ = FcntlCall(file, OpenFileSetLock, ref range);
    }

    /// <summary>
    /// True when anybody has the file, which is open here for reading, open for writing: the kernel then grants no lease on it. Whoever opens it
    /// in the moment of asking waits until the lease is given back, and the signal that tells of them is one that nobody minds.
    /// </summary>
    public static bool HasWriters(SafeFileHandle file)
    {
        const int readLease = 0;
        if (FcntlCall(file, SetSignal, UrgentSignal) < 0) return false;
        if (FcntlCall(file, SetLease, readLease) < 0) return LastError == DiskFailure.TryAgain;
        _ = FcntlCall(file, SetLease, Unlock);
        return false;
    }

    /// <summary>What lies at a path, or behind an open file when <paramref name="path"/> is null.</summary>
    public static unsafe bool Stat(SafeFileHandle? file, string? path, out FileFacts facts)
    {
        const int currentFolder = -100, emptyPath = 0x1000;
        const uint basicAndBorn = 0xfff;
        var buffer = stackalloc byte[256];
        int result;
        if (path is not null) result = StatPathCall(currentFolder, path, 0, basicAndBorn, buffer);
        else result = StatFileCall(file!, "", emptyPath, basicAndBorn, buffer);
        facts = default;
        if (result < 0) return false;
        // struct statx has the same layout on every architecture.
        var mode = *(ushort*)(buffer + 28);
        facts = new(*(ulong*)(buffer + 32), ((ulong)*(uint*)(buffer + 136) << 32) | *(uint*)(buffer + 140), *(long*)(buffer + 40), mode, *(uint*)(buffer + 20),
            DateTimeOffset.FromUnixTimeSeconds(*(long*)(buffer + 112)).AddTicks(*(uint*)(buffer + 120) / 100))
        { Born = (*(ulong*)(buffer + 80) * 1_000_000_000) + *(uint*)(buffer + 88) };
        return true;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FlockCall(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FcntlCall(SafeFileHandle file, int command, ref ByteRange range);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FcntlCall(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatPathCall(int folder, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatFileCall(SafeFileHandle file, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static unsafe partial nint ReadAt(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static unsafe partial nint Write(SafeFileHandle file, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    public static unsafe partial nint WriteAt(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(string from, string to);

    /// <summary>Lets two files change names; false with <see cref="LastError"/> set when that fails.</summary>
    public static bool Exchange(string one, string other)
    {
        const int currentFolder = -100;
        const uint exchange = 2;
        try
        {
            return RenameAt(currentFolder, one, currentFolder, other, exchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library that is older than the kernel's call.
            Marshal.SetLastPInvokeError(DiskFailure.NoSuchCall);
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeFolder(string path, int mode);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial byte* RealPath(string path, byte* buffer);

    /// <summary>The user this process works for.</summary>
    public static uint User { get; } = EffectiveUser();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeMode(string path, int mode);

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial int StatFileSystem(string path, byte* buffer);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Clone(SafeFileHandle to, nuint request, SafeFileHandle from);

    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    public static unsafe partial nint CopyRange(SafeFileHandle from, long* fromOffset, SafeFileHandle to, long* toOffset, nint count, uint flags);

    [StructLayout(LayoutKind.Sequential)]
    private struct ByteRange
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}

/// <summary>What the kernel says of a file.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileFacts(ulong Inode, ulong Device, long Length, ushort Mode, uint Owner, DateTimeOffset Modified)
{
    private const int KindBits = 0xF000, FolderKind = 0x4000, FileKind = 0x8000, PermissionBits = 0x1FF;

    /// <summary>When it was made, in nanoseconds; 0 where the file system does not say.</summary>
    public ulong Born { get; init; }

    /// <summary>The number of one that is gone is given again, and soon: with the moment it was made, it is nobody else's.</summary>
    private ulong Identity => unchecked(Inode ^ (Born * 0x9E37_79B9_7F4A_7C15));

    /// <summary>True for an ordinary file.</summary>
    public bool IsFile => (Mode & KindBits) == FileKind;

    /// <summary>True for a folder.</summary>
    public bool IsFolder => (Mode & KindBits) == FolderKind;

    /// <summary>The same without the kernel's numbers.</summary>
    public DiskStat ToStat() => new(Length, IsFolder)
    {
        Mode = Mode & PermissionBits, IsOwn = Owner == Posix.User, IsSpecial = (Mode & KindBits) is not (FolderKind or FileKind), Modified = Modified, Identity = Identity,
    };

    /// <summary>True when both are one file.</summary>
    public bool IsSame(FileFacts other) => Inode == other.Inode && Device == other.Device;
}
