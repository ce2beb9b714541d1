using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nightmail.Bench.Yardsticks;

/// <summary>The least that replacing a file durably can cost: write, fsync, rename, fsync of the folder.</summary>
internal static partial class BareReplace
{
    private const int ReadOnlyCloseOnExec = 0x80000;

    /// <summary>Replaces the file by these bytes.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var temporary = path + ".bare";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, bytes, 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(temporary, path, overwrite: true);
        using var folder = OpenFolder(Path.GetDirectoryName(path)!, ReadOnlyCloseOnExec);
        if (folder.IsInvalid || Fsync(folder) != 0) throw new IOException($"fsync of the folder of {path}: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);
}
