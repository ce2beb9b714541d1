using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nightmail.Testing.Store;

/// <summary>What this process has open, as a child has it between its birth and its own program.</summary>
public static class OpenFiles
{
    /// <summary>Another copy of the open file at that path, which keeps alive what hangs on it.</summary>
    public static SafeFileHandle CopyOf(string path)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (new FileInfo(entry).LinkTarget != path) continue;
            var copy = Duplicate(int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture));
            if (copy >= 0) return new(copy, ownsHandle: true);
        }

        throw new InvalidOperationException($"{path} is not open");
    }

    [DllImport("libc", EntryPoint = "dup", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Duplicate(int descriptor);
}
