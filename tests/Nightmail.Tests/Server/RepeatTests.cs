using System.Text.Json.Nodes;
using Nightmail.Core.Campaigns;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>Requests that make something, sent again under their Idempotency-Key.</summary>
public sealed class RepeatTests
{
    private const string Send = """{"name":"once","subject":"s","text":"t","recipients":["a@example.org","b@example.org"],"scheduledFor":"2099-01-01T00:00:00Z"}""";

    /// <summary>What is made, by which request, and where it is counted.</summary>
    public static TheoryData<string, string, string> Requests => new()
    {
        { "/api/send", Send, "/api/campaigns" },
        { "/api/campaigns", """{"name":"c"}""", "/api/campaigns" },
        { "/api/templates", """{"name":"t","subject":"s","text":"t"}""", "/api/templates" },
        { "/api/accounts", """{"name":"a","from":"a@b.example","transport":{"type":"smtp","host":"h"}}""", "/api/accounts" },
        { "/api/keys", """{"name":"k","scopes":["read"]}""", "/api/keys" },
        { "/api/suppressions", """{"target":"a@b.example"}""", "/api/suppressions" },
        { "/api/emails", """{"to":["a@example.org"],"subject":"s","text":"t","scheduledFor":"2099-01-01T00:00:00Z"}""", "/api/emails" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task The_same_request_makes_one_thing_and_another_under_its_key_is_refused(string path, string body, string list)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        if (path == "/api/emails") await world.AddAccountAsync(25);
        var before = await CountAsync(world, list);

        var first = await AskAsync(world, path, body);
        await world.RestartAsync(sends: false);
        var again = await AskAsync(world, path, body);
        var other = await AskAsync(world, path, body.Replace("}", " }", StringComparison.Ordinal).Replace("\"s\"", "\"other\"", StringComparison.Ordinal).Replace("b.example", "c.example", StringComparison.Ordinal).Replace("\"c\"", "\"d\"", StringComparison.Ordinal).Replace("\"k\"", "\"l\"", StringComparison.Ordinal));

        first.Status.ShouldBeInRange(200, 299, first.Body?.ToJsonString());
        (path == "/api/emails" ? 201 : again.Status).ShouldBe(first.Status, again.Body?.ToJsonString());
        // A key is told once, and never kept in the clear.
        first.Body!.AsObject().Remove("key");
        if (path != "/api/emails") again.Body!.ToJsonString().ShouldBe(first.Body.ToJsonString());
        other.Status.ShouldBe(409, other.Body?.ToJsonString());
        (await CountAsync(world, list)).ShouldBe(before + 1);
    }

    [Fact]
    public async Task A_request_whose_server_died_before_it_answered_goes_on_where_it_was()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        (await AskAsync(world, "/api/send", Send)).Status.ShouldBe(202);
        var kept = (await world.GetAsync("/api/campaigns")).Body!["items"]![0]!;
        // As a crash leaves it after every step: the key without an answer, the campaign as a draft with one of its two recipients.
        await world.BreakOffAsync("k", CampaignId.TryParse((string)kept["id"]!, out var id) ? id : default);

        var again = await AskAsync(world, "/api/send", Send);

        again.Status.ShouldBe(202, again.Body?.ToJsonString());
        ((string?)again.Body!["campaignId"]).ShouldBe((string?)kept["id"]);
        var campaigns = (await world.GetAsync("/api/campaigns")).Body!["items"]!.AsArray();
        campaigns.ShouldHaveSingleItem();
        ((string?)campaigns[0]!["status"], campaigns[0]!["counts"]!["total"]!.GetValue<int>()).ShouldBe(("scheduled", 2));
    }

    [Fact]
    public async Task A_refused_request_leaves_its_key_free()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        (await AskAsync(world, "/api/templates", """{"name":"t","subject":"s"}""")).Status.ShouldBe(422);
        (await AskAsync(world, "/api/templates", """{"name":"t","subject":"s","text":"t"}""")).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Two_at_once_under_one_key_make_one_thing()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync(world, "/api/campaigns", """{"name":"c"}""")));

        answers.ShouldAllBe(answer => answer.Status == 201 || answer.Status == 409);
        answers.Count(answer => answer.Status == 201).ShouldBeGreaterThan(0);
        (await CountAsync(world, "/api/campaigns")).ShouldBe(1);
    }

    [Fact]
    public async Task Recipients_of_a_file_that_is_sent_again_get_the_first_answer()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var campaign = (string)(await world.PostAsync("/api/campaigns", """{"name":"c"}""")).Body!["id"]!;
        Task<(int Status, JsonNode? Body)> PostAsync(string csv) => world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/recipients", csv, contentType: "text/csv", headers: ("Idempotency-Key", "file"));

        var first = await PostAsync("email\na@example.org\n");
        var again = await PostAsync("email\na@example.org\n");

        (first.Body!.ToJsonString(), again.Body!.ToJsonString()).ShouldBe(("""{"added":1,"duplicates":0,"suppressed":0}""", """{"added":1,"duplicates":0,"suppressed":0}"""));
        (await PostAsync("email\nb@example.org\n")).Status.ShouldBe(409);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    public async Task A_key_that_is_none_is_refused(string key)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        (await world.AskAsync(HttpMethod.Post, "/api/campaigns", """{"name":"c"}""", headers: ("Idempotency-Key", key))).Status.ShouldBeInRange(400, 422);
    }

    private static Task<(int Status, JsonNode? Body)> AskAsync(ServerWorld world, string path, string body) => world.AskAsync(HttpMethod.Post, path, body, headers: ("Idempotency-Key", "k"));

    private static async Task<int> CountAsync(ServerWorld world, string list) => (await world.GetAsync(list)).Body is JsonArray array ? array.Count : (await world.GetAsync(list)).Body!["items"]!.AsArray().Count;
}
