using Nightmail.Bench.Measuring;
using Nightmail.Bench.Yardsticks;
using Nightmail.Core.Delivery;

namespace Nightmail.Bench;

/// <summary>How long after its time an email is accepted: ten a second, through the file store and a worker that is warm.</summary>
internal static class LatenessBench
{
    private const int Emails = 200;
    private const int WarmUp = 20;
    private const int Runs = 3;

    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BeforeTheFirst = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Measures p50, p99 and the worst.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        Samples half = new(), most = new(), worst = new();
        for (var run = 1; run <= Runs; run++)
        {
            Report.Progress($"  run {run} of {Runs}, {Emails * Apart.TotalSeconds:0} s");
            var late = await LatenessesAsync(workshop, $"lateness{run}");
            half.Add(late.Median);
            most.Add(late.Quantile(0.99));
            worst.Add(late.Max);
        }

        report.Add(new("lateness", $"p50 of {Emails}, 10 emails/s", "ms", half) { Bar = new(10, 3, "ms") });
        report.Add(new("lateness", $"p99 of {Emails}", "ms", most) { Bar = new(50, 20, "ms") });
        report.Add(new("lateness", $"worst of {Emails}", "ms", worst));
    }

    private static async Task<Samples> LatenessesAsync(Workshop workshop, string name)
    {
        var time = TimeProvider.System;
        await using var sink = new StampingSink(time);
        await using var house = workshop.Open(name, sink.Port, connections: 4);
        var first = time.GetUtcNow() + BeforeTheFirst + (WarmUp * Apart);
        // The warm-up emails come just before, in the same rhythm, and do not count.
        await house.AddAsync(Enumerable.Range(-WarmUp, WarmUp + Emails).Select(number => Workshop.Email(SubjectOf(number), 300, first + (number * Apart), time)));

        using var stop = new CancellationTokenSource(BeforeTheFirst + ((WarmUp + Emails) * Apart) + Patience, time);
        await house.Worker().RunAsync(WorkerMode.UntilEmpty, stop.Token, CancellationToken.None);

        var late = new Samples();
        for (var number = 0; number < Emails; number++)
        {
            if (!sink.Accepted.TryGetValue(SubjectOf(number), out var accepted)) throw new InvalidOperationException($"{SubjectOf(number)} did not arrive");
            var behind = (accepted - (first + (number * Apart))).TotalMilliseconds;
            if (behind < 0) throw new InvalidOperationException($"{SubjectOf(number)} was {-behind} ms early");
            late.Add(behind);
        }

        return late;
    }

    private static string SubjectOf(int number) => number < 0 ? $"warm-up {-number}" : $"number {number}";
}
