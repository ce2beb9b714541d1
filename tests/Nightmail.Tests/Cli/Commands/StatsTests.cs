using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

public sealed class StatsTests : IDisposable
{
    private readonly CliWorld world = new CliWorld().WithAccount();

    [Fact]
    public async Task It_counts_what_there_is_and_says_how_late_it_left()
    {
        await ScheduleAsync("in 1h");
        await ScheduleAsync("in 62m");
        var cancelled = await ScheduleAsync("in 5h");
        await world.RunAsync("cancel", cancelled);
        await ScheduleAsync("in 6h");
        world.Time.Advance(TimeSpan.FromMinutes(63));
        (await world.RunAsync("run", "--once")).ExitCode.ShouldBe(0);

        var json = (await world.RunAsync("stats", "--json")).Output;

        json.ShouldBe("""
            {"counts":{"pending":1,"sending":0,"paused":0,"sent":2,"failed":0,"cancelled":1,"in_doubt":0},"totalScheduled":4,"pruned":{"sent":0,"failed":0,"cancelled":0},"sendingPaused":false,"lastHour":{"attempts":2,"sent":2,"failed":0},"lastDay":{"attempts":2,"sent":2,"failed":0},"last7Days":{"attempts":2,"sent":2,"failed":0},"lateness":{"emails":2,"p50Ms":60000,"p99Ms":180000,"maxMs":180000},"accounts":[{"account":"work","lastHour":{"attempts":2,"sent":2,"failed":0},"lastDay":{"attempts":2,"sent":2,"failed":0},"last7Days":{"attempts":2,"sent":2,"failed":0},"lateness":{"emails":2,"p50Ms":60000,"p99Ms":180000,"maxMs":180000}}]}

            """);
        (await world.RunAsync("stats")).Output.ShouldBeGolden("stats.txt");
    }

    [Fact]
    public async Task What_lies_further_back_is_counted_less_and_less()
    {
        await ScheduleAsync("in 1h");
        world.Time.Advance(TimeSpan.FromHours(1));
        await world.RunAsync("run", "--once");

        world.Time.Advance(TimeSpan.FromHours(2));
        (await LastAsync()).ShouldBe((0, 1, 1));
        world.Time.Advance(TimeSpan.FromDays(2));
        (await LastAsync()).ShouldBe((0, 0, 1));
        world.Time.Advance(TimeSpan.FromDays(7));
        (await LastAsync()).ShouldBe((0, 0, 0));
        (await world.RunAsync("stats", "--json")).Json().GetProperty("counts").GetProperty("sent").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task An_empty_queue_has_statistics_too()
    {
        var result = await world.RunAsync("stats", "--json");

        result.ExitCode.ShouldBe(0);
        result.Json().GetProperty("totalScheduled").GetInt32().ShouldBe(0);
        result.Json().TryGetProperty("lateness", out _).ShouldBeFalse();
    }

    public void Dispose() => world.Dispose();

    private async Task<string> ScheduleAsync(string at) => (await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "Hi", "--at", at)).Id;

    private async Task<(int Hour, int Day, int Week)> LastAsync()
    {
        var json = (await world.RunAsync("stats", "--json")).Json();
        return (Sent("lastHour"), Sent("lastDay"), Sent("last7Days"));

        int Sent(string window) => json.GetProperty(window).GetProperty("sent").GetInt32();
    }
}
