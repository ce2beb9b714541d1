using System.Globalization;
using Nightmail.Bench.Measuring;
using Nightmail.Testing.Smtp;

namespace Nightmail.Bench;

/// <summary>The store on SQLite with much in it: what a claim costs, what sending costs, how much memory it takes.</summary>
internal static class ScaleBench
{
    private const int Pairs = 5;
    private const int Million = 1_000_000;
    private const int History = 10_000_000;
    private const int Claimed = 100;
    private const int Claims = 8;
    private const int Connections = 4;

    /// <summary>Emails that are sent for each size; the smallest has no more.</summary>
    private const int Sent = 1000;

    /// <summary>Emails that are sent out of a million while memory is looked at.</summary>
    private const int Drained = 20_000;

    /// <summary>Measures rows 11, 18 and 19 of the bars.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        await CostsAsync(workshop, report);
        await MemoryAsync(workshop, report);
        await ClaimsAsync(workshop, report);
    }

    /// <summary>Sends the first of so many due emails and prints how much memory the process has taken at the most, in megabytes.</summary>
    public static async Task<int> PrintMemoryAsync(string folder, string port)
    {
        await using var house = Workshop.OpenSqliteAt(folder, int.Parse(port, CultureInfo.InvariantCulture), Connections);
        var effort = await Drain.SomeAsync(house, Drained);
        Console.Out.WriteLine(effort.PeakMegabytes.ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static async Task CostsAsync(Workshop workshop, Report report)
    {
        await using var sink = await SmtpSink.StartAsync(storeMessages: false);
        int[] sizes = [1_000, 10_000, 100_000, Million];
        Dictionary<int, Samples> costs = sizes.ToDictionary(size => size, _ => new Samples());
        for (var pair = 0; pair <= Pairs; pair++)
        {
            foreach (var size in sizes)
            {
                Report.Progress($"  sending out of {size:N0} pending, {pair} of {Pairs}");
                var name = $"cost-{size}-{pair}";
                await BigStore.MakeAsync(workshop, name, size, final: 0);
                await using (var house = workshop.OpenSqlite(name, sink.Port, Connections))
                {
                    // The first of them are for the caches; the very first pair is for the compiler. Each drain sends a few more than it was asked to: what is on its way when it stops.
                    await Drain.SomeAsync(house, Sent / 4);
                    var effort = await Drain.SomeAsync(house, Sent / 2);
                    if (pair > 0) costs[size].Add(effort.Processor);
                }

                Directory.Delete(workshop.Path(name), recursive: true);
            }
        }

        foreach (var size in sizes)
            report.Add(new("scale", $"processor time of a message, {size:N0} pending", "µs", costs[size]) { Yardstick = costs[sizes[0]], YardstickName = $"{sizes[0]:N0} pending", Bar = size == sizes[0] ? null : new(1.3, 1.1, "x") });
    }

    private static async Task MemoryAsync(Workshop workshop, Report report)
    {
        Report.Progress($"  memory with {Million:N0} pending");
        await using var sink = await SmtpSink.StartAsync(storeMessages: false);
        await BigStore.MakeAsync(workshop, "memory", Million, final: 0);
        var (_, output) = await WholeProcess.RunAsync(Environment.ProcessPath!, ["drain-memory", workshop.Path("memory"), sink.Port.ToString(CultureInfo.InvariantCulture)]);
        var memory = new Samples();
        memory.Add(double.Parse(output, CultureInfo.InvariantCulture));
        report.Add(new("scale", $"memory with {Million:N0} pending while {Drained:N0} are sent", "MB", memory) { Bar = new(200, 150, "MB") });
    }

    private static async Task ClaimsAsync(Workshop workshop, Report report)
    {
        Report.Progress($"  claims out of {Million:N0} pending and {History:N0} sent");
        await BigStore.MakeAsync(workshop, "large", Million, History);
        await BigStore.MakeAsync(workshop, "small", Claimed * Claims * (Pairs + 1), final: 0);
        Samples large = new(), small = new();
        await using var many = workshop.OpenSqliteStore("large");
        await using var few = workshop.OpenSqliteStore("small");
        for (var pair = 0; pair <= Pairs; pair++)
        {
            var (mine, theirs) = (await ClaimAsync(many), await ClaimAsync(few));
            if (pair == 0) continue;
            large.Add(mine);
            small.Add(theirs);
        }

        report.Add(new("scale", $"claims of {Claimed} out of {Million:N0} pending and {History:N0} sent", "emails/s", large)
        {
            Yardstick = small, YardstickName = "few pending, no history", Bar = new(0.7, 0.9, "x", MoreIsBetter: true),
        });
    }

    private static async Task<double> ClaimAsync(Store.Sql.Sqlite.SqliteEmailStore store)
    {
        var account = Workshop.AccountAt(25, Claimed);
        var claimed = 0;
        var took = await Stopwatches.MillisecondsAsync(async () =>
        {
            for (var claim = 0; claim < Claims; claim++)
            {
                // Each worker is another one's death away from its claims: the next claims as many again.
                await using var worker = await store.EnterAsync(CancellationToken.None);
                claimed += (await store.ClaimDueAsync(worker.Id, new([(account, Claimed)]), CancellationToken.None)).Count;
            }
        });
        return claimed == Claimed * Claims ? claimed / (took / 1000) : throw new InvalidOperationException($"{claimed} were claimed");
    }
}
