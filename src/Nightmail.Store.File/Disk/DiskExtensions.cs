namespace Nightmail.Store.File.Disk;

/// <summary>What is made of the disk's calls in more than one place.</summary>
internal static class DiskExtensions
{
    /// <summary>Makes the folder and those above it, each durable before the next is made in it.</summary>
    public static void EnsureFolder(this IDisk disk, string path)
    {
        if (disk.Stat(path) is { IsFolder: true }) return;
        var parent = Path.GetDirectoryName(path);
        if (parent is not null) disk.EnsureFolder(parent);
        if (disk.CreateFolder(path) && parent is not null) disk.SyncFolder(parent);
    }

    /// <summary>All bytes from <paramref name="offset"/> to the end, or null when there is no such file.</summary>
    public static byte[]? ReadAll(this IDisk disk, string path, long offset = 0)
    {
        using var file = disk.OpenRead(path);
        return file?.ReadAll(offset);
    }

    /// <summary>All bytes from <paramref name="offset"/> to the end.</summary>
    public static byte[] ReadAll(this IDiskFile file, long offset = 0)
    {
        var bytes = new byte[Math.Max(0, file.Length - offset)];
        var filled = 0;
        while (filled < bytes.Length)
        {
            var count = file.Read(bytes.AsSpan(filled), offset + filled);
            if (count == 0) return bytes[..filled];
            filled += count;
        }

        return bytes;
    }
}
