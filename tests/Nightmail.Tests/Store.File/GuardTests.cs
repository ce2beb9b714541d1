using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>Where a queue may lie, and who else may read it.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class GuardTests
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_lock_that_is_given_back_is_free_though_a_child_is_just_being_started()
    {
        var folder = Directory.CreateTempSubdirectory("nightmail-lock-");
        try
        {
            var path = Path.Combine(folder.FullName, "lock");
            var first = KernelLocks.TryLock(path).ShouldNotBeNull();
            using var child = OpenFiles.CopyOf(path);
            KernelLocks.IsLocked(path).ShouldBeTrue();
            first.Dispose();
            using var second = KernelLocks.TryLock(path);
            second.ShouldNotBeNull();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_network_file_system_is_refused_with_the_reason_unless_it_is_allowed()
    {
        await using var world = new FakeStoreWorld();
        world.Disk.Volume = new(1, 1, "nfs");
        var error = await Should.ThrowAsync<StoreException>(async () => await world.OpenFile().AddAsync([Given.Email(world.Time)], Cancel));
        error.Message.ShouldContain("nfs");
        error.Message.ShouldContain("allowNetworkFileSystem");
        world.Disk.Contents(FakeStoreWorld.Path).ShouldBeNull();
        (await world.OpenFile(options => options with { AllowNetworkFileSystem = true }).AddAsync([Given.Email(world.Time)], Cancel)).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(0x6969, "nfs")]
    [InlineData(0xFF534D42, "cifs")]
    [InlineData(0xFE534D42, "smb2")]
    [InlineData(0x01021997, "9p")]
    [InlineData(unchecked((long)0xFFFFFFFFFF534D42), "cifs")]
    [InlineData(0xEF53, null)]
    [InlineData(0x01021994, null)]
    [InlineData(0x9123683E, null)]
    public void File_systems_are_told_apart_by_the_kernels_number(long magic, string? name) => FileSystems.NetworkOf(magic, "/nowhere").ShouldBe(name);

    [Theory]
    [InlineData("/home/ada/remote/queue", "fuse.sshfs")]
    [InlineData("/home/ada/remote", "fuse.sshfs")]
    [InlineData("/home/ada/remote2", null)]
    [InlineData("/home/ada/safe/queue", null)]
    [InlineData("/home/ada/with space/x", "fuse.rclone")]
    public void A_file_system_in_user_space_is_judged_by_its_mount(string path, string? name)
    {
        string[] mounts =
        [
            "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw",
            "90 22 0:55 / /home/ada/remote rw,nosuid shared:90 - fuse.sshfs host:/home rw",
            "91 22 0:56 / /home/ada/safe rw,nosuid shared:91 - fuse.gocryptfs /x rw",
            "92 22 0:57 / /home/ada/with\\040space rw,nosuid - fuse.rclone remote: rw",
        ];
        FileSystems.FuseNetworkOf(mounts, path).ShouldBe(name);
    }

    [Fact]
    public void This_machines_own_disk_is_no_network_and_has_room()
    {
        var volume = RealDisk.Instance.Volume(Path.GetTempPath());
        volume.NetworkName.ShouldBeNull();
        volume.FreeBytes.ShouldBeInRange(1, volume.TotalBytes);
    }

    [Fact]
    public async Task What_others_could_use_is_tightened_with_a_warning_and_a_folder_that_was_there_is_only_told()
    {
        await using var world = new FileStoreWorld();
        var listener = new Listener();
        var folder = Path.GetDirectoryName(world.Path)!;
        var first = world.OpenFile(new() { Path = world.Path });
        await first.AddAsync([Given.Email(world.Time) with { IdempotencyKey = new("k", "h") }], Cancel);
        await first.Blobs.AddAsync(new MemoryStream([1]), Cancel);
        await first.Backups.CreateAsync(Cancel);
        foreach (var path in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories))
            System.IO.File.SetUnixFileMode(path, System.IO.File.GetUnixFileMode(path) | UnixFileMode.OtherRead | UnixFileMode.GroupWrite);
        System.IO.File.SetUnixFileMode(folder, System.IO.File.GetUnixFileMode(folder) | UnixFileMode.OtherWrite);

        var store = world.OpenFile(new() { Path = world.Path, Observer = listener });
        await using var worker = await store.EnterAsync(Cancel);
        foreach (var path in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories))
        {
            var allowed = path.EndsWith(".lock", StringComparison.Ordinal) ? UnixFileMode.GroupRead | UnixFileMode.OtherRead : UnixFileMode.None;
            (System.IO.File.GetUnixFileMode(path) & Others & ~allowed).ShouldBe(UnixFileMode.None, path);
        }

        System.IO.File.GetUnixFileMode(folder).HasFlag(UnixFileMode.OtherWrite).ShouldBeTrue();
        listener.Words().ShouldContain(words => words.Contains("scheduled_emails.json could be used by others", StringComparison.Ordinal));
        listener.Words().ShouldContain(words => words.StartsWith("others may write in", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_queue_that_others_could_read_is_tightened_by_the_next_change()
    {
        await using var world = new FileStoreWorld();
        await world.OpenFile(new() { Path = world.Path }).AddAsync([Given.Email(world.Time)], Cancel);
        System.IO.File.SetUnixFileMode(world.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        var listener = new Listener();
        await world.OpenFile(new() { Path = world.Path, Observer = listener }).AddAsync([Given.Email(world.Time)], Cancel);
        System.IO.File.GetUnixFileMode(world.Path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Words().Count(words => words.Contains("could be used by others", StringComparison.Ordinal)).ShouldBe(1);
    }
}
