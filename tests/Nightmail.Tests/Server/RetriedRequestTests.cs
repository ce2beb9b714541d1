using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>Emails that are scheduled again because the answer was lost, after their time has come.</summary>
public sealed class RetriedRequestTests
{
    [Fact]
    public async Task A_request_that_is_repeated_after_its_time_gets_its_first_answer_and_a_new_one_is_refused()
    {
        await using var world = await WorldAsync();
        var past = TimeProvider.System.GetUtcNow().AddHours(-1);
        var body = $$"""{"to":["a@example.org"],"subject":"s","text":"t","scheduledFor":"{{past:O}}"}""";
        // As an hour ago it was kept: the same words, whose time had not come.
        var first = await PostAsync(world, "k", body.Replace("\"subject\"", "\"allowPast\":true,\"subject\"", StringComparison.Ordinal));

        var again = await PostAsync(world, "k", body);
        var other = await PostAsync(world, "new", body);
        var without = await world.PostAsync("/api/emails", body);

        first.Status.ShouldBe(201, first.Body?.ToJsonString());
        (again.Status, (string?)again.Body!["id"]).ShouldBe((200, (string?)first.Body!["id"]));
        ((other.Status, (string?)other.Body!["field"]), (without.Status, (string?)without.Body!["field"])).ShouldBe(((422, "scheduledFor"), (422, "scheduledFor")));
        (await world.GetAsync("/api/stats")).Body!["emails"]!["pending"]!.GetValue<int>().ShouldBe(1);
    }

    [Fact]
    public async Task An_array_that_is_repeated_after_its_times_gets_its_first_answers()
    {
        await using var world = await WorldAsync();
        var soon = TimeProvider.System.GetUtcNow().AddSeconds(2);
        var array = $$"""[{"to":["a@example.org"],"subject":"s","text":"t","notAfter":"{{soon:O}}"},{"to":["b@example.org"],"subject":"s","text":"t","notAfter":"{{soon:O}}"}]""";

        var first = await PostAsync(world, "k", array);
        await Eventually.HoldsAsync(() => TimeProvider.System.GetUtcNow() > soon, "the last moment to pass");
        var again = await PostAsync(world, "k", array);

        first.Body!["results"]!.AsArray().Select(each => each!["status"]!.GetValue<int>()).ShouldBe([201, 201], first.Body.ToJsonString());
        again.Body!["results"]!.AsArray().Select(each => (each!["status"]!.GetValue<int>(), (string?)each["email"]?["id"]))
            .ShouldBe(first.Body["results"]!.AsArray().Select(each => (200, (string?)each!["email"]!["id"])), again.Body.ToJsonString());
        (await PostAsync(world, "new", array)).Body!["results"]!.AsArray().Select(each => (each!["status"]!.GetValue<int>(), (string?)each["field"])).ShouldBe([(422, "notAfter"), (422, "notAfter")]);
    }

    [Fact]
    public async Task The_content_of_a_campaigns_recipient_is_the_campaigns_and_no_edit_goes_over_somebody_else_s()
    {
        await using var world = await WorldAsync();
        var sent = await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":["a@example.org"],"scheduledFor":"2099-01-01T00:00:00Z"}""");
        var recipient = (string)(await world.GetAsync($"/api/campaigns/{sent.Body!["campaignId"]}/recipients")).Body!["items"]![0]!["id"]!;
        var own = $"/api/emails/{(await world.PostAsync("/api/emails", """{"to":["b@example.org"],"subject":"s","text":"t","scheduledFor":"2099-01-01T00:00:00Z"}""")).Body!["id"]}";
        using var read = await world.Client.GetAsync(own);
        var seen = read.Headers.ETag!.Tag;
        const string Content = """{"to":["b@example.org"],"subject":"other","text":"other"}""";

        var foreign = await world.AskAsync(HttpMethod.Put, $"/api/emails/{recipient}/content", Content);
        var edited = await world.AskAsync(HttpMethod.Put, $"{own}/content", Content, headers: ("If-Match", seen));
        using var next = await world.Client.GetAsync(own);
        var late = await world.AskAsync(HttpMethod.Put, $"{own}/content", Content.Replace("other", "third", StringComparison.Ordinal), headers: ("If-Match", seen));

        foreign.Status.ShouldBe(409, foreign.Body?.ToJsonString());
        (edited.Status, late.Status).ShouldBe((200, 412));
        next.Headers.ETag!.Tag.ShouldNotBe(seen);
        ((string?)(await world.GetAsync(own)).Body!["subject"]).ShouldBe("other");
    }

    [Fact]
    public async Task A_refused_send_leaves_no_campaign_behind()
    {
        await using var world = await WorldAsync();

        var refused = await world.PostAsync("/api/send", """{"subject":"s","text":"Dear {{name}}","recipients":["a@example.org"]}""");

        refused.Status.ShouldBe(422, refused.Body?.ToJsonString());
        (await world.GetAsync("/api/campaigns")).Body!["items"]!.AsArray().ShouldBeEmpty();
        await Eventually.HoldsAsync(async () => (int)(await world.GetAsync("/api/stats")).Body!["emails"]!["pending"]! == 0, "its recipient to follow");
    }

    private static Task<(int Status, JsonNode? Body)> PostAsync(ServerWorld world, string key, string body) => world.AskAsync(HttpMethod.Post, "/api/emails", body, headers: ("Idempotency-Key", key));

    private static async Task<ServerWorld> WorldAsync()
    {
        var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);
        return world;
    }
}
