using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Maintenance;

/// <summary>The server's own scheduled work, in a server that was away when its slots came.</summary>
public sealed class MissedSlotTests
{
    [Fact]
    public async Task After_three_nights_one_backup_is_made_up_for_and_those_that_are_too_many_go()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        (await world.AskAsync(HttpMethod.Put, "/api/backups/settings", """{"schedule":"0 2 * * *","retention":2}""")).Status.ShouldBe(200);
        for (var made = 0; made < 3; made++) (await world.PostAsync("/api/backups", "{}")).Status.ShouldBe(201);

        await world.ComeBackAsync(TimeSpan.FromDays(3));

        var backup = await DoneAsync(world, "backup");
        ((string)backup["lastResult"]!).ShouldEndWith("made, 2 older ones removed (backup: 3 slots were missed up to " + Words((string)backup["lastSlot"]!) + " while nothing ran; it is done once now)");
        var there = (await world.GetAsync("/api/backups")).Body!["backups"]!.AsArray();
        there.Count.ShouldBe(2);
        there.Select(each => (string)each!["reason"]!).Order(StringComparer.Ordinal).ShouldBe(["asked for", "scheduled"]);
        ((string)(await DoneAsync(world, "prune-emails"))["lastResult"]!).ShouldStartWith("0 emails were final for more than 30 days and are gone");
        ((string)(await DoneAsync(world, "prune-log"))["lastResult"]!).ShouldStartWith("0 rows of the send log were older than 90 days and are gone");
    }

    [Fact]
    public async Task What_is_left_out_leaves_no_backup_and_says_so()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        (await world.AskAsync(HttpMethod.Put, "/api/backups/settings", """{"schedule":"0 2 * * *","retention":2,"missed":"skip"}""")).Status.ShouldBe(200);

        await world.ComeBackAsync(TimeSpan.FromDays(3));

        ((string)(await DoneAsync(world, "backup"))["lastResult"]!).ShouldEndWith("while nothing ran; left out, as set");
        (await world.GetAsync("/api/backups")).Body!["backups"]!.AsArray().ShouldBeEmpty();
    }

    private static async Task<JsonNode> DoneAsync(ServerWorld world, string work)
    {
        JsonNode row = null!;
        await Eventually.HoldsAsync(
            async () => (row = (await world.GetAsync("/api/scheduled-work")).Body!.AsArray().Single(each => (string)each!["name"]! == work)!)["lastResult"] is not null, $"{work} to be done");
        return row;
    }

    private static string Words(string slot) => DateTimeOffset.Parse(slot, System.Globalization.CultureInfo.InvariantCulture).UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
