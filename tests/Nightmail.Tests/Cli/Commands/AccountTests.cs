using System.Text.Json;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class AccountTests : IDisposable
{
    private const string Config = """
        // Mine. Do not lose this line.
        {
          "accounts": {
            // the one for everything
            "work": {
              "from": "Ada <ada@example.org>", // that is me
              "transport": { "type": "folder", "path": "out" }
            }, // the end of work
            "old": { "from": "ada@old.example", "transport": { "type": "folder", "path": "old" } } // nobody uses it
            /* more may follow */
          },
          "undoDelay": "30s" // enough
        }
        """;

    private readonly CliWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task An_account_is_added_and_every_comment_stays()
    {
        world.WithConfig(Config);
        (await world.RunAsync("account", "add", "hut", "--from", "Ada <ada@hut.example>", "--host", "mx.hut.example", "--security", "tls", "--username", "ada", "--password-command", "pass show \"hut\"", "--default"))
            .ShouldBe(new(0, $"added account hut to {world.ConfigFile}\n", "nightmail account test hut tries whether it works\n"));
        var text = await File.ReadAllTextAsync(world.ConfigFile, TestContext.Current.CancellationToken);
        foreach (var line in Config.Split('\n')) text.Replace("},", "}", StringComparison.Ordinal).ShouldContain(line.Replace("},", "}", StringComparison.Ordinal));
        var listed = await ListAsync();
        listed.Select(account => account.GetProperty("name").GetString()).ShouldBe(["work", "old", "hut"]);
        listed[2].GetProperty("transport").GetString().ShouldBe("mx.hut.example:465");
        (listed[0].GetProperty("default").GetBoolean(), listed[2].GetProperty("default").GetBoolean()).ShouldBe((false, true));
    }

    [Theory]
    [InlineData("--password-command", "pass show x")]
    [InlineData("--password-file", "secret")]
    [InlineData("--password-env", "SECRET")]
    public async Task A_password_without_a_login_is_a_usage_error_and_nothing_is_added(string option, string value)
    {
        world.WithConfig(Config);
        var result = await world.RunAsync("account", "add", "hut", "--from", "ada@hut.example", "--host", "mx.hut.example", option, value);
        result.ExitCode.ShouldBe(2);
        result.Error.ShouldContain("--username");
        (await ListAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Without_a_configuration_one_is_made_that_nobody_else_can_read()
    {
        (await world.RunAsync("account", "add", "try", "--from", "ada@try.example", "--folder", "outbox")).ExitCode.ShouldBe(0);
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(world.ConfigFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await ListAsync()).Single().GetProperty("state").GetString().ShouldBe("ready");
        (await world.RunAsync("account", "add", "second", "--from", "ada@second.example", "--folder", "outbox")).ExitCode.ShouldBe(0);
        (await ListAsync()).Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{ \"undoDelay\": \"30s\" }")]
    [InlineData("{ \"accounts\": {} }")]
    [InlineData("{ \"accounts\": { \"a\": { \"from\": \"a@x.example\", \"transport\": { \"type\": \"folder\", \"path\": \"o\" } }, } }")]
    [InlineData("{ \"accounts\": {\n \"a\": { \"from\": \"a@x.example\", \"transport\": { \"type\": \"folder\", \"path\": \"o\" } } // {\n } }")]
    [InlineData("\uFEFF{ \"accounts\": { /* } */ } }")]
    public async Task Whatever_the_file_looks_like_an_account_is_added_and_taken_out_again(string config)
    {
        world.WithConfig(config);
        var before = (await ListAsync()).Count;
        (await world.RunAsync("account", "add", "new", "--from", "n@x.example", "--folder", "outbox")).Error.ShouldNotContain("nightmail:");
        (await ListAsync()).Count.ShouldBe(before + 1);
        (await world.RunAsync("account", "remove", "new")).ExitCode.ShouldBe(0);
        (await ListAsync()).Count.ShouldBe(before);
    }

    [Fact]
    public async Task An_account_is_removed_with_the_comment_on_its_line()
    {
        world.WithConfig(Config);
        (await world.RunAsync("account", "remove", "old")).ExitCode.ShouldBe(0);
        var text = await File.ReadAllTextAsync(world.ConfigFile, TestContext.Current.CancellationToken);
        text.ShouldBe(string.Join('\n', Config.Split('\n').Where(line => !line.Contains("\"old\"", StringComparison.Ordinal))));
        (await world.RunAsync("account", "remove", "old")).ExitCode.ShouldBe(3);
    }

    [Theory]
    [InlineData("--host is missing", 2, "x", "--from", "a@x.example")]
    [InlineData("--from is missing", 2, "x", "--folder", "o")]
    [InlineData("there is an account work already", 1, "work", "--from", "a@x.example", "--folder", "o")]
    [InlineData("is no account's name", 1, "no name", "--from", "a@x.example", "--folder", "o")]
    [InlineData("is not an address", 1, "x", "--from", "nobody", "--folder", "o")]
    public async Task What_is_wrong_is_said_and_nothing_is_written(string words, int exitCode, params string[] arguments)
    {
        world.WithConfig(Config);
        var result = await world.RunAsync(["account", "add", .. arguments]);
        result.ExitCode.ShouldBe(exitCode);
        if (words != "--host is missing") result.Error.ShouldContain(words);
        (await File.ReadAllTextAsync(world.ConfigFile, TestContext.Current.CancellationToken)).ShouldBe(Config);
    }

    [Fact]
    public async Task A_test_connects_logs_in_and_says_what_the_server_offers()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Login = ("ada", "right"), SizeLimit = 1_000_000 });
        world.WithConfig(Server(sink.Port, "right"));
        var works = await world.RunAsync("account", "test", "work");
        works.Output.ShouldStartWith("account work works: no encryption, login accepted, ");
        works.Output.ShouldContain("messages up to 1,000,000 bytes");
        sink.Messages().ShouldBeEmpty();

        world.WithConfig(Server(sink.Port, "wrong"));
        var refused = await world.RunAsync("account", "test", "work");
        (refused.ExitCode, refused.Output).ShouldBe((1, ""));
        refused.Error.ShouldContain("account work cannot send: 127.0.0.1:");
        refused.Error.ShouldContain("535");
        refused.Error.ShouldNotContain("wrong");
    }

    [Fact]
    public async Task An_open_circuit_is_shown_and_closed_by_hand()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Login = ("ada", "right") });
        world.WithConfig(Server(sink.Port, "wrong"));
        var id = (await world.RunAsync("schedule", "--to", "b@x.example", "--subject", "s", "--body", "b", "--at", "in 1s")).Id;
        world.Time.Advance(TimeSpan.FromSeconds(2));
        await world.RunAsync("run", "--once");
        var open = (await ListAsync()).Single();
        open.GetProperty("state").GetString().ShouldBe("open");
        open.GetProperty("circuit").GetProperty("reason").GetString().ShouldBe("auth");
        (await world.RunAsync("account", "list")).Output.ShouldContain("circuit open since 09:00:02 after 127.0.0.1:");
        (await world.RunAsync("why", id)).Output.ShouldContain("account work: circuit open since 09:00:02 after");

        (await world.RunAsync("account", "reset", "work")).Output.ShouldBe("account work is used again\n");
        (await ListAsync()).Single().GetProperty("state").GetString().ShouldBe("ready");
        (await world.RunAsync("account", "reset", "work")).Output.ShouldBe("account work had no failures; nothing was changed\n");
        (await world.RunAsync("account", "reset", "nobody")).ExitCode.ShouldBe(3);
    }

    private static string Server(int port, string password) => $$"""
        { "accounts": { "work": { "from": "ada@example.org", "transport": { "type": "smtp", "host": "127.0.0.1", "port": {{port}}, "security": "none", "auth": { "username": "ada", "password": "{{password}}" } } } } }
        """;

    private async Task<List<JsonElement>> ListAsync()
    {
        var result = await world.RunAsync("account", "list", "--json");
        using var document = JsonDocument.Parse(result.Output);
        return [.. document.RootElement.Clone().EnumerateArray()];
    }
}
