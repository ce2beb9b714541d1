using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>Single emails and arrays of them over the API.</summary>
public sealed class EmailRouteTests
{
    private const string Later = "2099-12-01T09:00:00Z";

    [Fact]
    public async Task An_array_of_emails_gets_a_result_each_and_what_is_wrong_with_one_does_not_stop_the_others()
    {
        await using var world = await WorldAsync();

        var answer = await world.PostAsync("/api/emails", $$"""
            [{{Email("a@example.org")}}, {"to":["nobody"],"subject":"s","text":"t"}, {"to":["b@example.org"],"subject":"s","text":"t","scheduledFor":"tomorrow"}, {{Email("c@example.org")}}]
            """);

        answer.Status.ShouldBe(200, answer.Body?.ToJsonString());
        var results = answer.Body!["results"]!.AsArray();
        results.Select(each => each!["status"]!.GetValue<int>()).ShouldBe([201, 422, 422, 201]);
        results.Select(each => (string?)each!["field"]).ShouldBe([null, "to", "scheduledFor", null]);
        results.Select(each => (string?)each!["email"]?["to"]?[0]).ShouldBe(["a@example.org", null, null, "c@example.org"]);
        (await world.GetAsync("/api/stats")).Body!["emails"]!["pending"]!.GetValue<int>().ShouldBe(2);
    }

    [Fact]
    public async Task The_same_array_under_the_same_key_schedules_nothing_twice_and_another_one_is_refused()
    {
        await using var world = await WorldAsync();
        var array = $"[{Email("a@example.org")},{Email("b@example.org")}]";
        Task<(int Status, JsonNode? Body)> PostAsync(string body) => world.AskAsync(HttpMethod.Post, "/api/emails", body, headers: ("Idempotency-Key", "k"));

        var first = await PostAsync(array);
        var again = await PostAsync(array);

        again.Body!["results"]!.AsArray().Select(each => (each!["status"]!.GetValue<int>(), (string?)each["email"]!["id"]))
            .ShouldBe(first.Body!["results"]!.AsArray().Select(each => (200, (string?)each!["email"]!["id"])));
        (await PostAsync($"[{Email("a@example.org")},{Email("b@example.org")},{Email("c@example.org")}]")).Status.ShouldBe(409);
        (await PostAsync($"[{Email("a@example.org")}]")).Status.ShouldBe(409);
        (await PostAsync(Email("a@example.org"))).Status.ShouldBe(409);
        (await world.GetAsync("/api/stats")).Body!["emails"]!["pending"]!.GetValue<int>().ShouldBe(2);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("  \n [")]
    [InlineData("[3]")]
    [InlineData("[{\"to\":[\"a@example.org\"],\"subject\":\"s\",\"colour\":\"red\"}]")]
    public async Task An_array_that_cannot_be_read_is_refused_as_a_whole(string body)
    {
        await using var world = await WorldAsync();

        (await world.PostAsync("/api/emails", body)).Status.ShouldBe(400);
    }

    [Fact]
    public async Task An_edit_changes_what_it_names_checks_it_and_is_refused_over_somebody_else_s()
    {
        await using var world = await WorldAsync();
        var path = $"/api/emails/{(await world.PostAsync("/api/emails", Email("a@example.org"))).Body!["id"]}";
        using var read = await world.Client.GetAsync(path);
        var seen = read.Headers.ETag!.Tag;

        var edited = await world.AskAsync(HttpMethod.Patch, path, """{"subject":"other","cc":["b@example.org"]}""", headers: ("If-Match", seen));
        var late = await world.AskAsync(HttpMethod.Patch, path, """{"subject":"third"}""", headers: ("If-Match", seen));
        var wrong = await world.AskAsync(HttpMethod.Patch, path, """{"to":["nobody"]}""");

        edited.Status.ShouldBe(200, edited.Body?.ToJsonString());
        ((string?)edited.Body!["subject"], (string?)edited.Body["to"]![0], (string?)edited.Body["cc"]![0]).ShouldBe(("other", "a@example.org", "b@example.org"));
        late.Status.ShouldBe(412);
        (wrong.Status, (string?)wrong.Body!["field"]).ShouldBe((422, "to"));
        ((string?)(await world.GetAsync(path)).Body!["subject"]).ShouldBe("other");
    }

    [Fact]
    public async Task A_deleted_email_is_taken_back_and_stays_so()
    {
        await using var world = await WorldAsync();
        var path = $"/api/emails/{(await world.PostAsync("/api/emails", Email("a@example.org"))).Body!["id"]}";

        (await world.AskAsync(HttpMethod.Delete, path)).Status.ShouldBe(204);
        (await world.AskAsync(HttpMethod.Delete, path)).Status.ShouldBe(204);

        ((string?)(await world.GetAsync(path)).Body!["status"]).ShouldBe("cancelled");
        (await world.AskAsync(HttpMethod.Patch, path, """{"subject":"other"}""")).Status.ShouldBe(409);
    }

    private static string Email(string to) => $$"""{"to":["{{to}}"],"subject":"s","text":"t","scheduledFor":"{{Later}}"}""";

    private static async Task<ServerWorld> WorldAsync()
    {
        var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);
        return world;
    }
}
