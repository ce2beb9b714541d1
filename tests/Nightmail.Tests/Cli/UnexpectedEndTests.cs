using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli;

/// <summary>What nobody foresaw ends with a sentence.</summary>
public sealed class UnexpectedEndTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_fault_ends_with_seventy_and_one_sentence_without_a_word_of_what_it_worked_on()
    {
        world.UserAtHost = () => throw new InvalidOperationException("the password is hunter2", new KeyNotFoundException("of bob@example.org"));

        var result = await ScheduleAsync();

        result.ExitCode.ShouldBe(70);
        result.Output.ShouldBeEmpty();
        result.Error.ShouldBe("nightmail: a fault in nightmail itself ended this command (InvalidOperationException); what was acknowledged before stands: look, try again, and if it happens again report what it prints with --verbose\n");
    }

    [Fact]
    public async Task Verbose_shows_where_it_happened_and_still_no_secret()
    {
        world.UserAtHost = () => throw new InvalidOperationException("the password is hunter2", new KeyNotFoundException("of bob@example.org"));

        var result = await ScheduleAsync("--verbose");

        result.ExitCode.ShouldBe(70);
        result.Error.ShouldContain("System.InvalidOperationException\n");
        result.Error.ShouldContain("System.Collections.Generic.KeyNotFoundException\n");
        result.Error.ShouldContain("ScheduleCommand");
        result.Error.ShouldNotContain("hunter2");
        result.Error.ShouldNotContain("bob");
    }

    [Fact]
    public async Task What_the_system_says_of_a_file_is_told_as_a_refusal()
    {
        world.UserAtHost = () => throw new IOException("No space left on device : '/var/x'");

        var result = await ScheduleAsync();

        (result.ExitCode, result.Error).ShouldBe((1, "nightmail: No space left on device : '/var/x'; what was acknowledged before stands: put that right and try again\n"));
    }

    private Task<CliResult> ScheduleAsync(params string[] more) =>
        world.RunAsync(["schedule", "--to", "b@example.net", "--subject", "Hello", "--body", "Hello", "--at", "tomorrow 9:00", .. more]);
}
