using System.Text.Json.Nodes;
using Nightmail.Bench.Measuring;

namespace Nightmail.Bench;

/// <summary>The real server: how soon it answers after its start, what it needs while it has nothing to do, and whom large requests keep waiting.</summary>
internal static class ServerBench
{
    private const int Starts = 10;

    /// <summary>Large arrays that come in one after the other.</summary>
    private const int Arrays = 5;

    private const int EmailsInArray = 1000;
    private const int CharactersInEmail = 20_000;

    /// <summary>After this nothing of its start is under way any more.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private static readonly Bar FirstAnswer = new(Must: 1000, Aim: null, "ms");
    private static readonly Bar Idle = new(Must: 120, Aim: null, "MB");
    private static readonly Bar Wait = new(Must: 50, Aim: null, "ms");

    /// <summary>Measures all of it.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        await StartsAsync(workshop, report);
        await WaitsAsync(workshop, report);
    }

    private static async Task StartsAsync(Workshop workshop, Report report)
    {
        Report.Progress("  starts");
        Samples first = new(), next = new(), memory = new();
        // The first pair fills the page cache.
        for (var pair = 0; pair <= Starts; pair++)
        {
            var folder = workshop.Path($"start-{pair}");
            double fresh;
            await using (var server = await BenchServer.StartAsync(folder)) fresh = server.StartMilliseconds;
            await using var again = await BenchServer.StartAsync(folder);
            if (pair == 0) continue;
            await Task.Delay(Settling, TimeProvider.System);
            first.Add(fresh);
            next.Add(again.StartMilliseconds);
            memory.Add(again.Megabytes("VmRSS"));
        }

        report.Add(new("server", "from the start of the program to its first answer, new folder", "ms", first) { Bar = FirstAnswer });
        report.Add(new("server", "the same, folder that is there", "ms", next) { Bar = FirstAnswer });
        report.Add(new("server", "memory while it has nothing to do", "MB", memory) { Bar = Idle });
    }

    /// <summary>How long a question that the writing thread answers waits while large arrays come in.</summary>
    private static async Task WaitsAsync(Workshop workshop, Report report)
    {
        Report.Progress($"  {EmailsInArray:N0} emails of {CharactersInEmail:N0} characters at once");
        await using var server = await BenchServer.StartAsync(workshop.Path("waits"));
        await server.AskAsync(HttpMethod.Post, "/api/accounts", """{"name":"work","from":"news@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":9,"security":"none"}}""");
        var campaign = (string)(await server.AskAsync(HttpMethod.Post, "/api/campaigns", """{"name":"c","subject":"s","text":"t"}"""))["id"]!;
        var array = new JsonArray([.. Enumerable.Range(0, EmailsInArray).Select(number => new JsonObject
        {
            ["to"] = new JsonArray($"r{number}@example.org"), ["subject"] = $"number {number}", ["text"] = new string('x', CharactersInEmail), ["scheduledFor"] = "2099-01-01T00:00:00Z",
        })]).ToJsonString();
        Samples alone = new(), beside = new(), far = new();
        for (var look = 0; look < Arrays * 20; look++) alone.Add(await LookAsync(server, campaign));
        for (var number = 0; number < Arrays; number++)
        {
            var kept = server.AskAsync(HttpMethod.Post, "/api/emails", array);
            while (!kept.IsCompleted) beside.Add(await LookAsync(server, campaign));
            await kept;
        }

        far.Add(beside.Quantile(0.99));
        report.Add(new("server", "a look at a campaign's counts", "ms", alone));
        report.Add(new("server", "the same while large arrays come in", "ms", beside));
        report.Add(new("server", "the same, p99", "ms", far) { Bar = Wait });
    }

    private static Task<double> LookAsync(BenchServer server, string campaign) => Stopwatches.MillisecondsAsync(async () => await server.AskAsync(HttpMethod.Get, $"/api/campaigns/{campaign}/progress"));
}
