using System.Text.Json;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

/// <summary>The verbs backup and health, and the mode without persistence.</summary>
public sealed class KeepingTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_backup_is_made_listed_verified_restored_and_sending_stays_paused()
    {
        var id = (await ScheduleAsync()).Id;
        var made = await world.RunAsync("backup", "create", "--json");
        made.ExitCode.ShouldBe(0, made.Error);
        var name = JsonDocument.Parse(made.Output).RootElement.GetProperty("filename").GetString()!;
        (await world.RunAsync("cancel", id)).ExitCode.ShouldBe(0);
        world.Time.Advance(TimeSpan.FromMinutes(2));
        var second = (await ScheduleAsync()).Id;

        var listed = JsonDocument.Parse((await world.RunAsync("backup", "list", "--json")).Output).RootElement;
        listed.GetArrayLength().ShouldBeGreaterThan(1);
        foreach (var each in listed.EnumerateArray())
        {
            each.GetProperty("verified").GetBoolean().ShouldBeTrue();
            each.GetProperty("size").GetInt64().ShouldBeGreaterThan(100);
            each.GetProperty("sha256").GetString()!.Length.ShouldBe(64);
        }

        listed.EnumerateArray().Select(each => each.GetProperty("createdAt").GetDateTimeOffset()).ShouldBe(listed.EnumerateArray().Select(each => each.GetProperty("createdAt").GetDateTimeOffset()).OrderDescending());
        (await world.RunAsync("backup", "verify", name)).ExitCode.ShouldBe(0);
        var restored = await world.RunAsync("backup", "restore", name, "--json");
        restored.ExitCode.ShouldBe(0, restored.Error);
        restored.Error.ShouldContain("nightmail resume --all");
        JsonDocument.Parse(restored.Output).RootElement.GetProperty("newer").GetInt32().ShouldBe(1);
        var emails = JsonDocument.Parse((await world.RunAsync("list", "--all", "--json")).Output).RootElement.EnumerateArray().ToDictionary(each => each.GetProperty("id").GetString()!, each => each.GetProperty("status").GetString());
        emails.ShouldBe(new Dictionary<string, string?> { [id] = "cancelled", [second] = "pending" }, ignoreOrder: true);
        (await world.RunAsync("health")).Output.ShouldContain("sending is paused");
    }

    [Theory]
    [InlineData(0.5, "line ")]
    [InlineData(0, "empty")]
    public async Task A_copy_that_was_cut_off_and_has_no_note_is_refused_and_nothing_is_changed(double kept, string why)
    {
        var id = (await ScheduleAsync()).Id;
        var name = (await world.RunAsync("backup", "create")).Output.Trim();
        var folder = Path.Combine(Path.GetDirectoryName(world.Queue)!, "backups");
        foreach (var about in Directory.GetFiles(folder, "*about*")) File.Delete(about);
        var bytes = await File.ReadAllBytesAsync(Path.Combine(folder, name));
        await File.WriteAllBytesAsync(Path.Combine(folder, name), bytes[..(int)(bytes.Length * kept)]);
        var before = await File.ReadAllTextAsync(world.Queue);

        var refused = await world.RunAsync("backup", "restore", name);
        (refused.ExitCode, refused.Output).ShouldBe((69, ""), refused.Error);
        refused.Error.ShouldContain($"the backup {name} cannot be read: ");
        refused.Error.ShouldContain(why);
        refused.Error.ShouldContain("nothing was changed");
        refused.Error.Trim().Split('\n').Length.ShouldBe(1);
        (await File.ReadAllTextAsync(world.Queue)).ShouldBe(before);
        (await world.RunAsync("show", id, "--json")).Json().GetProperty("status").GetString().ShouldBe("pending");
    }

    [Fact]
    public async Task An_unknown_backup_is_not_found_and_a_damaged_one_is_refused()
    {
        await ScheduleAsync();
        var name = (await world.RunAsync("backup", "create")).Output.Trim();
        (await world.RunAsync("backup", "restore", "20010101")).ExitCode.ShouldBe(3);
        var path = Path.Combine(Path.GetDirectoryName(world.Queue)!, "backups", name);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[20] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        var refused = await world.RunAsync("backup", "verify", name);
        (refused.ExitCode, refused.Error.Contains("its bytes have changed", StringComparison.Ordinal)).ShouldBe((1, true));
        (await world.RunAsync("backup", "restore", name)).ExitCode.ShouldBe(69);
        (await world.RunAsync("backup", "restore", "latest")).ExitCode.ShouldBe(3);
        (await world.RunAsync("health")).ExitCode.ShouldBe(10);
    }

    [Fact]
    public async Task Health_ends_with_0_10_or_11()
    {
        (await world.RunAsync("health")).ExitCode.ShouldBe(0);
        await ScheduleAsync();
        var degraded = await world.RunAsync("health", "--json");
        degraded.ExitCode.ShouldBe(10);
        var json = JsonDocument.Parse(degraded.Output).RootElement;
        json.GetProperty("status").GetString().ShouldBe("degraded");
        json.GetProperty("findings")[0].GetProperty("code").GetString().ShouldBe("no_worker");
        json.GetProperty("emails").GetProperty("pending").GetInt32().ShouldBe(1);
        await File.WriteAllTextAsync(world.Queue, """{"version":"9.0","queue":{}}""");
        var broken = await world.RunAsync("health", "--json");
        broken.ExitCode.ShouldBe(11);
        JsonDocument.Parse(broken.Output).RootElement.GetProperty("queue").GetProperty("readable").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task Without_persistence_everything_works_in_memory_and_says_so_once()
    {
        world.With("HIMALAYA_NO_PERSISTENCE", "1");
        var scheduled = await ScheduleAsync();
        scheduled.Error.Split('\n').Count(line => line.Contains("in memory only", StringComparison.Ordinal)).ShouldBe(1);
        File.Exists(world.Queue).ShouldBeFalse();
        Directory.Exists(Path.GetDirectoryName(world.Queue)).ShouldBeFalse();
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        (await world.RunAsync("health", "--json")).Output.ShouldContain("no_persistence");
    }

    [Fact]
    public async Task The_log_tells_changes_with_id_old_and_new_state_and_no_recipient()
    {
        var log = Path.Combine(world.Folder, "log");
        var id = (await world.RunAsync("schedule", "--to", "grace@example.net", "--subject", "Secret", "--body", "Nothing to see", "--at", "in 1h", "--log", log, "--verbose")).Id;
        await world.RunAsync("cancel", id, "--log", log);
        var text = await File.ReadAllTextAsync(log);
        text.ShouldContain($"information");
        text.ShouldContain($"{id}: new -> pending");
        text.ShouldContain($"{id}: pending -> cancelled");
        text.ShouldContain("lock: ");
        text.ShouldContain("file: replace");
        text.ShouldNotContain("grace");
        text.ShouldNotContain("Secret");
        text.ShouldNotContain("Nothing to see");
    }

    private async Task<CliResult> ScheduleAsync()
    {
        var result = await world.RunAsync("schedule", "--to", "grace@example.net", "--subject", "Hello", "--body", "Good morning", "--at", "in 2h");
        result.ExitCode.ShouldBe(0, result.Error);
        return result;
    }
}
