using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli;

public sealed class HelpTests
{
    public static readonly TheoryData<string> Verbs = [.. new[] { "schedule", "list", "show", "why", "cancel", "undo", "reschedule", "send-now", "retry", "mark-sent", "run", "serve", "demo", "config", "edit", "pause", "resume", "log", "stats", "completion", "service", "export", "import", "backup", "health" }];

    [Fact]
    public async Task The_help_is_the_one_that_was_agreed()
    {
        using var world = new CliWorld();

        (await world.RunAsync("--help")).Output.ShouldBeGolden("help.txt");
        (await world.RunAsync("schedule", "--help")).Output.ShouldBeGolden("help-schedule.txt");
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Every_command_has_an_example_that_it_understands(string verb)
    {
        using var world = new CliWorld();

        var result = await world.RunAsync(verb, "--help");

        result.ExitCode.ShouldBe(0);
        result.Error.ShouldBeEmpty();
        result.Output[result.Output.IndexOf("Examples:", StringComparison.Ordinal)..].ShouldContain($"nightmail {verb}");
        result.Output.Split('\n').ShouldAllBe(line => line == line.TrimEnd());
    }

    [Fact]
    public async Task The_version_is_printed_as_text_and_as_json()
    {
        using var world = new CliWorld();

        (await world.RunAsync("--version")).Output.ShouldBe("nightmail 0.1.0\n");
        (await world.RunAsync("--version", "--json")).Output.ShouldBe("{\"version\":\"0.1.0\"}\n");
    }

    [Theory]
    [InlineData("lst", "unknown command 'lst'; did you mean 'list'?; see nightmail --help")]
    [InlineData("list --sttus sent", "unknown option '--sttus'; did you mean '--status'?; see nightmail list --help")]
    [InlineData("", "what is to be done? see nightmail --help")]
    [InlineData("show", "Required argument missing for command: 'show'; see nightmail show --help")]
    [InlineData("reschedule 123456", "Option '--at' is required; see nightmail reschedule --help")]
    [InlineData("list --status gone", "unknown status 'gone'; known are pending, sending, paused, sent, failed, cancelled, in_doubt")]
    [InlineData("retry", "name the emails to retry, or say --failed for all that have failed")]
    [InlineData("retry 123456 --failed", "name the emails to retry, or say --failed for all that have failed")]
    [InlineData("config", "what about the configuration? write: nightmail config show")]
    [InlineData("list --queue=", "--queue is empty; name a FILE, or leave it away")]
    [InlineData("list --config= --json", "--config is empty; name a FILE, or leave it away")]
    [InlineData("schedule --log= --to a@b.example", "--log is empty; name a FILE, or leave it away")]
    [InlineData("list --server=", "--server is empty; name a URL, or leave it away")]
    [InlineData("run --while-pid x", "--while-pid 'x' is not the id of a process; see nightmail run --help")]
    public async Task Wrong_usage_ends_with_2_and_one_line(string words, string message)
    {
        using var world = new CliWorld();

        var result = await world.RunAsync(words.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        result.ShouldBe(new(2, "", $"nightmail: {message}\n"));
    }

    [Fact]
    public async Task Options_of_every_command_stand_before_or_after_its_name()
    {
        using var world = new CliWorld();
        var queue = Path.Combine(world.Folder, "other.json");

        (await world.RunAsync("--queue", queue, "--json", "list")).ShouldBe(await world.RunAsync("list", "--json", "--queue", queue));
        (await world.RunAsync("--json", "list")).Output.ShouldBe("[]\n");
    }
}
