using System.Globalization;
using System.Text.Json.Nodes;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>A thousand recipients of a CSV file, in one call, five seconds ahead.</summary>
public sealed class ThousandByOneCallTests
{
    private const int Recipients = 1000;
    private static readonly string[] Parts = ["pending", "sending", "paused", "sent", "failed", "cancelled", "inDoubt"];

    [Fact]
    public async Task Each_gets_one_message_of_their_own_and_the_log_has_every_attempt()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.RefuseRecipient("r7@example.org", "451 4.7.1 greylisted", times: 2)] });
        await using var world = await ServerWorld.StartAsync();
        await world.AskAsync(HttpMethod.Patch, "/api/settings", """{"deferral":{"firstSeconds":0.5,"maxSeconds":1}}""");
        (await world.AddAccountAsync(sink.Port)).Status.ShouldBe(201);
        var template = (string)(await world.PostAsync("/api/templates", """{"name":"news","subject":"Hello {{name}}","html":"<p>Your code is <b>{{code}}</b></p>"}""")).Body!["id"]!;
        var csv = string.Concat(Enumerable.Range(0, Recipients).Select(i => $"r{i}@example.org,Person {i},C{i:0000}<&>\n"));
        using var events = new EventListener(world.Client);

        var at = TimeProvider.System.GetUtcNow().AddSeconds(5);
        var answer = await world.PostAsync("/api/send", Request(template, csv, at));

        answer.Status.ShouldBe(202, answer.Body?.ToJsonString());
        ((string?)answer.Body!["status"]).ShouldBe("scheduled");
        var campaign = (string)answer.Body["campaignId"]!;
        var seen = await FollowAsync(world, campaign, at);
        seen.ShouldContain("sending");
        seen[^1].ShouldBe("completed");
        MessagesAreRight(sink, at);
        await LogIsRightAsync(world, campaign);
        await Eventually.HoldsAsync(() => events.Count("sent") >= Recipients && events.Lines.Any(line => line.Contains("completed", StringComparison.Ordinal)), "an event for every email and for the campaign");
    }

    private static string Request(string template, string csv, DateTimeOffset at)
    {
        var recipients = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(',')).Select(row => (JsonNode)new JsonObject
        {
            ["email"] = row[0], ["name"] = row[1], ["variables"] = new JsonObject { ["code"] = row[2], ["name"] = row[1] },
        });
        return new JsonObject
        {
            ["templateId"] = template, ["name"] = "spring", ["cc"] = new JsonArray("boss@example.org"), ["bcc"] = new JsonArray("archive@example.org"), ["recipients"] = new JsonArray([.. recipients]),
            ["scheduledFor"] = at.ToString("O", CultureInfo.InvariantCulture),
        }.ToJsonString();
    }

    /// <summary>Polls until it is over; at every poll the numbers add up and nobody has got anything before the time.</summary>
    private static async Task<List<string>> FollowAsync(ServerWorld world, string campaign, DateTimeOffset at)
    {
        List<string> seen = [];
        var deadline = at.AddMinutes(5);
        while (TimeProvider.System.GetUtcNow() < deadline)
        {
            var early = TimeProvider.System.GetUtcNow() < at;
            var progress = (await world.GetAsync($"/api/campaigns/{campaign}/progress")).Body!;
            progress["total"]!.GetValue<long>().ShouldBe(Recipients);
            Parts.Sum(part => progress[part]!.GetValue<long>()).ShouldBe(Recipients, progress.ToJsonString());
            if (early && TimeProvider.System.GetUtcNow() < at) progress["sent"]!.GetValue<long>().ShouldBe(0);
            seen.Add((string)progress["status"]!);
            if (seen[^1] is not ("scheduled" or "sending")) return seen;
        }

        throw new TimeoutException("the campaign did not end");
    }

    private static void MessagesAreRight(AiosmtpdSink sink, DateTimeOffset at)
    {
        var messages = sink.Messages().Where(message => message.Taken && message.Recipients.Any(each => each.StartsWith('r'))).ToList();
        messages.Select(message => message.Recipients.Single(each => each.StartsWith('r'))).Order(StringComparer.Ordinal)
            .ShouldBe(Enumerable.Range(0, Recipients).Select(i => $"r{i}@example.org").Order(StringComparer.Ordinal));
        foreach (var message in messages)
        {
            var number = int.Parse(message.Recipients.Single(each => each.StartsWith('r'))[1..].Split('@')[0], CultureInfo.InvariantCulture);
            message.ReceivedAt!.Value.ShouldBeGreaterThanOrEqualTo(at.AddMilliseconds(-1));
            // Who was deferred alone is tried again alone: the copies have left by then.
            if (number != 7) message.Recipients.ShouldBe([$"r{number}@example.org", "boss@example.org", "archive@example.org"]);
            message.Text.ShouldContain($"Your code is <b>C{number:0000}&lt;&amp;&gt;</b>");
            message.Header("Subject").ShouldBe($"Hello Person {number}");
            message.Header("Cc").ShouldBe("boss@example.org");
            message.Text.ShouldNotContain("archive@example.org");
        }
    }

    private static async Task LogIsRightAsync(ServerWorld world, string campaign)
    {
        await Eventually.HoldsAsync(async () => (await world.CsvAsync($"/api/logs?campaign={campaign}")).Count == Recipients + 3, "the log to be written");
        var rows = (await world.CsvAsync($"/api/logs?campaign={campaign}")).Skip(1).Select(row => row.Split(',')).ToList();
        rows.GroupBy(row => row[7], StringComparer.Ordinal).Count().ShouldBe(Recipients);
        rows.Where(row => row[7] == "r7@example.org").Select(row => row[5]).Order(StringComparer.Ordinal).ShouldBe(["0", "1", "2"]);
        rows.Where(row => row[7] != "r7@example.org").ShouldAllBe(row => row[5] == "0");
    }
}
