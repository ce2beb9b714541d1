namespace Nightmail.Store.File.Disk;

/// <summary>Tells file systems apart: those of this machine, where the kernel's locks hold, and those that lie on another.</summary>
internal static class FileSystems
{
    private const long Fuse = 0x65735546;
    private const string Mounts = "/proc/self/mountinfo";

    private static readonly (long Magic, string Name)[] Networks =
    [
        (0x6969, "nfs"), (0xFF534D42, "cifs"), (0xFE534D42, "smb2"), (0x517B, "smb"), (0x01021997, "9p"), (0x5346414F, "afs"), (0x6B414653, "afs"),
        (0x73757245, "coda"), (0x564C, "ncp"), (0x00C36400, "ceph"), (0x0BD00BD0, "lustre"), (0x01161970, "gfs2"), (0x7461636F, "ocfs2"), (0x47504653, "gpfs"), (0x013111A8, "ibrix"), (0xBACBACBC, "vmhgfs"),
    ];

    /// <summary>Those programs' file systems that are known to lie elsewhere; others in user space are local ones, such as an encrypted folder.</summary>
    private static readonly string[] FuseNetworks =
    [
        "sshfs", "rclone", "s3fs", "gcsfuse", "goofys", "davfs", "glusterfs", "ceph", "ceph-fuse", "mfs", "moosefs", "curlftpfs", "smbnetfs", "juicefs", "lizardfs", "google-drive-ocamlfuse", "onedriver", "vmhgfs-fuse", "prl_fs", "gvfsd-fuse", "kio-fuse",
    ];

    /// <summary>What the file system of a path is.</summary>
    public static unsafe VolumeFacts Of(string path)
    {
        // struct statfs: type, block size, blocks, free blocks, blocks free to this user, each eight bytes.
        var buffer = stackalloc byte[256];
        int result;
        do result = Posix.StatFileSystem(path, buffer);
        while (result < 0 && Posix.LastError == DiskFailure.Interrupted);
        if (result < 0) throw RealDisk.Failed("look at", path);
        var words = (long*)buffer;
        var (magic, block) = (words[0], words[1]);
        return new(words[4] * block, words[2] * block, NetworkOf(magic, path));
    }

    /// <summary>The name of a network's file system; null for a local one.</summary>
    internal static string? NetworkOf(long magic, string path)
    {
        var type = magic & 0xFFFFFFFF;
        foreach (var network in Networks)
        {
            if (network.Magic == type) return network.Name;
        }

        return type == Fuse ? FuseNetworkOf(ReadMounts(), path) : null;
    }

    /// <summary>The network's file system, in user space, in whose mount a path lies; null when it is a local one.</summary>
    /// <param name="mounts">The lines of <c>/proc/self/mountinfo</c>.</param>
    /// <param name="path">A real path.</param>
    internal static string? FuseNetworkOf(IEnumerable<string> mounts, string path)
    {
        var (longest, type) = (-1, "");
        foreach (var line in mounts)
        {
            // 36 35 98:0 /root /mount/point rw,noatime shared:1 - fuse.sshfs source options
            var parts = line.Split(' ');
            var dash = Array.IndexOf(parts, "-");
            if (parts.Length < 6 || dash < 0 || dash + 1 >= parts.Length) continue;
            var place = parts[4].Replace("\\040", " ", StringComparison.Ordinal);
            var covers = path == place || place == "/" || path.StartsWith(place + "/", StringComparison.Ordinal);
            if (covers && place.Length >= longest) (longest, type) = (place.Length, parts[dash + 1]);
        }

        return type.StartsWith("fuse.", StringComparison.Ordinal) && FuseNetworks.Contains(type["fuse.".Length..]) ? type : null;
    }

    private static string[] ReadMounts()
    {
        try
        {
            return System.IO.File.ReadAllLines(Mounts);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
