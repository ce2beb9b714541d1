using System.Text.Json.Nodes;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Maintenance;

/// <summary>An older backup is brought back into the running server, in the middle of a campaign.</summary>
public sealed class RestoreMidCampaignTests
{
    private const int Recipients = 300;

    [Fact]
    public async Task Nobody_who_had_it_gets_it_again_and_everybody_else_gets_it_once_it_is_resumed()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.DelayDot(TimeSpan.FromMilliseconds(10))] });
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var all = string.Join(',', Enumerable.Range(0, Recipients).Select(number => $"\"r{number}@example.org\""));
        var campaign = (string)(await world.PostAsync("/api/send", $$"""{"subject":"s","text":"t","recipients":[{{all}}]}""")).Body!["campaignId"]!;
        await ArrivedAsync(sink, Recipients / 6);
        var backup = (string)(await world.AskAsync(HttpMethod.Post, "/api/backups")).Body!["filename"]!;
        await ArrivedAsync(sink, Recipients / 2);

        var (status, report) = await world.AskAsync(HttpMethod.Post, $"/api/backups/{backup}/restore");

        status.ShouldBe(200, report?.ToJsonString());
        report!["stayed"]!.GetValue<int>().ShouldBeGreaterThan(Recipients / 6);
        (report["newer"]!.GetValue<int>(), report["held"]!.GetValue<int>(), report["ledgerBroken"]).ShouldBe((0, 0, null));
        JsonNode progress = null!;
        await Eventually.HoldsAsync(async () => (progress = (await world.GetAsync($"/api/campaigns/{campaign}/progress")).Body!)["sending"]!.GetValue<int>() == 0, "what was on its way to end");
        var left = sink.Messages().Count;
        (progress["sent"]!.GetValue<int>(), progress["pending"]!.GetValue<int>(), progress["total"]!.GetValue<int>()).ShouldBe((left, Recipients - left, Recipients));
        left.ShouldBeLessThan(Recipients);
        (await world.GetAsync("/api/workers")).Body!["sendingPaused"]!.GetValue<bool>().ShouldBeTrue();

        // A restart changes nothing of that.
        await world.RestartAsync();
        (await world.GetAsync("/api/workers")).Body!["sendingPaused"]!.GetValue<bool>().ShouldBeTrue();
        (await world.AskAsync(HttpMethod.Post, "/api/workers/resume")).Status.ShouldBe(204);
        await world.WaitForStatusAsync(campaign, "completed");

        var messages = sink.Messages();
        messages.Select(message => message.Recipients[0]).Distinct(StringComparer.Ordinal).Count().ShouldBe(Recipients);
        messages.Select(message => message.Header("Message-ID")).Distinct(StringComparer.Ordinal).Count().ShouldBe(Recipients);
        messages.Count.ShouldBe(Recipients);
    }

    private static Task ArrivedAsync(AiosmtpdSink sink, int count) => Eventually.HoldsAsync(() => sink.Messages().Count >= count, $"{count} to arrive");
}
