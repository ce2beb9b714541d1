using System.Text.Json.Nodes;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>The real program, told to stop or to do something else in the middle of a campaign, and started again.</summary>
[Trait("Category", "Torture")]
public sealed class StoppedServerTests
{
    private const int Recipients = 300;

    /// <summary>Interruptions in one run; <c>./dev torture</c> asks for more.</summary>
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? Math.Min(rounds, Recipients / 3) : 4;

    [Fact]
    public async Task A_server_that_is_told_to_stop_leaves_nobody_in_doubt()
    {
        await RunAsync(async (server, _, _) =>
        {
            server.Program.Signal("TERM");
            (await server.Program.WaitAsync()).ExitCode.ShouldBe(0);
            return true;
        });
    }

    [Fact]
    public async Task Pause_resume_and_a_new_time_in_the_middle_send_nobody_two_and_leave_nobody_out()
    {
        await RunAsync(async (server, campaign, random) =>
        {
            await server.PostAsync($"/api/campaigns/{campaign}/pause", "{}");
            var paused = await server.ProgressAsync(campaign);
            ((string?)paused["status"]).ShouldBe("paused");
            // What had begun is finished; after that a paused campaign stands still.
            await Eventually.HoldsAsync(async () => (int)(await server.ProgressAsync(campaign))["sending"]! == 0, "what was on its way to arrive");
            var sent = (int)(await server.ProgressAsync(campaign))["sent"]!;
            if (random.Next(2) == 0)
            {
                server.Program.Signal("KILL");
                await server.Program.WaitAsync();
                return true;
            }

            ((int)(await server.ProgressAsync(campaign))["sent"]!).ShouldBe(sent);
            await RescheduleAsync(server, campaign, sent);
            return false;
        });
    }

    [Fact]
    public async Task After_a_cancel_in_the_middle_nobody_more_gets_anything()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.DelayDot(TimeSpan.FromMilliseconds(5))] });
        var folder = Directory.CreateTempSubdirectory("nightmail-cancelled-").FullName;
        try
        {
            await using var server = await RunningServer.StartAsync(folder);
            var campaign = await ScheduleAsync(server, sink.Port);
            await Eventually.HoldsAsync(() => sink.Messages().Count >= 20, "the campaign to go on");
            await server.PostAsync($"/api/campaigns/{campaign}/cancel", "{}");
            JsonNode progress = new JsonObject();
            await Eventually.HoldsAsync(async () => (int)(progress = await server.ProgressAsync(campaign))["pending"]! + (int)progress["sending"]! == 0, "its rows to follow");
            ((string?)progress["status"]).ShouldBe("cancelled");
            var sent = (int)progress["sent"]!;
            ((int)progress["cancelled"]!).ShouldBe(Recipients - sent);
            sink.Messages().Count.ShouldBe(sent);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Gives a paused campaign a time that is far, at which it stands still although it is resumed, and then one that comes at once.</summary>
    private static async Task RescheduleAsync(RunningServer server, string campaign, int sent)
    {
        await server.PostAsync($"/api/campaigns/{campaign}/schedule", """{"scheduledFor":"2099-01-01T00:00:00Z"}""");
        await server.PostAsync($"/api/campaigns/{campaign}/resume", "{}");
        var waiting = await server.GetAsync($"/api/campaigns/{campaign}");
        ((string?)waiting["scheduledFor"]).ShouldBe("2099-01-01T00:00:00Z");
        ((int)(await server.ProgressAsync(campaign))["sent"]!).ShouldBe(sent);
        await server.PostAsync($"/api/campaigns/{campaign}/pause", "{}");
        await server.PostAsync($"/api/campaigns/{campaign}/schedule", $$"""{"scheduledFor":"{{TimeProvider.System.GetUtcNow():O}}"}""");
        await server.PostAsync($"/api/campaigns/{campaign}/resume", "{}");
    }

    private static async Task<string> ScheduleAsync(RunningServer server, int port)
    {
        await server.PostAsync("/api/accounts", $$$"""{"name":"work","from":"news@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":{{{port}}},"security":"none"},"limits":{"connections":4}}""");
        var all = string.Join(',', Enumerable.Range(0, Recipients).Select(i => $"\"r{i}@example.org\""));
        return (string)(await server.PostAsync("/api/send", $$"""{"subject":"s","text":"t","recipients":[{{all}}]}"""))["campaignId"]!;
    }

    private static async Task RunAsync(Func<RunningServer, string, Random, Task<bool>> interrupt)
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.DelayDot(TimeSpan.FromMilliseconds(5))] });
        var folder = Directory.CreateTempSubdirectory("nightmail-stopped-").FullName;
        var random = new Random(11);
        string? campaign = null;
        RunningServer? server = null;
        try
        {
            for (var round = 0; round <= Rounds; round++)
            {
                if (server is null)
                {
                    server = await RunningServer.StartAsync(folder);
                    if (campaign is null) campaign = await ScheduleAsync(server, sink.Port);
                    else if ((string?)(await server.ProgressAsync(campaign))["status"] == "paused") await server.PostAsync($"/api/campaigns/{campaign}/resume", "{}");
                }

                if (round == Rounds) break;
                var stopAt = sink.Messages().Count + random.Next(1, Recipients / (Rounds + 1));
                await Eventually.HoldsAsync(() => sink.Messages().Count >= stopAt, "the campaign to go on");
                if (!await interrupt(server, campaign!, random)) continue;
                await server.DisposeAsync();
                server = null;
            }

            JsonNode progress = new JsonObject();
            await Eventually.HoldsAsync(async () => ((string)(progress = await server!.ProgressAsync(campaign!))["status"]!).StartsWith("completed", StringComparison.Ordinal), "the campaign to end");
            ((string?)progress["status"]).ShouldBe("completed");
            ((int)progress["inDoubt"]!).ShouldBe(0);
            var got = sink.Messages().CountBy(message => message.Recipients[0]).ToDictionary();
            got.Count.ShouldBe(Recipients);
            got.Values.ShouldAllBe(count => count == 1);
        }
        finally
        {
            if (server is not null) await server.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }
}
