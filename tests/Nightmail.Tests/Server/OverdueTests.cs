using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>What the health and the metrics say while something waits that should not.</summary>
public sealed class OverdueTests
{
    [Fact]
    public async Task An_email_that_waits_after_its_time_is_counted_and_named_and_a_campaign_that_waits_for_its_turn_is_not()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);
        await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":["a@example.org"]}""");
        await world.PostAsync("/api/emails", """{"to":["b@example.org"],"subject":"s","text":"t","scheduledFor":"2099-01-01T00:00:00Z"}""");
        var before = await MetricsAsync(world);

        (await world.PostAsync("/api/emails", $$"""{"to":["c@example.org"],"subject":"s","text":"t","allowPast":true,"scheduledFor":"{{TimeProvider.System.GetUtcNow().AddHours(-1):O}}"}""")).Status.ShouldBe(201);

        before.ShouldContain("nightmail_overdue_emails 0\n");
        var after = await MetricsAsync(world);
        after.ShouldContain("nightmail_overdue_emails 1\n");
        after.ShouldContain("# TYPE nightmail_workers gauge\nnightmail_workers 0\n");
        after.ShouldContain("nightmail_circuits_open 0\n");
        after.ShouldMatch("nightmail_disk_free_bytes [1-9][0-9]+\n");
        (await world.GetAsync("/api/health")).Body!["problems"]!.AsArray().Select(each => (string)each!).ShouldContain("an email waits although its time has come; 'why' says what for");
    }

    [Fact]
    public async Task The_workers_that_live_are_counted()
    {
        await using var world = await ServerWorld.StartAsync();
        // Without an account there is nothing that a worker could do.
        await world.AddAccountAsync(25);

        await Eventually.HoldsAsync(async () => (await MetricsAsync(world)).Contains("nightmail_workers 1\n", StringComparison.Ordinal), "the worker to be counted");
    }

    private static async Task<string> MetricsAsync(ServerWorld world) => (string)(await world.GetAsync("/metrics")).Body!;
}
