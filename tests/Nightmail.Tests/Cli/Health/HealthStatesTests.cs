using Nightmail.Store.File.Disk;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Health;

/// <summary>Each state is made on a real queue; the verb tells it apart from the others, by code, exit code and next step.</summary>
public sealed class HealthStatesTests : IDisposable
{
    private const string Dead = "\"pid\":999999,\"host\":\"hut\",\"instance\":\"x\",\"since\":\"2026-11-22T07:00:00Z\"";
    private readonly CliWorld world = new CliWorld().WithAccount();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task No_worker()
    {
        await ScheduleAsync();
        await ShouldBeAsync("no_worker", 10, "nightmail run");
    }

    [Fact]
    public async Task A_stale_holder()
    {
        await QuietAsync();
        await File.WriteAllTextAsync(Beside(".lock"), $"{{{Dead}}}\n");
        await ShouldBeAsync("stale_lock", 10, "nightmail backup create");
        (await world.RunAsync("backup", "create")).ExitCode.ShouldBe(0);
        (await world.RunAsync("health")).ExitCode.ShouldBe(0, "the next step that it names puts it right");
    }

    [Fact]
    public async Task A_lock_that_is_held_long()
    {
        await QuietAsync();
        await File.WriteAllTextAsync(Beside(".lock"), $"{{{Dead}}}\n");
        using var held = RealDisk.Instance.TryLock(Beside(".lock")).ShouldNotBeNull();
        await ShouldBeAsync("lock_held_long", 10, "look at that process");
    }

    [Fact]
    public async Task Overdue()
    {
        var id = await ScheduleAsync();
        world.Time.Advance(TimeSpan.FromDays(3));
        var health = await HealthAsync();
        health.ExitCode.ShouldBe(10);
        Codes(health).ShouldBe(["no_worker", "overdue"], ignoreOrder: true);
        health.Output.ShouldContain($"nightmail why {id}");
    }

    [Fact]
    public async Task Damaged_and_recovered()
    {
        await QuietAsync();
        var text = await File.ReadAllTextAsync(world.Queue);
        await File.WriteAllTextAsync(world.Queue, text[..(text.Length / 2)]);
        File.SetLastWriteTimeUtc(world.Queue, world.Time.GetUtcNow().UtcDateTime.AddMinutes(-1));
        (await world.RunAsync("list", "--all")).ExitCode.ShouldBe(0);
        await ShouldBeAsync("recovered", 10, "nightmail health --acknowledge");
        (await world.RunAsync("health", "--acknowledge")).ExitCode.ShouldBe(0);
        (await world.RunAsync("health")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Not_safe_on_disk()
    {
        await QuietAsync();
        await File.WriteAllTextAsync(Beside(".lock"), $"{{{Dead},\"unsynced\":true}}\n");
        await ShouldBeAsync("not_safe_on_disk", 11, "nightmail backup create");
        (await world.RunAsync("backup", "create")).ExitCode.ShouldBe(0);
        (await world.RunAsync("health")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Wide_permissions()
    {
        await QuietAsync();
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(world.Queue, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        await ShouldBeAsync("wide_permissions", 10, "nightmail run --once");
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        (await world.RunAsync("health")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_disk_that_is_nearly_full()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a small file system");
        var mount = Directory.CreateDirectory(Path.Combine(world.Folder, "small")).FullName;
        (await world.RunShellAsync($"mount -t tmpfs -o size=20m,mode=700 none '{mount}'")).ExitCode.ShouldBe(0);
        try
        {
            var queue = Path.Combine(mount, "queue.json");
            var id = (await world.RunAsync("schedule", "--to", "b@example.net", "--subject", "x", "--body", "y", "--at", "tomorrow 9:00", "--queue", queue)).Id;
            await world.RunAsync("cancel", id, "--queue", queue);
            await ShouldBeAsync("disk_nearly_full", 10, "free some space", "--queue", queue);
        }
        finally
        {
            await world.RunShellAsync($"umount '{mount}'");
        }
    }

    [Fact]
    public async Task An_open_circuit()
    {
        world.WithConfig("""
            { "accounts": { "work": { "from": "Ada <ada@example.org>", "transport": { "type": "smtp", "host": "127.0.0.1", "port": 1, "security": "none" } } },
              "retry": { "maxAttempts": 1 }, "circuit": { "failureThreshold": 1 } }
            """);
        var id = await ScheduleAsync();
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.RunAsync("run", "--once");
        (await world.RunAsync("pause", id)).ExitCode.ShouldBe(0);
        await ShouldBeAsync("circuit_open", 10, "nightmail account reset work");
        (await world.RunAsync("account", "reset", "work")).ExitCode.ShouldBe(0);
        (await world.RunAsync("health")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task An_account_that_is_missing()
    {
        await ScheduleAsync("--account", "work");
        world.WithConfig("""{ "accounts": { "other": { "from": "Ada <ada@example.org>", "transport": { "type": "folder", "path": "outbox" } } } }""");
        var health = await HealthAsync();
        health.ExitCode.ShouldBe(10);
        Codes(health).ShouldBe(["no_worker", "account_missing"], ignoreOrder: true);
        health.Output.ShouldContain("add it to the section");
    }

    [Fact]
    public async Task What_a_restore_holds()
    {
        await ScheduleAsync();
        var backup = (await world.RunAsync("backup", "create")).Output.Trim();
        File.Delete(Path.Combine(Path.GetDirectoryName(world.Queue)!, "backups", backup + ".about"));
        foreach (var about in Directory.GetFiles(Path.Combine(Path.GetDirectoryName(world.Queue)!, "backups"), "*about*")) File.Delete(about);
        (await world.RunAsync("backup", "restore", backup)).ExitCode.ShouldBe(0);
        (await world.RunAsync("resume", "--all")).ExitCode.ShouldBe(0);
        var health = await HealthAsync();
        (health.ExitCode, Codes(health).Contains("held")).ShouldBe((10, true), health.Output);
        health.Output.ShouldContain("nightmail resume --held");
        (await world.RunAsync("resume", "--held")).ExitCode.ShouldBe(0);
        Codes(await HealthAsync()).ShouldNotContain("held");
    }

    private async Task ShouldBeAsync(string code, int exitCode, string next, params string[] more)
    {
        var health = await HealthAsync(more);
        health.ExitCode.ShouldBe(exitCode, health.Output);
        Codes(health).ShouldBe([code]);
        health.Json().GetProperty("findings")[0].GetProperty("next").GetString().ShouldNotBeNull().ShouldContain(next);
    }

    private Task<CliResult> HealthAsync(params string[] more) => world.RunAsync(["health", "--json", .. more]);

    private static IEnumerable<string?> Codes(CliResult health) => health.Json().GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("code").GetString());

    private async Task<string> ScheduleAsync(params string[] more) =>
        (await world.RunAsync(["schedule", "--to", "b@example.net", "--subject", "x", "--body", "y", "--at", "tomorrow 9:00", .. more])).Id;

    /// <summary>A queue in which nothing waits.</summary>
    private async Task QuietAsync()
    {
        (await world.RunAsync("cancel", await ScheduleAsync())).ExitCode.ShouldBe(0);
        (await world.RunAsync("health")).ExitCode.ShouldBe(0);
    }

    private string Beside(string ending) => Path.ChangeExtension(world.Queue, ending);
}
