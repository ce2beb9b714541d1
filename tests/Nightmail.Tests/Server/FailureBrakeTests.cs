using System.Net;
using System.Net.Http.Headers;
using Nightmail.Server.Security;
using Nightmail.Tests.Cli.Remote;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

public sealed class FailureBrakeTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(10, 0)]
    [InlineData(11, 250)]
    [InlineData(12, 500)]
    [InlineData(14, 2000)]
    [InlineData(16, 5000)]
    [InlineData(int.MaxValue, 5000)]
    public void The_answer_to_a_failure_waits_the_longer_the_more_there_were(int failures, int milliseconds) =>
        FailureBrake.DelayAfter(failures, free: 10).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));

    [Fact]
    public async Task A_wrong_key_waits_after_ten_of_them_and_a_right_one_never_does()
    {
        await using var world = await RemoteWorld.StartAsync();
        for (var i = 0; i < 10; i++) (await AskAsync(world, "nm_wrong")).ShouldBe(HttpStatusCode.Unauthorized);

        var eleventh = AskAsync(world, "nm_wrong");
        (await AskAsync(world, world.Key)).ShouldBe(HttpStatusCode.OK);
        (await AskAsync(world, null)).ShouldBe(HttpStatusCode.Unauthorized);
        eleventh.IsCompleted.ShouldBeFalse();

        await Eventually.HoldsAsync(
            () =>
            {
                world.Home.Time.Advance(TimeSpan.FromMilliseconds(250));
                return eleventh.IsCompleted;
            },
            "the answer to come once its time has passed");
        (await eleventh).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Failures_are_forgotten_after_ten_quiet_minutes()
    {
        await using var world = await RemoteWorld.StartAsync();
        for (var i = 0; i < 10; i++) await AskAsync(world, "nm_wrong");

        world.Home.Time.Advance(TimeSpan.FromMinutes(11));

        for (var i = 0; i < 10; i++) (await AskAsync(world, "nm_wrong")).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Of_one_address_ten_answers_wait_and_more_are_refused_with_429()
    {
        await using var world = await RemoteWorld.StartAsync();
        for (var i = 0; i < 10; i++) await AskAsync(world, "nm_wrong");
        List<Task<HttpStatusCode>> waiting = [.. Enumerable.Range(0, 12).Select(_ => AskAsync(world, "nm_wrong"))];

        await Eventually.HoldsAsync(() => waiting.Count(task => task.IsCompleted) == 2, "two to be refused");

        foreach (var refused in waiting.Where(task => task.IsCompleted)) (await refused).ShouldBe(HttpStatusCode.TooManyRequests);
        await Eventually.HoldsAsync(
            () =>
            {
                world.Home.Time.Advance(TimeSpan.FromSeconds(5));
                return waiting.TrueForAll(task => task.IsCompleted);
            },
            "the others to be answered");
    }

    [Fact]
    public async Task Login_links_that_are_wrong_count_as_wrong_keys_do()
    {
        await using var world = await RemoteWorld.StartAsync();
        for (var i = 0; i < 10; i++) await AskAsync(world, "nm_wrong");
        using var client = new HttpClient { BaseAddress = new(world.Url) };
        using var form = new FormUrlEncodedContent([new("token", "guessed")]);

        var guess = client.PostAsync("/login", form);
        (await AskAsync(world, world.Key)).ShouldBe(HttpStatusCode.OK);
        guess.IsCompleted.ShouldBeFalse();

        await Eventually.HoldsAsync(
            () =>
            {
                world.Home.Time.Advance(TimeSpan.FromSeconds(1));
                return guess.IsCompleted;
            },
            "the answer to come");
        using var answer = await guess;
        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    private static async Task<HttpStatusCode> AskAsync(RemoteWorld world, string? key)
    {
        using var client = new HttpClient { BaseAddress = new(world.Url) };
        if (key is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await client.GetAsync("/api/stats");
        return response.StatusCode;
    }
}
