using System.Text.Json.Nodes;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>The real program, killed in the middle of a campaign and started again.</summary>
[Trait("Category", "Torture")]
public sealed class KilledServerTests
{
    private const int Connections = 4;

    /// <summary>Kills in one run; <c>./dev torture</c> asks for more.</summary>
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? rounds : 5;

    /// <summary>Enough that each kill falls into the middle of it.</summary>
    private static readonly int Recipients = Math.Max(400, Rounds * 20);

    [Fact]
    public async Task Nobody_gets_a_campaign_twice_and_nobody_is_left_out_however_often_the_server_is_killed()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.DelayDot(TimeSpan.FromMilliseconds(5))] });
        var folder = Directory.CreateTempSubdirectory("nightmail-killed-").FullName;
        var random = new Random(7);
        string? campaign = null;
        var kills = 0;
        try
        {
            JsonNode progress;
            while (true)
            {
                await using var server = await RunningServer.StartAsync(folder);
                campaign ??= await ScheduleAsync(server, sink.Port);
                var stopAt = sink.Messages().Count + random.Next(5, Recipients / (Rounds + 1));
                await Eventually.HoldsAsync(async () => sink.Messages().Count >= stopAt || IsOver(await server.ProgressAsync(campaign)), "the campaign to go on");
                progress = await server.ProgressAsync(campaign);
                if (IsOver(progress) || kills == Rounds)
                {
                    await Eventually.HoldsAsync(async () => IsOver(progress = await server.ProgressAsync(campaign)), "the campaign to end");
                    server.Program.Signal("TERM");
                    (await server.Program.WaitAsync()).ExitCode.ShouldBe(0);
                    break;
                }

                server.Program.Signal("KILL");
                await server.Program.WaitAsync();
                kills++;
            }

            kills.ShouldBeGreaterThan(0);
            var got = sink.Messages().GroupBy(message => message.Recipients[0]).ToDictionary(each => each.Key, each => each.Count());
            got.Values.ShouldAllBe(count => count == 1);
            var inDoubt = progress["inDoubt"]!.GetValue<int>();
            inDoubt.ShouldBeLessThanOrEqualTo(kills * Connections);
            progress["sent"]!.GetValue<int>().ShouldBe(Recipients - inDoubt);
            got.Count.ShouldBeInRange(Recipients - inDoubt, Recipients);
            ((string?)progress["status"]).ShouldBe(inDoubt == 0 ? "completed" : "completed_with_failures");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsOver(JsonNode progress) => ((string)progress["status"]!).StartsWith("completed", StringComparison.Ordinal);

    private static async Task<string> ScheduleAsync(RunningServer server, int port)
    {
        await server.PostAsync("/api/accounts", $$$"""{"name":"work","from":"news@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":{{{port}}},"security":"none"},"limits":{"connections":{{{Connections}}}}}""");
        var all = string.Join(',', Enumerable.Range(0, Recipients).Select(i => $"\"r{i}@example.org\""));
        return (string)(await server.PostAsync("/api/send", $$"""{"subject":"s","text":"t","recipients":[{{all}}]}"""))["campaignId"]!;
    }
}
