using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Nightmail.Mail.Transports;

/// <summary>Makes the names in a folder durable. The base library cannot: it opens no folder as a file.</summary>
internal static partial class FolderSync
{
    private const int ReadOnlyCloseOnExec = 0x80000;

    /// <summary>Flushes the folder to disk.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Flush(string folder)
    {
        var handle = Open(folder, ReadOnlyCloseOnExec);
        if (handle < 0) throw Failed(folder);
        try
        {
            if (Fsync(handle) < 0) throw Failed(folder);
        }
        finally
        {
            _ = Close(handle);
        }
    }

    private static IOException Failed(string folder) => new($"{folder}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int handle);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int handle);
}
