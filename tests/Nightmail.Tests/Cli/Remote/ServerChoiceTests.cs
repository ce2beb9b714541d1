using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Remote;

public sealed class ServerChoiceTests
{
    [Fact]
    public async Task The_option_wins_over_the_environment_and_that_over_the_configuration_and_a_named_queue_over_the_latter_two()
    {
        await using var world = await RemoteWorld.StartAsync();
        await world.AddAccountAsync();
        await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "There", "--body", "x", "--at", "in 2 hours");
        world.Home.WithConfig($$"""{ "server": { "url": "{{world.Url}}" } }""");

        (await world.RunAsync("list")).Output.ShouldContain("There");
        (await world.Home.With("NIGHTMAIL_SERVER", "").RunAsync("list")).Output.ShouldContain("There");
        (await world.RunAsync("list", "--queue", Path.Combine(world.Home.Folder, "q.json"))).Error.ShouldBe("nothing is scheduled\n");
        (await world.RunAsync("list", "--server", "http://127.0.0.1:9")).ExitCode.ShouldBe(69);
        (await world.RunAsync("list", "--server", world.Url, "--queue", "q.json")).ExitCode.ShouldBe(2);
    }

    [Theory]
    [InlineData("keyFile")]
    [InlineData("keyCommand")]
    [InlineData("keyEnv")]
    [InlineData("key")]
    public async Task The_key_comes_from_a_file_a_command_or_the_environment(string place)
    {
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System);
        var value = place switch { "keyFile" => world.KeyFile, "keyCommand" => $"cat {world.KeyFile}", "keyEnv" => "ELSEWHERE", _ => world.Key };
        world.Home.With("NIGHTMAIL_API_KEY", "").With("ELSEWHERE", world.Key).WithConfig($$"""{ "server": { "url": "{{world.Url}}", "{{place}}": "{{value}}" } }""");

        (await world.RunAsync("stats")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_variable_names_the_file_of_the_key()
    {
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System);

        (await world.Home.With("NIGHTMAIL_API_KEY", "").With("NIGHTMAIL_API_KEY_FILE", world.KeyFile).RunAsync("stats")).ExitCode.ShouldBe(0);
        (await world.Home.With("NIGHTMAIL_API_KEY_FILE", "/nowhere/key").RunAsync("stats")).Error.ShouldStartWith("nightmail: no key for the server from NIGHTMAIL_API_KEY_FILE: ");
    }

    [Fact]
    public async Task The_key_of_the_configurations_server_goes_to_no_other()
    {
        using var home = new CliWorld(TimeProvider.System).WithConfig("""{ "server": { "url": "https://mail.example.org", "key": "nm_secret" } }""");
        await using var other = new ScriptedHttp(ScriptedHttp.Answer(401, """{"detail":"send a key"}"""));

        (await home.RunAsync("list", "--server", other.Url)).ExitCode.ShouldBe(1);

        other.Heard.ShouldHaveSingleItem().ShouldNotContain("nm_secret");
    }

    [Fact]
    public async Task Plain_http_to_another_machine_is_taken_only_where_the_configuration_allows_it()
    {
        using var home = new CliWorld(TimeProvider.System);

        (await home.RunAsync("list", "--server", "http://machine.invalid")).Error.ShouldContain("has no TLS");
        (await home.WithConfig("""{ "server": { "allowPlainHttp": true } }""").RunAsync("list", "--server", "http://machine.invalid")).ExitCode.ShouldBe(69);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("config show")]
    [InlineData("completion bash")]
    public async Task What_works_on_this_machine_alone_refuses_a_server_that_is_named_and_passes_over_one_that_is_configured(string words)
    {
        using var home = new CliWorld().WithAccount().With("NIGHTMAIL_SERVER", "http://127.0.0.1:9");

        (await home.RunAsync([.. words.Split(' '), "--server", "http://127.0.0.1:9"])).Error.ShouldContain("works on this machine only; leave --server away");
        if (words != "run") (await home.RunAsync(words.Split(' '))).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Health_of_a_server_has_the_exit_codes_of_a_file()
    {
        await using var world = await RemoteWorld.StartAsync();
        (await world.RunAsync("health")).Output.ShouldContain("server    ");
        await world.AddAccountAsync();
        await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "x", "--body", "x", "--at", "in 2 hours");

        var result = await world.RunAsync("health", "--json");

        result.ExitCode.ShouldBe(10);
        result.Json().GetProperty("findings")[0].GetProperty("code").GetString().ShouldBe("no_worker");
        result.Json().GetProperty("server").GetProperty("version").GetString().ShouldBe("9.9.9");
        result.Json().GetProperty("emails").GetProperty("pending").GetInt32().ShouldBe(1);

        // Also where nothing waits any more: each trouble once, whoever found it.
        await world.RunAsync("undo");
        await world.RunAsync("pause", "--all");
        (await world.RunAsync("health", "--json")).Json().GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("code").GetString()).ShouldBe(["no_worker", "sending_paused"]);
    }

    [Fact]
    public async Task An_account_on_a_server_gets_its_password_from_a_file_and_never_shows_it()
    {
        await using var world = await RemoteWorld.StartAsync(TimeProvider.System);
        var secret = world.Home.Write("secret", "hunter2\n");

        (await world.RunAsync("account", "add", "work", "--from", "ada@example.org", "--host", "127.0.0.1", "--port", "9", "--security", "none", "--username", "ada", "--password-file", secret)).ExitCode.ShouldBe(0);
        (await world.RunAsync("account", "add", "work", "--from", "ada@example.org", "--host", "127.0.0.1")).ShouldSatisfyAllConditions(again => again.ExitCode.ShouldBe(1), again => again.Error.ShouldContain("already"));
        (await world.RunAsync("account", "add", "here", "--from", "ada@example.org", "--folder", "out")).Error.ShouldContain("a server sends through mail servers alone");
        var list = await world.RunAsync("account", "list", "--json");

        list.Output.ShouldContain("127.0.0.1:9");
        list.Output.ShouldNotContain("hunter2");
    }
}
