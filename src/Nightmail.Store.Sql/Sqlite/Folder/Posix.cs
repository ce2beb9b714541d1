using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nightmail.Store.Sql.Sqlite.Folder;

/// <summary>
/// The few calls of the kernel that a data folder needs, with Linux's numbers. The file store has its own, more of them: a shared project
/// for these lines would cost more than they do.
/// </summary>
internal static partial class Posix
{
    public const int ReadOnly = 0, ReadWrite = 2, Create = 0x40;
    public const int TryAgain = 11;
    private const int CloseOnExec = 0x80000, LockExclusive = 2, LockNonBlocking = 4, LockRelease = 8, Interrupted = 4;

    /// <summary>The number of the last error of this thread.</summary>
    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>The words for the last error of this thread.</summary>
    public static string Words() => Marshal.GetPInvokeErrorMessage(LastError);

    /// <summary>Opens; null with <see cref="LastError"/> set when that fails. No child inherits it: a child would keep the lock of a dead parent.</summary>
    public static SafeFileHandle? Open(string path, int flags)
    {
        const int ownerReadsAndWrites = 0x180;
        int descriptor;
        do descriptor = OpenCall(path, flags | CloseOnExec, ownerReadsAndWrites);
        while (descriptor < 0 && LastError == Interrupted);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Takes the kernel's lock on the file, or not.</summary>
    public static bool TryLock(SafeFileHandle file)
    {
        int result;
        do result = FlockCall(file, LockExclusive | LockNonBlocking);
        while (result < 0 && LastError == Interrupted);
        return result == 0;
    }

    /// <summary>
    /// Gives the lock back, whoever else has the open file. Closing alone does not: a child that another thread is just starting has a
    /// copy of everything open until it becomes its own program, and the lock lives as long as the last copy.
    /// </summary>
    public static void Unlock(SafeFileHandle file) => _ = FlockCall(file, LockRelease);

    /// <summary>Flushes a file or folder to disk.</summary>
    public static bool Sync(SafeFileHandle file)
    {
        int result;
        do result = SyncCall(file);
        while (result < 0 && LastError == Interrupted);
        return result == 0;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FlockCall(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncCall(SafeFileHandle file);
}
