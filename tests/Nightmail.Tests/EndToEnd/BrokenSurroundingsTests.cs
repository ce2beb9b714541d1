using System.Diagnostics;
using System.Globalization;
using Nightmail.Testing.EndToEnd;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>The real program where the disk fails, is full, may not be written, or what lies there is no queue.</summary>
public sealed class BrokenSurroundingsTests
{
    private static readonly string[] Schedule = ["schedule", "--to", "grace@example.net", "--subject", "Hello", "--body", "x", "--at", "in 3d"];

    [Theory]
    [InlineData("openat,open", "EIO", "")]
    [InlineData("openat,open", "EACCES", "")]
    [InlineData("openat,open", "EROFS", ".lock")]
    [InlineData("fsync", "EIO", "")]
    [InlineData("fsync", "ENOSPC", "")]
    [InlineData("rename,renameat,renameat2", "EROFS", "")]
    [InlineData("rename,renameat,renameat2", "EIO", "")]
    public async Task A_call_that_the_kernel_refuses_is_one_clear_line_and_the_old_file_stays(string calls, string error, string ending)
    {
        await using var home = Household.WithServer(1);
        (await home.RunAsync(Schedule)).ExitCode.ShouldBe(0);
        var before = await File.ReadAllBytesAsync(home.Queue);
        var path = calls.StartsWith("fsync", StringComparison.Ordinal) ? home.Folder : ending.Length > 0 ? Path.ChangeExtension(home.Queue, ending) : home.Queue;
        // Of a rename strace looks at the first path alone, which differs each time; nothing else here renames.
        string[] only = calls.StartsWith("rename", StringComparison.Ordinal) ? [] : ["-P", path];
        string[] tracing = ["-f", "-qq", "-o", "/dev/null", .. only, "-e", $"trace={calls}", "-e", $"inject={calls}:error={error}", NightmailProgram.Path, .. Schedule, "--queue", home.Queue];
        var result = await home.StartOther("/usr/bin/strace", tracing).WaitAsync();
        result.ExitCode.ShouldBeOneOf(69, 75);
        result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith("nightmail:", StringComparison.Ordinal)).ShouldHaveSingleItem();
        // 75: it stands, and the folder could not be synced.
        if (result.ExitCode == 69) (await File.ReadAllBytesAsync(home.Queue)).ShouldBe(before);
        (await home.RunAsync(Schedule)).ExitCode.ShouldBe(0);
        (await home.RunAsync("health")).ExitCode.ShouldBe(10, "nobody runs, and nothing else");
    }

    [Fact]
    public async Task A_full_file_system_changes_nothing_and_room_makes_it_work_again()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a small file system");
        await using var home = Household.WithServer(1);
        var mount = Directory.CreateDirectory(Path.Combine(home.Folder, "small")).FullName;
        await ShellAsync($"mount -t tmpfs -o size=256k,mode=700 none '{mount}'");
        try
        {
            var queue = Path.Combine(mount, "queue.json");
            (await home.RunHereAsync([.. Schedule, "--queue", queue])).ExitCode.ShouldBe(0);
            var before = await File.ReadAllBytesAsync(queue);
            await ShellAsync($"head -c 300000 /dev/zero > '{mount}/filler' 2>/dev/null || true");
            var full = await home.RunHereAsync([.. Schedule, "--queue", queue]);
            full.ExitCode.ShouldBe(69, full.Errors);
            full.Errors.ShouldContain("free some space");
            (await File.ReadAllBytesAsync(queue)).ShouldBe(before);
            (await home.RunHereAsync("health", "--queue", queue)).ExitCode.ShouldBe(11);
            File.Delete(Path.Combine(mount, "filler"));
            (await home.RunHereAsync([.. Schedule, "--queue", queue])).ExitCode.ShouldBe(0);
            await ShellAsync($"mount -o remount,ro '{mount}'");
            var fixedBytes = await File.ReadAllBytesAsync(queue);
            var readOnly = await home.RunHereAsync([.. Schedule, "--queue", queue]);
            readOnly.ExitCode.ShouldBe(69);
            readOnly.Errors.ShouldContain("Read-only file system");
            (await File.ReadAllBytesAsync(queue)).ShouldBe(fixedBytes);
            (await home.RunHereAsync("list", "--queue", queue)).ExitCode.ShouldBe(0);
        }
        finally
        {
            await ShellAsync($"umount '{mount}'");
        }
    }

    [Theory]
    [InlineData("chmod 500 '{0}'", "cannot")]
    [InlineData("chmod 000 '{0}/queue.lock'", "cannot lock")]
    public async Task What_another_user_may_not_do_is_said_in_one_line(string forbid, string words)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can be another user");
        await using var home = Household.WithServer(1);
        await ShellAsync($"chmod 711 '{home.Folder}'");
        var folder = Directory.CreateDirectory(Path.Combine(home.Folder, "theirs")).FullName;
        var queue = Path.Combine(folder, "queue.json");
        (await home.RunHereAsync([.. Schedule, "--queue", queue])).ExitCode.ShouldBe(0);
        await ShellAsync($"chown -R 65534:65534 '{folder}'; {string.Format(CultureInfo.InvariantCulture, forbid, folder)}; chown 0 '{folder}/queue.lock'");
        await ShellAsync($"chown 65534 '{folder}'");
        var before = await File.ReadAllBytesAsync(queue);
        string[] asNobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "HOME=/nonexistent", "XDG_CONFIG_HOME=", "DOTNET_BUNDLE_EXTRACT_BASE_DIR=/tmp", NightmailProgram.Path, .. Schedule, "--queue", queue, "--config", home.Configuration];
        var result = await home.StartOther("/usr/bin/setpriv", asNobody).WaitAsync();
        result.ExitCode.ShouldBe(69, result.Errors);
        result.Errors.ShouldContain(words);
        result.Errors.ShouldContain("Permission denied");
        (await File.ReadAllBytesAsync(queue)).ShouldBe(before);
    }

    [Fact]
    public async Task A_pipe_and_a_folder_in_its_place_are_told_and_stay()
    {
        await using var home = Household.WithServer(1);
        await ShellAsync($"mkfifo '{home.Queue}'");
        var pipe = await home.RunAsync(Schedule);
        (pipe.ExitCode, pipe.Errors.Contains("file", StringComparison.Ordinal)).ShouldBe((69, true), pipe.Errors);
        await ShellAsync($"test -p '{home.Queue}' && rm '{home.Queue}' && mkdir '{home.Queue}'");
        var folder = await home.RunAsync(Schedule);
        (folder.ExitCode, folder.Errors.Contains(home.Queue, StringComparison.Ordinal)).ShouldBe((69, true), folder.Errors);
        Directory.Exists(home.Queue).ShouldBeTrue();
        (await home.RunAsync("health")).ExitCode.ShouldBe(11);
    }

    private static async Task ShellAsync(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { UseShellExecute = false, RedirectStandardError = true })!;
        var errors = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();
        if (shell.ExitCode != 0) throw new InvalidOperationException($"{command}: {errors}");
    }
}
