using System.Globalization;
using System.Text.Json.Nodes;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>What happens to campaigns by itself: their times, and recipients who are suppressed after they came in.</summary>
public sealed class CampaignTimeTests
{
    [Fact]
    public async Task A_campaign_says_when_it_started_and_when_nothing_was_left()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var before = TimeProvider.System.GetUtcNow();
        using var events = new EventListener(world.Client);

        var campaign = (string)(await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":["a@example.org","b@example.org"]}""")).Body!["campaignId"]!;
        await Eventually.HoldsAsync(async () => (await world.GetAsync($"/api/campaigns/{campaign}")).Body!["completedAt"] is not null, "its end to be noted");
        var shown = (await world.GetAsync($"/api/campaigns/{campaign}")).Body!;
        await world.RestartAsync();
        var after = (await world.GetAsync($"/api/campaigns/{campaign}")).Body!;

        Instant(shown["startedAt"]).ShouldBeInRange(before.AddSeconds(-1), Instant(shown["completedAt"]));
        Instant(shown["completedAt"]).ShouldBeGreaterThanOrEqualTo(sink.Messages()[^1].ReceivedAt!.Value.AddSeconds(-1));
        ((string?)after["startedAt"], (string?)after["completedAt"]).ShouldBe(((string?)shown["startedAt"], (string?)shown["completedAt"]));
        events.Lines.ShouldContain(line => line.Contains("\"status\":\"completed\"", StringComparison.Ordinal));
        (await world.GetAsync($"/api/campaigns/{(string)(await world.PostAsync("/api/campaigns", """{"name":"c"}""")).Body!["id"]!}")).Body!["startedAt"].ShouldBeNull();
    }

    [Fact]
    public async Task A_retry_opens_it_again_and_its_end_is_noted_anew()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.RefuseRecipient("a@example.org", "550 5.1.1 no")] });
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var campaign = (string)(await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":["a@example.org","b@example.org"]}""")).Body!["campaignId"]!;
        await Eventually.HoldsAsync(async () => (await world.GetAsync($"/api/campaigns/{campaign}")).Body!["completedAt"] is not null, "its end to be noted");
        var first = (await world.GetAsync($"/api/campaigns/{campaign}")).Body!;
        await sink.SetRulesAsync();

        await world.PostAsync($"/api/campaigns/{campaign}/retry", "");

        await world.WaitForStatusAsync(campaign, "completed");
        await Eventually.HoldsAsync(async () => (string?)(await world.GetAsync($"/api/campaigns/{campaign}")).Body!["completedAt"] is { } again && again != (string?)first["completedAt"], "its end to be noted anew");
        ((string?)(await world.GetAsync($"/api/campaigns/{campaign}")).Body!["startedAt"]).ShouldBe((string?)first["startedAt"]);
    }

    [Fact]
    public async Task Whoever_is_suppressed_after_the_campaign_was_scheduled_gets_nothing_even_after_a_restart()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var campaign = (string)(await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":["A@example.org","b@spam.example","c@example.org"],"scheduledFor":"2099-01-01T00:00:00Z"}""")).Body!["campaignId"]!;
        (await world.PostAsync("/api/suppressions", """{"target":"a@EXAMPLE.org"}""")).Status.ShouldBe(201);
        (await world.AskAsync(HttpMethod.Post, "/api/suppressions/import", "target\n*@spam.example\nd@example.org\n", contentType: "text/csv")).Status.ShouldBe(200);
        (await world.AskAsync(HttpMethod.Delete, "/api/suppressions/d@example.org")).Status.ShouldBe(204);
        await world.RestartAsync();

        await world.PostAsync($"/api/campaigns/{campaign}/schedule", "{}");

        await world.WaitForStatusAsync(campaign, "completed");
        sink.Messages().ShouldHaveSingleItem().Recipients.ShouldBe(["c@example.org"]);
        var rows = (await world.GetAsync($"/api/campaigns/{campaign}/recipients?status=cancelled")).Body!["items"]!.AsArray();
        rows.Select(row => (string?)row!["email"]).ShouldBe(["A@example.org", "b@spam.example"]);
        rows.ShouldAllBe(row => ((string)row!["lastError"]!).StartsWith("suppressed", StringComparison.Ordinal));
        // What a person schedules by itself is their own affair.
        await world.PostAsync("/api/emails", """{"to":["a@example.org"],"subject":"s","text":"t"}""");
        await Eventually.HoldsAsync(() => sink.Messages().Count == 2, "the single email");
    }

    [Fact]
    public async Task Single_emails_come_in_pages_soonest_first_each_once_past_a_large_campaign()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);
        var all = string.Join(',', Enumerable.Range(0, 1200).Select(i => $"\"r{i}@example.org\""));
        await world.PostAsync("/api/send", $$"""{"subject":"s","text":"t","recipients":[{{all}}],"scheduledFor":"2099-01-01T00:00:00Z"}""");
        var array = string.Join(',', Enumerable.Range(0, 25).Select(i => $$"""{"to":["a@example.org"],"subject":"n{{i}}{{(i % 5 == 0 ? " fifth" : "")}}","text":"t","scheduledFor":"{{2090 - i}}-01-01T00:00:00Z"}"""));
        (await world.PostAsync("/api/emails", $"[{array}]")).Status.ShouldBe(200);
        (await world.PostAsync("/api/emails", """{"to":["z@example.org"],"subject":"late","text":"t","scheduledFor":"2099-01-01T00:00:00Z"}""")).Status.ShouldBe(201);

        var pages = await PagesAsync(world, "limit=7");
        var found = await PagesAsync(world, "limit=2&search=FIFTH");
        var pending = await PagesAsync(world, "limit=20&status=pending&account=work");

        pages.Select(page => page.Count).ShouldBe([7, 7, 7, 5]);
        pages.SelectMany(page => page).Select(each => each.Split(' ')[0]).ShouldBe([.. Enumerable.Range(0, 25).Reverse().Select(i => $"n{i}"), "late"]);
        found.SelectMany(page => page).ShouldBe(["n20 fifth", "n15 fifth", "n10 fifth", "n5 fifth", "n0 fifth"]);
        pending.ShouldBeEmpty();
        (await PagesAsync(world, "limit=20&status=pending")).Select(page => page.Count).ShouldBe([20, 6]);
        (await world.GetAsync("/api/emails?cursor=7")).Status.ShouldBe(422);
    }

    private static DateTimeOffset Instant(JsonNode? text) => DateTimeOffset.Parse((string)text!, CultureInfo.InvariantCulture);

    private static async Task<List<List<string>>> PagesAsync(ServerWorld world, string query)
    {
        List<List<string>> pages = [];
        for (var cursor = ""; ;)
        {
            var page = (await world.GetAsync($"/api/emails?{query}{cursor}")).Body!;
            if (page["items"]!.AsArray().Count > 0) pages.Add([.. page["items"]!.AsArray().Select(each => (string)each!["subject"]!)]);
            if ((string?)page["next"] is not { } next) return pages;
            cursor = $"&cursor={Uri.EscapeDataString(next)}";
        }
    }
}
