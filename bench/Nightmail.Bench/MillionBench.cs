using System.Globalization;
using Nightmail.Bench.Measuring;
using Nightmail.Testing.Smtp;

namespace Nightmail.Bench;

/// <summary>
/// The real server with a campaign of a million: recipients from a CSV file, the plan, single emails and a thousand small campaigns beside
/// it, and its cancel. <c>NIGHTMAIL_MILLION</c> gives another number.
/// </summary>
internal static class MillionBench
{
    private const int SmallCampaigns = 1000;
    private const int SmallSize = 10;
    private const int Singles = 20;
    private static readonly int Recipients = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_MILLION"), CultureInfo.InvariantCulture, out var other) ? other : 1_000_000;

    /// <summary>Reports what each step takes, and the memory of the server.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        await using var sink = await SmtpSink.StartAsync(storeMessages: false);
        await using var server = await BenchServer.StartAsync(workshop.Path("million"));
        Add(report, "from the start of the program to its first answer", "ms", server.StartMilliseconds, new(1000, null, "ms"));
        Add(report, "memory of the idle server", "MB", server.Megabytes("VmRSS"), new(120, null, "MB"));
        await server.AskAsync(HttpMethod.Post, "/api/accounts", $$$"""{"name":"work","from":"news@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":{{{sink.Port}}},"security":"none"},"limits":{"connections":4}}""");
        var id = (string)(await server.AskAsync(HttpMethod.Post, "/api/campaigns", """{"name":"all","subject":"Hello {{first}}","text":"Dear {{first}}, this is for you."}"""))["id"]!;
        await ImportAsync(workshop, report, server, id);
        await server.AskAsync(HttpMethod.Post, $"/api/campaigns/{id}/schedule", """{"scheduledFor":"2099-01-01T09:00:00Z"}""");
        await TakeAsync(report, "the plan of it", () => server.AskAsync(HttpMethod.Get, $"/api/campaigns/{id}/plan"));
        await SinglesAsync(report, server, "sent while it waits");
        await server.AskAsync(HttpMethod.Post, $"/api/campaigns/{id}/schedule", "{}");
        await SmallAsync(report, server);
        await TakeAsync(report, "its cancel", () => server.AskAsync(HttpMethod.Post, $"/api/campaigns/{id}/cancel"));
        await TakeAsync(report, "until its rows have followed", () => server.UntilAsync($"/api/campaigns/{id}/progress", progress => (int)progress["pending"]! == 0));
        Add(report, "memory of the server at its highest", "MB", server.Megabytes("VmHWM"), null);
    }

    private static async Task ImportAsync(Workshop workshop, Report report, BenchServer server, string id)
    {
        var csv = workshop.Path("recipients.csv");
        await using (var writer = new StreamWriter(csv))
        {
            await writer.WriteLineAsync("email,name,first,town");
            for (var number = 0; number < Recipients; number++) await writer.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"r{number}@example{number % 1000}.org,Reader {number},Reader,Town {number % 97}"));
        }

        var seen = new List<int>();
        await TakeAsync(report, $"import of {Recipients:N0} recipients", async () =>
        {
            var import = server.UploadAsync($"/api/campaigns/{id}/recipients", csv);
            using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1), TimeProvider.System);
            while (!import.IsCompleted && await ticks.WaitForNextTickAsync()) seen.Add((int)(await server.AskAsync(HttpMethod.Get, $"/api/campaigns/{id}/progress"))["total"]!);
            if ((int)(await import)["added"]! is var added && added != Recipients) throw new InvalidOperationException($"{added} were added");
        });
        Add(report, "steps of progress seen meanwhile", "", seen.Distinct().Count(), null);
        Add(report, "memory of the server during the import", "MB", server.Megabytes("VmHWM"), new(200, 150, "MB"));
    }

    private static async Task SinglesAsync(Report report, BenchServer server, string when)
    {
        var times = new Samples();
        for (var number = 0; number <= Singles; number++)
        {
            var took = await Stopwatches.MillisecondsAsync(async () =>
            {
                var email = (string)(await server.AskAsync(HttpMethod.Post, "/api/emails", """{"to":["ada@example.org"],"subject":"one","text":"one"}"""))["id"]!;
                await server.UntilAsync($"/api/emails/{email}", answer => (string)answer["status"]! == "sent");
            });
            if (number > 0) times.Add(took);
        }

        report.Add(new("million", $"a single email, {when}", "ms", times));
    }

    private static Task SmallAsync(Report report, BenchServer server) => TakeAsync(report, $"{SmallCampaigns:N0} campaigns of {SmallSize} beside it, to the last of them", async () =>
    {
        string last = "";
        for (var number = 0; number < SmallCampaigns; number++)
        {
            var all = string.Join(',', Enumerable.Range(0, SmallSize).Select(each => $"\"c{number}-{each}@example.org\""));
            last = (string)(await server.AskAsync(HttpMethod.Post, "/api/send", $$"""{"subject":"s","text":"t","recipients":[{{all}}]}"""))["campaignId"]!;
        }

        await server.UntilAsync($"/api/campaigns/{last}/progress", progress => (int)progress["sent"]! == SmallSize);
    });

    private static async Task TakeAsync(Report report, string what, Func<Task> work)
    {
        Report.Progress($"  {what}");
        Add(report, what, "ms", await Stopwatches.MillisecondsAsync(work), null);
    }

    private static void Add(Report report, string what, string unit, double value, Bar? bar)
    {
        var samples = new Samples();
        samples.Add(value);
        report.Add(new("million", what, unit, samples) { Bar = bar });
    }
}
