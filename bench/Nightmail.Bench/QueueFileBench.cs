using System.Diagnostics;
using System.Globalization;
using Nightmail.Bench.Measuring;
using Nightmail.Bench.Yardsticks;
using Nightmail.Core.Scheduling;

namespace Nightmail.Bench;

/// <summary>The queue file of 1,000 emails with bodies of 300 bytes: its size, how long it takes to load and to change.</summary>
internal static class QueueFileBench
{
    private const int Emails = 1000;
    private const int Loads = 15;
    private const int Pairs = 25;

    private static readonly Bar ChangeBar = new(Must: 2, Aim: 1.4, "x");

    /// <summary>Measures size, loads and changes.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        var queue = await workshop.QueueOfAsync(Emails);
        var size = new Samples();
        size.Add(new FileInfo(queue).Length);
        report.Add(new("file", "size, 1,000 emails", "B", size) { Bar = new(1_048_575, 999_999, "B") });

        Report.Progress("  first loads");
        var first = new Samples();
        for (var load = 0; load < Loads; load++)
        {
            var (_, output) = await WholeProcess.RunAsync(Environment.ProcessPath!, ["first-load", queue]);
            first.Add(double.Parse(output, CultureInfo.InvariantCulture));
        }

        report.Add(new("file", "first load in a process", "ms", first) { Bar = new(100, 40, "ms") });

        Report.Progress("  warm loads");
        var warm = new Samples();
        for (var load = -Loads; load < Loads; load++)
        {
            var took = await LoadAsync(queue);
            if (load >= 0) warm.Add(took);
        }

        report.Add(new("file", "warm load", "ms", warm) { Bar = new(15, null, "ms") });

        Report.Progress("  changes");
        await ChangesAsync(workshop, report, queue);
    }

    /// <summary>Loads the file once and prints the milliseconds: the first load of this process.</summary>
    public static async Task<int> PrintFirstLoadAsync(string queue)
    {
        Console.Out.WriteLine((await LoadAsync(queue)).ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static async Task<double> LoadAsync(string queue)
    {
        var started = Stopwatch.GetTimestamp();
        await using var store = Workshop.OpenStore(queue);
        var emails = await store.ListAsync(new(), CancellationToken.None);
        var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return emails.Count >= Emails ? took : throw new InvalidOperationException($"{emails.Count} emails were loaded");
    }

    /// <summary>An added email changes the file alone; a rescheduled one is a line in the ledger first.</summary>
    private static async Task ChangesAsync(Workshop workshop, Report report, string queue)
    {
        var time = TimeProvider.System;
        await using var store = Workshop.OpenStore(queue);
        var there = await store.ListAsync(new(), CancellationToken.None);
        var bare = workshop.Path("bare.json");
        Samples adds = new(), reschedules = new(), besideAdds = new(), besideReschedules = new();
        for (var pair = -5; pair < Pairs; pair++)
        {
            var email = Workshop.Email($"added {pair}", 300, time.GetUtcNow().AddDays(30), time);
            var add = await Stopwatches.MillisecondsAsync(async () => await store.AddAsync([email], CancellationToken.None));
            var besideAdd = Replace(queue, bare);
            var change = new EmailChange.Reschedule(time.GetUtcNow().AddDays(31), null);
            var reschedule = await Stopwatches.MillisecondsAsync(async () => await store.ChangeAsync(there[pair + 5].Id, change, CancellationToken.None));
            var besideReschedule = Replace(queue, bare);
            if (pair < 0) continue;
            adds.Add(add);
            besideAdds.Add(besideAdd);
            reschedules.Add(reschedule);
            besideReschedules.Add(besideReschedule);
        }

        const string Yardstick = "bare replace";
        report.Add(new("file", "add one email", "ms", adds) { Yardstick = besideAdds, YardstickName = Yardstick, Bar = ChangeBar });
        report.Add(new("file", "reschedule one: ledger and file", "ms", reschedules) { Yardstick = besideReschedules, YardstickName = Yardstick });
    }

    private static double Replace(string queue, string bare)
    {
        var bytes = File.ReadAllBytes(queue);
        return Stopwatches.Milliseconds(() => BareReplace.Write(bare, bytes));
    }
}
