using System.Text.RegularExpressions;
using Nightmail.Tests.Cli.Remote;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli;

/// <summary>A command that a command names works, pasted as it stands, on the same store.</summary>
public sealed class HintTests : IDisposable
{
    private const string NoServer = "http://127.0.0.1:9";
    private readonly CliWorld world = new CliWorld().WithAccount();

    private string Elsewhere => Path.Combine(world.Folder, "a queue.json");

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task After_a_restore_of_a_named_queue_the_pasted_commands_work_on_that_queue()
    {
        await ScheduleAsync("--queue", Elsewhere);
        await world.RunAsync("backup", "create", "--queue", Elsewhere);
        await ScheduleAsync();
        Directory.Delete(Path.Combine(world.Folder, "a queue.ledger"), recursive: true);
        world.With("NIGHTMAIL_SERVER", NoServer);

        var restored = await world.RunAsync("backup", "restore", "latest", "--yes", "--queue", Elsewhere);

        restored.ExitCode.ShouldBe(0, restored.Error);
        (await PasteAsync(restored.Error, "resume --all")).Output.ShouldBe("sending goes on\n");
        (await world.RunAsync("stats", "--json", "--queue", Elsewhere)).Json().GetProperty("sendingPaused").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task After_a_restore_of_a_named_server_the_pasted_command_works_on_that_server()
    {
        await using var server = await RemoteWorld.StartAsync();
        server.Home.With("NIGHTMAIL_SERVER", "").WithAccount();
        await server.RunAsync("backup", "create", "--server", server.Url);

        var restored = await server.RunAsync("backup", "restore", "latest", "--yes", "--server", server.Url);

        restored.ExitCode.ShouldBe(0, restored.Error);
        restored.Error.ShouldContain($"nightmail resume --all --server {server.Url}\n");
    }

    [Fact]
    public async Task A_command_that_passes_over_a_server_names_the_queue_so_that_the_pasted_one_does_too()
    {
        world.With("NIGHTMAIL_SERVER", NoServer).Write("himalaya.toml", """
            [accounts.hut]
            email = "ada@hut.example"
            message.send.backend.type = "smtp"
            message.send.backend.host = "127.0.0.1"
            message.send.backend.port = 9
            message.send.backend.encryption.type = "none"
            message.send.backend.login = "ada"
            message.send.backend.auth.type = "password"
            message.send.backend.auth.raw = "hunter2"
            """);

        var imported = await world.RunAsync("account", "import", "himalaya", Path.Combine(world.Folder, "himalaya.toml"));

        imported.ExitCode.ShouldBe(0, imported.Error);
        imported.Error.ShouldContain($"nightmail account test hut --queue {world.Queue} tries whether it works");
    }

    [Fact]
    public async Task So_it_is_where_the_configuration_names_the_server()
    {
        world.WithConfig($$"""{ "server": { "url": "{{NoServer}}" }, "accounts": { "work": { "from": "ada@example.org", "transport": { "type": "folder", "path": "{{world.Outbox}}" } } } }""");
        await ScheduleAsync("--queue", world.Queue);
        await world.RunAsync("pause", "--all", "--queue", world.Queue);

        var shown = await world.RunAsync("service", "install", "--dry-run", "--json", "--queue", world.Queue);
        var exported = await world.RunAsync("export", "--queue", world.Queue);

        shown.ExitCode.ShouldBe(0, shown.Error);
        (await PasteAsync(exported.Error, "pause --all")).Output.ShouldBe("sending is paused\n");
    }

    [Theory]
    [InlineData("backup verify nothing", "see nightmail backup list --queue ")]
    [InlineData("backup restore latest", "see nightmail backup list --queue ")]
    [InlineData("show nothing", "see nightmail list --all --queue ")]
    public async Task What_was_not_found_is_looked_for_in_the_same_queue(string words, string hint)
    {
        var result = await world.RunAsync([.. words.Split(' '), "--queue", Elsewhere]);

        result.ExitCode.ShouldBe(3);
        result.Error.ShouldContain($"{hint}'{Elsewhere}'");
    }

    [Fact]
    public async Task What_works_on_a_queue_file_alone_says_what_names_the_server_and_how_to_pass_over_it()
    {
        await ScheduleAsync();
        world.With("NIGHTMAIL_SERVER", NoServer);

        var refused = await world.RunAsync("health", "--acknowledge");

        (refused.ExitCode, refused.Error).ShouldBe((1, $"nightmail: this works on a queue file only, and NIGHTMAIL_SERVER names a server: say --queue {world.Queue}\n"));
    }

    [Fact]
    public async Task A_damaged_backup_names_the_list_of_the_same_queue()
    {
        await ScheduleAsync("--queue", Elsewhere);
        var made = (await world.RunAsync("backup", "create", "--queue", Elsewhere)).Output.Trim();
        await File.AppendAllTextAsync(Path.Combine(world.Folder, "backups", made), "x");

        (await world.RunAsync("backup", "restore", made, "--yes", "--queue", Elsewhere)).Error.ShouldContain($"(nightmail backup list --queue '{Elsewhere}')");
    }

    [Fact]
    public async Task What_has_a_page_alone_is_shown_whole_by_the_command_that_is_named()
    {
        var page = world.Write("page.html", "<p>Hello</p>");
        var id = (await world.RunAsync("schedule", "--to", "b@example.net", "--subject", "x", "--html", page, "--at", "tomorrow 9:00", "--queue", Elsewhere)).Id;

        var shown = await world.RunAsync("show", id, "--queue", Elsewhere);

        (await PasteAsync(shown.Output, $"show {id} --raw")).Output.ShouldContain("<p>Hello</p>");
    }

    [Fact]
    public async Task A_service_sends_from_the_queue_that_a_variable_of_this_shell_names()
    {
        world.With("HIMALAYA_QUEUE_FILE", Elsewhere);

        var shown = await world.RunAsync("service", "install", "--dry-run", "--json");

        shown.ExitCode.ShouldBe(0, shown.Error);
        shown.Json().GetProperty("text").GetString()!.ShouldContain("a queue.json");
    }

    private Task<CliResult> ScheduleAsync(params string[] more) =>
        world.RunAsync(["schedule", "--to", "b@example.net", "--subject", "Hello", "--body", "Hello", "--at", "tomorrow 9:00", .. more]);

    /// <summary>Runs what a text says after these words' place in it, as a shell would read it.</summary>
    private async Task<CliResult> PasteAsync(string text, string words)
    {
        var found = Regex.Match(text, $@"nightmail {Regex.Escape(words)}(?<options>(?: --(?:queue|config|server) (?:'[^']*'|[^\s;,:)]+))*)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));
        found.Success.ShouldBeTrue($"no 'nightmail {words}' in: {text}");
        var options = Regex.Matches(found.Groups["options"].Value, @"'[^']*'|[^\s']+", RegexOptions.None, TimeSpan.FromSeconds(10)).Select(word => word.Value.Trim('\''));
        return await world.RunAsync([.. words.Split(' '), .. options]);
    }
}
