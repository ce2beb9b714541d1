using System.Text.Json;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Remote;

/// <summary>The verb <c>backup</c> on a server.</summary>
public sealed class RemoteBackupTests : IAsyncLifetime
{
    private RemoteWorld world = null!;

    public async ValueTask InitializeAsync()
    {
        world = await RemoteWorld.StartAsync();
        await world.AddAccountAsync();
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task A_backup_is_made_listed_checked_fetched_brought_back_and_pruned()
    {
        await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "x", "--at", "tomorrow 9:00");
        var made = await world.RunAsync("backup", "create");
        made.ExitCode.ShouldBe(0, made.Error);
        var name = made.Output.Trim();

        (await world.RunAsync("backup", "list")).Output.ShouldContain(name);
        var listed = JsonDocument.Parse((await world.RunAsync("backup", "list", "--json")).Output).RootElement[0];
        (listed.GetProperty("filename").GetString(), listed.GetProperty("verified").GetBoolean()).ShouldBe((name, true));
        (await world.RunAsync("backup", "verify", "latest")).Output.ShouldContain($"{name} is good");
        var copy = Path.Combine(world.Home.Folder, "copy.db");
        (await world.RunAsync("backup", "download", "latest", "--output", copy)).Output.Trim().ShouldBe(copy);
        new FileInfo(copy).Length.ShouldBe(listed.GetProperty("size").GetInt64());
        (await File.ReadAllTextAsync(copy + ".sha256")).ShouldBe($"{listed.GetProperty("sha256").GetString()}  copy.db\n");

        var restored = await world.RunAsync("backup", "restore", name, "--yes");
        restored.ExitCode.ShouldBe(0, restored.Error);
        restored.Output.ShouldBe($"{name} restored: 0 came back; 0 are again as they were; 0 have changed since and stay so; 0 were scheduled since and stay\n");
        restored.Error.ShouldContain("sending is paused; when all is well: nightmail resume --all");
        (await world.Emails.OverviewAsync(CancellationToken.None)).SendingPaused.ShouldBeTrue();
        var kept = (await world.RunAsync("backup", "list", "--json")).Json().EnumerateArray().Single(each => each.GetProperty("reason").GetString() == $"before {name} was brought back").GetProperty("filename").GetString()!;
        restored.Error.ShouldContain($"what was there before is kept: nightmail backup restore {kept} takes this back");
        // Newer than what was brought back, and not what somebody means who asks for the latest once more.
        (await world.RunAsync("backup", "restore", "latest", "--yes")).Output.ShouldStartWith($"{name} restored");
        (await world.RunAsync("resume", "--all")).ExitCode.ShouldBe(0);

        (await world.RunAsync("backup", "times", "@daily", "--keep", "1")).ExitCode.ShouldBe(0);
        (await world.RunAsync("backup", "create")).ExitCode.ShouldBe(0);
        (await world.RunAsync("backup", "prune")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1);
    }

    [Fact]
    public async Task A_restore_names_the_accounts_that_it_changes()
    {
        var name = (await world.RunAsync("backup", "create")).Output.Trim();

        (await world.RunAsync("account", "remove", "work")).ExitCode.ShouldBe(0);
        (await world.RunAsync("backup", "restore", name, "--yes")).Output.ShouldEndWith("; accounts that came back or have their former settings: work\n");
        (await world.RunAsync("account", "remove", "work")).ExitCode.ShouldBe(0);
        var json = (await world.RunAsync("backup", "restore", name, "--yes", "--json")).Json();

        (json.GetProperty("accounts").EnumerateArray().Single().GetString(), json.GetProperty("templates").GetInt32(), json.GetProperty("campaigns").GetInt32()).ShouldBe(("work", 0, 0));
    }

    [Fact]
    public async Task A_download_replaces_what_a_broken_one_left_and_is_there_under_its_name_alone()
    {
        var name = (await world.RunAsync("backup", "create")).Output.Trim();
        var copy = Path.Combine(world.Home.Folder, "copy.db");
        await File.WriteAllTextAsync(copy + ".part", "the beginning of an older try");

        var fetched = await world.RunAsync("backup", "download", name, "--output", copy);

        fetched.ExitCode.ShouldBe(0, fetched.Error);
        Directory.EnumerateFiles(world.Home.Folder, "copy.db*").Select(Path.GetFileName).Order().ShouldBe(["copy.db", "copy.db.sha256"]);
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(copy)));
        (await File.ReadAllTextAsync(copy + ".sha256")).ShouldStartWith(hash);
    }

    [Fact]
    public async Task The_times_are_shown_in_words_with_the_next_five_and_can_be_set()
    {
        (await world.RunAsync("backup", "times")).Output.ShouldStartWith("at 02:00 every day (0 2 * * *, UTC); the newest 7 stay; missed times are made up for once\n  next  ");

        var set = await world.RunAsync("backup", "times", "30 3 * * mon", "--keep", "14", "--zone", "Europe/Berlin", "--missed", "skip");

        set.Output.ShouldStartWith("at 03:30 on Monday (30 3 * * mon, Europe/Berlin); the newest 14 stay; missed times are left out\n");
        set.Output.Split("  next  ").Length.ShouldBe(6);
        var refused = await world.RunAsync("backup", "times", "61 3 * * *");
        refused.ExitCode.ShouldNotBe(0);
        refused.Error.ShouldContain("'61' is not a number from 0 to 59");
        (await world.RunAsync("backup", "times")).Output.ShouldStartWith("at 03:30 on Monday");
    }

    [Fact]
    public async Task A_name_that_is_not_in_the_list_is_not_found()
    {
        foreach (var verb in (string[])["restore", "verify", "download"])
            (await world.RunAsync("backup", verb, "../api-key")).Error.ShouldContain("there is no backup '../api-key'");
    }
}
