using System.Text.Json;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class ChangeTests
{
    [Fact]
    public async Task Cancelling_twice_is_refused_by_the_state()
    {
        using var world = new CliWorld().WithAccount();
        var id = await ScheduleAsync(world);

        (await world.RunAsync("cancel", id)).ShouldBe(new(0, $"{id} cancelled\n", ""));
        (await world.RunAsync("cancel", id)).ShouldBe(new(4, "", $"nightmail: {id} is left as it is: it is cancelled already\n"));
    }

    [Fact]
    public async Task Several_ids_each_get_their_line_and_the_worst_exit_code_counts()
    {
        using var world = new CliWorld().WithAccount();
        var (first, second) = (await ScheduleAsync(world), await ScheduleAsync(world));
        await world.RunAsync("cancel", first);

        var result = await world.RunAsync("cancel", first, "999999", second);

        result.ExitCode.ShouldBe(4);
        result.Output.ShouldBe($"{second} cancelled\n");
        result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2);
    }

    [Fact]
    public async Task Json_of_several_changes_is_one_line_each()
    {
        using var world = new CliWorld().WithAccount();
        var id = await ScheduleAsync(world);

        var lines = (await world.RunAsync("cancel", id, "999999", "--json")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        JsonDocument.Parse(lines[0]).RootElement.GetProperty("status").GetString().ShouldBe("cancelled");
        JsonDocument.Parse(lines[1]).RootElement.GetProperty("exitCode").GetInt32().ShouldBe(3);
    }

    [Fact]
    public async Task Undo_takes_the_last_one_back_and_never_the_one_before()
    {
        using var world = new CliWorld().WithAccount();
        var first = await ScheduleAsync(world);
        world.Time.Advance(TimeSpan.FromSeconds(1));
        var second = await ScheduleAsync(world);

        var undone = await world.RunAsync("undo");
        var again = await world.RunAsync("undo");

        undone.ShouldBe(new(0, $"{second} cancelled: \"Hello\" to bob@example.org\n", ""));
        again.ExitCode.ShouldBe(4);
        (await world.RunAsync("list", "--json")).Output.ShouldContain(first);
    }

    [Fact]
    public async Task Undo_of_nothing_is_not_found()
    {
        using var world = new CliWorld();

        (await world.RunAsync("undo")).ShouldBe(new(3, "", "nightmail: nothing has been scheduled\n"));
    }

    [Fact]
    public async Task Another_time_is_repeated_as_it_was_understood()
    {
        using var world = new CliWorld().WithAccount();
        var id = await ScheduleAsync(world);

        (await world.RunAsync("reschedule", id, "--at", "2026-12-24 18:00")).Output.ShouldBe($"{id} 2026-12-24 18:00 Europe/Berlin (in 32 days; 17:00Z)\n");
        (await world.RunAsync("reschedule", id, "--at", "someday")).ExitCode.ShouldBe(2);
        (await world.RunAsync("reschedule", id, "--at", "2020-01-01")).ExitCode.ShouldBe(2);
        (await world.RunAsync("show", id, "--json")).Output.ShouldContain("\"scheduledFor\":\"2026-12-24T17:00:00Z\"");
        (await world.RunAsync("reschedule", id, "--at", "2020-01-01", "--allow-past")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Send_now_makes_it_due_and_says_who_sends()
    {
        using var world = new CliWorld().WithAccount();
        var id = await ScheduleAsync(world);

        (await world.RunAsync("send-now", id)).ShouldBe(new(0, $"{id} due now\n", "warning: nobody is running to send it; start: nightmail run\n"));
        (await world.RunAsync("show", id, "--json")).Output.ShouldContain("\"scheduledFor\":\"2026-11-22T08:00:00Z\"");
    }

    [Theory]
    [InlineData("retry", "only a failed or doubtful email can be retried")]
    [InlineData("mark-sent", "only a doubtful email can be marked as sent")]
    public async Task What_has_not_failed_is_left_as_it_is(string verb, string why)
    {
        using var world = new CliWorld().WithAccount();
        var id = await ScheduleAsync(world);

        (await world.RunAsync(verb, id)).ShouldBe(new(4, "", $"nightmail: {id} is left as it is: it is pending; {why}\n"));
    }

    [Fact]
    public async Task What_has_failed_is_retried_by_id_or_all_at_once()
    {
        using var world = new CliWorld().WithAccount();
        var id = (await world.RunAsync("schedule", "--to", "bob@example.org", "--at", "in 1 hour", "--not-after", "in 2 hours")).Id;
        world.Time.Advance(TimeSpan.FromHours(3));
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        (await world.RunAsync("list", "--status", "failed")).Output.ShouldContain("failed (expired)");

        (await world.RunAsync("retry", "--failed")).Output.ShouldBe($"{id} pending again\n");
        (await world.RunAsync("retry", "--failed")).ShouldBe(new(0, "", "nothing has failed\n"));
    }

    private static async Task<string> ScheduleAsync(CliWorld world) =>
        (await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "Hi", "--at", "2026-12-01 09:00")).Id;
}
