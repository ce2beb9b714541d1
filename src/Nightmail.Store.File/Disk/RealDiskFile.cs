using Microsoft.Win32.SafeHandles;

namespace Nightmail.Store.File.Disk;

/// <summary>A file of the real disk.</summary>
internal sealed class RealDiskFile(SafeFileHandle handle, string path) : IDiskFile
{
    /// <inheritdoc/>
    public long Length => Posix.Stat(handle, null, out var facts) ? facts.Length : throw RealDisk.Failed("look at", path);

    /// <inheritdoc/>
    public ulong Identity => Posix.Stat(handle, null, out var facts) ? facts.ToStat().Identity : throw RealDisk.Failed("look at", path);

    /// <inheritdoc/>
    public unsafe int Read(Span<byte> destination, long offset)
    {
        if (destination.IsEmpty) return 0;
        fixed (byte* buffer = destination)
        {
            nint count;
            do count = Posix.ReadAt(handle, buffer, destination.Length, offset);
            while (count < 0 && Posix.LastError == DiskFailure.Interrupted);
            return count >= 0 ? (int)count : throw RealDisk.Failed("read", path);
        }
    }

    /// <inheritdoc/>
    public unsafe void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* buffer = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                var count = Posix.Write(handle, buffer + done, bytes.Length - done);
                if (count > 0) done += count;
                else if (count == 0 || Posix.LastError != DiskFailure.Interrupted) throw RealDisk.Failed("write", path);
            }
        }
    }

    /// <inheritdoc/>
    public void Sync() => RealDisk.Sync(handle, path);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();
}
