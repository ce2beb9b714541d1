using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Remote;

public sealed class ServerTroubleTests
{
    private const string Nothing = """{"title":"Not found","detail":"there is nothing at this address; /openapi/v1.json lists what there is"}""";

    [Fact]
    public async Task Where_nothing_answers_the_command_ends_with_69_and_says_what_to_do()
    {
        using var home = new CliWorld(TimeProvider.System);

        var result = await home.RunAsync("list", "--server", "http://127.0.0.1:9");

        result.ShouldBe(new(69, "", "nightmail: no server answers at http://127.0.0.1:9 (connection refused); is it running? nightmail serve starts one; look at --server\n"));
    }

    [Fact]
    public async Task A_machine_that_does_not_exist_is_named()
    {
        using var home = new CliWorld(TimeProvider.System);

        var result = await home.RunAsync("list", "--server", "https://nowhere.invalid");

        result.ExitCode.ShouldBe(69);
        result.Error.ShouldContain("nowhere.invalid");
    }

    [Fact]
    public async Task Without_a_key_and_with_a_wrong_one_it_says_where_keys_come_from()
    {
        await using var world = await RemoteWorld.StartAsync();

        foreach (var key in (string[])["", "nm_wrong"])
        {
            var result = await world.Home.With("NIGHTMAIL_API_KEY", key).RunAsync("list");

            result.ExitCode.ShouldBe(1);
            result.Error.ShouldStartWith($"nightmail: the server at {world.Url} wants a key that it knows: put a key into NIGHTMAIL_API_KEY, or name its file in NIGHTMAIL_API_KEY_FILE");
        }
    }

    [Theory]
    [InlineData("http://mail.example.org", 1, "is on another machine and has no TLS")]
    [InlineData("http://10.0.0.1:8025/", 1, "is on another machine and has no TLS")]
    [InlineData("mail.example.org", 2, "is no server's address")]
    [InlineData("ftp://mail.example.org", 2, "is no server's address")]
    [InlineData("https://ada:secret@mail.example.org", 2, "holds a name or password")]
    [InlineData("https://mail.example.org/?key=1", 2, "has more than an address")]
    public async Task An_address_that_cannot_be_used_is_refused_before_anything_is_sent(string url, int exitCode, string words)
    {
        using var home = new CliWorld();

        var result = await home.RunAsync("list", "--server", url);

        result.ExitCode.ShouldBe(exitCode);
        result.Error.ShouldContain(words);
        result.Error.ShouldNotContain("secret");
    }

    [Fact]
    public async Task A_certificate_that_nobody_trusts_gets_no_key()
    {
        using var home = new CliWorld(TimeProvider.System);
        await using var server = new ScriptedHttp(ScriptedHttp.Answer(200, "{}"), tls: true);

        var result = await home.With("NIGHTMAIL_API_KEY", "nm_key").RunAsync("list", "--server", server.Url);

        result.ExitCode.ShouldBe(69);
        result.Error.ShouldContain("cannot be trusted or speaks no TLS");
        server.Heard.ShouldNotContain(head => head.Contains("nm_key"));
    }

    [Fact]
    public async Task A_server_without_TLS_behind_an_https_address_is_not_taken()
    {
        using var home = new CliWorld(TimeProvider.System);
        await using var server = new ScriptedHttp(ScriptedHttp.Answer(200, "{}"));

        var result = await home.With("NIGHTMAIL_API_KEY", "nm_key").RunAsync("list", "--server", server.Url.Replace("http:", "https:", StringComparison.Ordinal));

        result.ExitCode.ShouldBe(69);
        server.Heard.ShouldNotContain(head => head.Contains("nm_key"));
    }

    [Fact]
    public async Task An_older_server_and_something_else_are_told_apart()
    {
        (await ListFromAsync(ScriptedHttp.Answer(404, Nothing))).Error.ShouldContain("is older than this command");
        (await ListFromAsync(ScriptedHttp.Answer(400, """{"detail":"there is no field 'wording' here"}"""))).Error.ShouldContain("is older than this command (there is no field 'wording' here)");
        (await ListFromAsync(ScriptedHttp.Answer(200, "<html>hello</html>", "text/html"))).Error.ShouldContain("is no nightmail server");
        (await ListFromAsync(ScriptedHttp.Answer(404, "<html>hello</html>", "text/html"))).Error.ShouldContain("is no nightmail server");
    }

    [Fact]
    public async Task What_stands_before_a_server_is_named_and_a_key_never_follows_a_redirect()
    {
        (await ListFromAsync(ScriptedHttp.Answer(502, ""))).ShouldSatisfyAllConditions(result => result.ExitCode.ShouldBe(69), result => result.Error.ShouldContain("does not reach its server"));
        (await ListFromAsync(ScriptedHttp.Answer(503, """{"detail":"the store cannot do it now"}"""))).ShouldSatisfyAllConditions(result => result.ExitCode.ShouldBe(75), result => result.Error.ShouldContain("the store cannot do it now"));
        (await ListFromAsync(ScriptedHttp.Answer(429, """{"detail":"too many wrong keys"}""", headers: "Retry-After: 7\r\n"))).ShouldSatisfyAllConditions(result => result.ExitCode.ShouldBe(75), result => result.Error.ShouldContain("too many wrong keys; try again in 7 seconds"));

        await using var elsewhere = new ScriptedHttp(ScriptedHttp.Answer(200, "{}"));
        (await ListFromAsync(ScriptedHttp.Answer(307, "", headers: $"Location: {elsewhere.Url}/\r\n"))).Error.ShouldContain($"has moved to {elsewhere.Url}/; name that address (--server)");
        elsewhere.Heard.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_server_that_does_not_answer_in_time_ends_with_75()
    {
        using var home = new CliWorld(TimeProvider.System).WithConfig("""{ "server": { "timeout": "1s" } }""");
        await using var server = new ScriptedHttp(null);

        (await home.RunAsync("list", "--server", server.Url)).ShouldBe(new(75, "", $"nightmail: the server at {server.Url} has not answered within 1 second; try again, or set server.timeout in the configuration\n"));
        (await home.RunAsync("pause", "--all", "--server", server.Url)).Error.ShouldContain("it may have been done; look, and say it again if not");
    }

    private static async Task<CliResult> ListFromAsync(string answer)
    {
        using var home = new CliWorld(TimeProvider.System);
        await using var server = new ScriptedHttp(answer);
        return await home.With("NIGHTMAIL_API_KEY", "nm_key").RunAsync("list", "--server", server.Url);
    }
}
