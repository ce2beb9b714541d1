using System.Diagnostics;
using System.Text.Json;
using Nightmail.Testing.EndToEnd;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class LogTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Fact]
    public async Task Every_attempt_has_its_row()
    {
        var (first, second) = (await ScheduleAsync(), await ScheduleAsync());
        (await world.RunAsync("log")).ShouldBe(new(0, "", "no attempt is known\n"));
        world.Time.Advance(TimeSpan.FromMinutes(61));
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);

        var lines = (await world.RunAsync("log")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var one = await world.RunAsync("log", second, "--json");

        lines.Select(line => line.Split("  ")[1]).ShouldBe([first, second], ignoreOrder: true);
        lines.ShouldAllBe(line => line.StartsWith("2026-11-22 10:01:00  ") && line.Contains("  work  1  sent  0 ms  "));
        one.Json().GetProperty("id").GetString().ShouldBe(second);
        one.Json().GetProperty("outcome").GetString().ShouldBe("sent");
        one.Json().GetProperty("lateMs").GetDouble().ShouldBe(60_000);
        one.Json().GetProperty("recipient").GetString().ShouldBe("bob@example.org");
        (await world.RunAsync("log", "--last", "1")).Output.Split('\n').Length.ShouldBe(2);
        (await world.RunAsync("log", "nosuch")).ExitCode.ShouldBe(3);
        (await world.RunAsync("log", "--last", "x")).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_stops_no_email()
    {
        var id = await ScheduleAsync();
        world.Time.Advance(TimeSpan.FromHours(2));
        File.WriteAllText(Path.ChangeExtension(world.Queue, ".log"), "in the way");

        var result = await world.RunAsync("run", "--once");

        result.ExitCode.ShouldBe(0);
        result.Error.ShouldContain("the send log cannot be written, emails leave all the same");
        (await world.RunAsync("show", id, "--json")).Json().GetProperty("status").GetString().ShouldBe("sent");
    }

    [Fact]
    public async Task It_is_followed_until_it_is_interrupted()
    {
        await RunAsync("schedule", "--to", "bob@example.org", "--subject", "Old", "--at", "now");
        await RunAsync("run", "--once");
        var shown = Path.Combine(world.Folder, "shown");
        await using var following = world.StartShell($"exec \"$nightmail\" log --follow --last 1 --json > '{shown}'");
        await UntilAsync(() => Lines(shown).Length == 1);
        var scheduled = await RunAsync("schedule", "--to", "bob@example.org", "--subject", "New", "--at", "now");
        await RunAsync("run", "--once");
        await UntilAsync(() => Lines(shown).Length == 2);

        following.Signal("INT");
        var ended = await following.WaitAsync();

        ended.ExitCode.ShouldBe(0);
        JsonDocument.Parse(Lines(shown)[1]).RootElement.GetProperty("id").GetString().ShouldBe(scheduled.Output.Split(' ')[0]);
    }

    public void Dispose() => world.Dispose();

    private async Task<string> ScheduleAsync() => (await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "Hi", "--at", "in 1h")).Id;

    private async Task<ProgramResult> RunAsync(params string[] arguments)
    {
        await using var program = world.Start(arguments);
        var result = await program.WaitAsync();
        result.ExitCode.ShouldBe(0, result.Errors);
        return result;
    }

    private static string[] Lines(string file) => File.Exists(file) ? [.. File.ReadAllText(file).Split('\n').SkipLast(1)] : [];

    private static async Task UntilAsync(Func<bool> holds)
    {
        var watch = Stopwatch.StartNew();
        while (!holds())
        {
            watch.Elapsed.ShouldBeLessThan(NightmailProgram.Patience);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }
}
