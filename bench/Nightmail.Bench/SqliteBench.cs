using Nightmail.Bench.Measuring;
using Nightmail.Bench.Yardsticks;
using Nightmail.Core.Emails;
using Nightmail.Testing.Smtp;

namespace Nightmail.Bench;

/// <summary>
/// The store on SQLite: scheduling beside bare SQLite, and durable dispatch (claim, compose, ledger, send, record) beside smtp-source, which
/// does nothing but send, over the same number of sessions.
/// </summary>
internal static class SqliteBench
{
    private const int Pairs = 5;
    private const int Bytes = 2048;
    private const int Singles = 500;
    private const int Batches = 5;
    private const int Due = 20_000;
    private const int Connections = 4;

    /// <summary>Measures rows 8, 9, 3, 13, 12 and 5 of the bars.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        await ScheduleAsync(workshop, report, "schedule one at a time", Singles, 1, new(0.7, 0.9, "x", MoreIsBetter: true));
        await ScheduleAsync(workshop, report, "schedule 1,000 at once", Batches, 1000, new(0.5, 0.8, "x", MoreIsBetter: true));
        await DispatchAsync(workshop, report);
    }

    private static async Task ScheduleAsync(Workshop workshop, Report report, string what, int rounds, int together, Bar bar)
    {
        Report.Progress($"  {what}");
        Samples ours = new(), bare = new();
        var time = TimeProvider.System;
        for (var pair = 0; pair <= Pairs; pair++)
        {
            await using var store = workshop.OpenSqliteStore($"schedule-{together}-{pair}");
            List<ScheduledEmail[]> batches = [.. Enumerable.Range(0, rounds).Select(_ => Enumerable.Range(0, together).Select(number =>
                Workshop.Email($"number {number}", Bytes, time.GetUtcNow().AddDays(1), time)).ToArray())];
            var mine = await Stopwatches.MillisecondsAsync(async () =>
            {
                foreach (var batch in batches) await store.AddAsync(batch, CancellationToken.None);
            });
            using var yardstick = new BareSqlite(workshop.Path($"bare-{together}-{pair}.db"));
            var text = batches[0][0].Content.Text!;
            var theirs = Stopwatches.Milliseconds(() =>
            {
                for (var round = 0; round < rounds; round++) yardstick.Write(together, text);
            });

            // The first pair is for the compiler and the caches.
            if (pair == 0) continue;
            ours.Add(rounds * together / (mine / 1000));
            bare.Add(rounds * together / (theirs / 1000));
        }

        report.Add(new("sqlite", what, "emails/s", ours) { Yardstick = bare, YardstickName = "bare SQLite, flushed", Bar = bar });
    }

    private static async Task DispatchAsync(Workshop workshop, Report report)
    {
        Report.Progress($"  {Due} due, {Connections} connections");
        await using var sink = await SmtpSink.StartAsync(storeMessages: false);
        Samples ours = new(), yardstick = new(), allocated = new(), processor = new(), theirProcessor = new(), two = new();
        for (var pair = 0; pair <= Pairs; pair++)
        {
            var effort = await EffortAsync(workshop, $"dispatch-{pair}", sink.Port, workers: 1);
            var children = Children.ProcessorTime();
            var theirs = await SmtpSource.RateAsync(sink.Port, Connections, Due, Bytes);
            children = Children.ProcessorTime() - children;
            var shared = await EffortAsync(workshop, $"two-{pair}", sink.Port, workers: 2);
            if (pair == 0) continue;
            ours.Add(effort.Rate);
            yardstick.Add(theirs);
            allocated.Add(effort.Allocated / 1024);
            processor.Add(effort.Processor);
            theirProcessor.Add(children.TotalMicroseconds / Due);
            two.Add(shared.Rate);
        }

        report.Add(new("sqlite", $"dispatch of {Due:N0} due, 2 KiB, {Connections} connections", "emails/s", ours)
        {
            Yardstick = yardstick, YardstickName = "smtp-source -d", Bar = new(0.8, 1.2, "x", MoreIsBetter: true),
        });
        report.Add(new("sqlite", "allocated for each of them", "KB", allocated) { Bar = new(8, 4, "KB") });
        report.Add(new("sqlite", "processor time for each of them", "µs", processor) { Yardstick = theirProcessor, YardstickName = "smtp-source -d", Bar = new(2.5, 1.5, "x") });
        report.Add(new("sqlite", "the same dispatch by two workers", "emails/s", two) { Yardstick = ours, YardstickName = "one worker", Bar = new(0.7, 0.9, "x", MoreIsBetter: true) });
    }

    private static async Task<Effort> EffortAsync(Workshop workshop, string name, int port, int workers)
    {
        await using var house = workshop.OpenSqlite(name, port, Connections);
        await Drain.FillAsync(house, Due);
        return await Drain.OfAsync(house, Due, workers);
    }
}
