using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli;

/// <summary>The real program where its standard streams, its arguments or its log are not what one hopes for.</summary>
public sealed class StreamsTests : IDisposable
{
    private const string Schedule = "$nightmail schedule --to bob@example.org --subject Hi --body Hello --at tomorrow";
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Fact]
    public async Task A_full_standard_output_is_one_line_and_exit_1()
    {
        await world.RunShellAsync(Schedule);

        var result = await world.RunShellAsync("$nightmail list >/dev/full");

        result.ExitCode.ShouldBe(1);
        result.Errors.ShouldBe("nightmail: standard output cannot be written: No space left on device; send it somewhere else\n");
    }

    [Theory]
    [InlineData(">/dev/full", 1)]
    [InlineData(">&-", 1)]
    [InlineData("--json >/dev/full", 1)]
    public async Task An_email_whose_id_cannot_be_printed_is_reported_as_scheduled_all_the_same(string redirection, int exitCode)
    {
        var result = await world.RunShellAsync($"{Schedule} {redirection}");

        var email = (await world.RunAsync("list", "--json")).Json()[0];
        result.ExitCode.ShouldBe(exitCode);
        result.Errors.ShouldContain($"{email.GetProperty("id").GetString()} is scheduled all the same");
        result.Errors.ShouldContain("standard output cannot be written");
    }

    [Fact]
    public async Task A_reader_that_has_seen_enough_ends_it_quietly()
    {
        await world.RunShellAsync(Schedule);

        // A FIFO whose only reader is gone: the first write fails.
        var result = await world.RunShellAsync("cd $HOME && mkfifo pipe && { exec 3<>pipe 4>pipe 3<&-; $nightmail list >&4; }");

        result.ShouldBe(new(0, "", ""));
    }

    [Fact]
    public async Task A_cancel_that_cannot_be_printed_is_done_and_said()
    {
        var id = (await world.RunShellAsync(Schedule)).Output.Split(' ')[0];

        var result = await world.RunShellAsync($"$nightmail cancel {id} >/dev/full");

        result.ExitCode.ShouldBe(1);
        result.Errors.ShouldStartWith($"{id} cancelled\n");
        (await world.RunAsync("show", id, "--json")).Json().GetProperty("status").GetString().ShouldBe("cancelled");
    }

    [Fact]
    public async Task A_closed_standard_error_hides_nothing_but_itself()
    {
        var result = await world.RunShellAsync($"{Schedule} 2>&-");

        result.ExitCode.ShouldBe(0);
        result.Output.ShouldStartWith("email_");
    }

    [Theory]
    [InlineData("--log /dev/full/log")]
    [InlineData("--log $HOME")]
    [InlineData("--log /nonexistent/folder/log")]
    public async Task A_log_that_cannot_be_written_is_said_before_anything_is_done(string option)
    {
        var result = await world.RunShellAsync($"{Schedule} {option}");

        result.ExitCode.ShouldBe(1);
        result.Output.ShouldBeEmpty();
        result.Errors.ShouldStartWith("nightmail: the log cannot be written: ");
        result.Errors.Count(letter => letter == '\n').ShouldBe(1);
        File.Exists(world.Queue).ShouldBeFalse();
    }

    [Fact]
    public async Task A_log_of_the_configuration_that_cannot_be_written_is_said_before_anything_is_done()
    {
        var config = await File.ReadAllTextAsync(world.ConfigFile, TestContext.Current.CancellationToken);
        world.WithConfig(config.TrimEnd()[..^1] + """, "logging": { "file": "/nonexistent/folder/log" } }""");

        var result = await world.RunShellAsync(Schedule);

        result.ExitCode.ShouldBe(1);
        result.Errors.ShouldStartWith("nightmail: the log cannot be written: ");
        File.Exists(world.Queue).ShouldBeFalse();
    }

    [Theory]
    [InlineData("--subject \"$(printf 'A\\377B')\" --to bob@example.org --body x", "the argument 'A?B' is not UTF-8")]
    [InlineData("--subject A --to bob@example.org --attach \"$(printf 'r\\351sum\\351.pdf')\"", "the argument 'r?sum?.pdf' is not UTF-8")]
    public async Task An_argument_that_is_not_UTF8_is_refused(string words, string says)
    {
        var result = await world.RunShellAsync($"$nightmail schedule {words} --at tomorrow");

        result.ExitCode.ShouldBe(2);
        result.Output.ShouldBeEmpty();
        result.Errors.ShouldStartWith($"nightmail: {says}");
        File.Exists(world.Queue).ShouldBeFalse();
    }

    [Fact]
    public async Task A_replacement_character_that_was_meant_is_kept()
    {
        var result = await world.RunShellAsync("$nightmail schedule --to bob@example.org --subject 'What does \uFFFD mean' --body x --at tomorrow");

        result.ExitCode.ShouldBe(0, result.Errors);
        (await world.RunAsync("list", "--json")).Json()[0].GetProperty("subject").GetString().ShouldBe("What does \uFFFD mean");
    }

    [Fact]
    public async Task The_worker_that_a_warning_names_sends_the_email_when_the_line_is_pasted()
    {
        var config = Path.Combine(world.Folder, "my config's file.json");
        File.Move(world.ConfigFile, config);
        var scheduled = await world.RunShellAsync("cd $HOME && $nightmail schedule --to bob@example.org --subject Hi --at now --queue 'a queue.json' --config \"my config's file.json\"");
        var line = scheduled.Errors[scheduled.Errors.IndexOf("nightmail run", StringComparison.Ordinal)..].Trim();

        var ran = await world.RunShellAsync($"cd / && alias nightmail=$nightmail\n{line} --until-empty");

        ran.ExitCode.ShouldBe(0, ran.Errors);
        ran.Errors.ShouldContain("sent email_");
    }

    public void Dispose() => world.Dispose();
}
