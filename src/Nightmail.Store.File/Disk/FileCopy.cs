using Microsoft.Win32.SafeHandles;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Disk;

/// <summary>
/// Copies of files, as cheap as the file system allows: a clone that shares the blocks, else a copy that the kernel makes, else one by
/// reading and writing. Never a hard link: whoever edits the original in place would edit the copy.
/// </summary>
internal static class FileCopy
{
    private const int OwnerOnly = 0x180;         // 0600
    private const uint CloneRequest = 0x40049409; // FICLONE
    private const int ChunkBytes = 128 * 1024;

    /// <summary>Makes the new file; what was made of it before a failure is removed.</summary>
    public static IDiskFile Make(string from, string to)
    {
        using var source = Posix.Open(from, Posix.ReadOnly, 0) ?? throw RealDisk.Failed("open", from);
        var target = Posix.Open(to, Posix.WriteOnly | Posix.Create | Posix.Exclusive, OwnerOnly) ?? throw RealDisk.Failed("create", to);
        var copy = new RealDiskFile(target, to);
        try
        {
            if (Posix.Clone(target, CloneRequest, source) < 0 && !TryCopyInKernel(source, target)) CopyByHand(source, copy, from);
            return copy;
        }
        catch
        {
            copy.Dispose();
            _ = Posix.Unlink(to);
            throw;
        }
    }

    /// <summary>False when nothing was copied because this file system, or this kernel, does not do it.</summary>
    private static unsafe bool TryCopyInKernel(SafeFileHandle source, SafeFileHandle target)
    {
        if (!Posix.Stat(source, null, out var facts)) return false;
        for (long done = 0; done < facts.Length;)
        {
            var copied = Posix.CopyRange(source, null, target, null, (nint)Math.Min(facts.Length - done, 1 << 30), 0);
            if (copied > 0) done += copied;
            else if (copied < 0 && Posix.LastError == DiskFailure.Interrupted) continue;
            else return done > 0 ? throw new StoreException(StoreTrouble.Unwritable, $"cannot copy the queue file: {Posix.Words(Posix.LastError)}; free some space and try again") : false;
        }

        return true;
    }

    private static void CopyByHand(SafeFileHandle source, RealDiskFile target, string path)
    {
        var reader = new RealDiskFile(new SafeFileHandle(source.DangerousGetHandle(), ownsHandle: false), path);
        var chunk = new byte[ChunkBytes];
        for (long offset = 0; reader.Read(chunk, offset) is > 0 and var count; offset += count) target.Write(chunk.AsSpan(0, count));
    }
}
