using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>Every list comes in pages, and its pages hold everything once.</summary>
public sealed class PagesTests
{
    private const int Many = 7;

    [Fact]
    public async Task Lists_of_templates_their_versions_accounts_and_keys_come_in_pages_that_hold_everything_once()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var first = "";
        for (var number = 0; number < Many; number++)
        {
            var template = await world.PostAsync("/api/templates", $$"""{"name":"{{(number % 2 == 0 ? "B" : "a")}}{{number}}","subject":"s","text":"t"}""");
            if (number == 0) first = (string)template.Body!["id"]!;
            else await world.AskAsync(HttpMethod.Put, $"/api/templates/{first}", """{"name":"B0","subject":"s","text":"t"}""");
            await world.PostAsync("/api/accounts", $$$"""{"name":"account-{{{number}}}","from":"a@example.org","transport":{"type":"smtp","host":"127.0.0.1","port":2525,"security":"none"}}""");
            await world.KeyAsync("read");
        }

        (await PagesAsync(world, "/api/templates")).Select(each => (string)each["name"]!).ShouldBe(["a1", "a3", "a5", "B0", "B2", "B4", "B6"]);
        (await PagesAsync(world, $"/api/templates/{first}/versions")).Select(each => (int)each["version"]!).ShouldBe(Enumerable.Range(1, Many).Reverse());
        (await PagesAsync(world, "/api/accounts")).Select(each => (string)each["name"]!).ShouldBe(Enumerable.Range(0, Many).Select(number => $"account-{number}"));
        (await PagesAsync(world, "/api/keys")).Select(each => (string)each["id"]!).Distinct().Count().ShouldBe(Many + 1);
    }

    [Theory]
    [InlineData("/api/accounts?cursor=nobody", "cursor")]
    [InlineData("/api/keys?cursor=nobody", "cursor")]
    [InlineData("/api/templates?limit=0", "limit")]
    [InlineData("/api/keys?limit=1001", "limit")]
    public async Task What_names_no_page_is_refused(string path, string field)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var (status, problem) = await world.GetAsync(path);

        (status, (string?)problem!["field"]).ShouldBe((422, field));
    }

    private static async Task<IReadOnlyList<JsonNode>> PagesAsync(ServerWorld world, string path)
    {
        List<JsonNode> all = [];
        string? cursor = null;
        do
        {
            var (status, page) = await world.GetAsync($"{path}?limit=3{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            status.ShouldBe(200, page?.ToJsonString());
            page!["items"]!.AsArray().Count.ShouldBeInRange(1, 3);
            all.AddRange(page["items"]!.AsArray().Select(each => each!));
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        return all;
    }
}
