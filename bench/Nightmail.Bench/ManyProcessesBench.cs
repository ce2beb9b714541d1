using System.Globalization;
using Nightmail.Bench.Measuring;

namespace Nightmail.Bench;

/// <summary>Eight processes that change one file of 100 emails, beside one process that makes as many changes in all.</summary>
internal static class ManyProcessesBench
{
    private const int Emails = 100;
    private const int Processes = 8;
    private const int ChangesEach = 198;
    private const int Rounds = 3;

    /// <summary>Measures rate and longest wait for the lock.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        Samples many = new(), one = new(), waits = new();
        for (var round = 0; round < Rounds; round++)
        {
            Report.Progress($"  round {round + 1} of {Rounds}");
            var (alone, _) = await ChangeAsync(workshop, $"one-{round}", 1, Processes * ChangesEach);
            var (together, wait) = await ChangeAsync(workshop, $"many-{round}", Processes, ChangesEach);
            one.Add(alone);
            many.Add(together);
            waits.Add(wait);
        }

        report.Add(new("processes", $"changes of one file by {Processes} processes", "/s", many) { Yardstick = one, YardstickName = "1 process", Bar = new(0.4, 0.8, "x", MoreIsBetter: true) });
        report.Add(new("processes", "longest wait for the lock", "ms", waits));
    }

    private static async Task<(double Rate, double LongestWait)> ChangeAsync(Workshop workshop, string name, int processes, int changes)
    {
        var queue = await workshop.QueueOfAsync(Emails, name);
        var running = Enumerable.Range(0, processes).Select(async number =>
        {
            var (_, output) = await WholeProcess.RunAsync(Environment.ProcessPath!, ["changes", queue, changes.ToString(CultureInfo.InvariantCulture), $"process{number}"]);
            return output.Split('\n');
        });
        var told = await Task.WhenAll(running);
        // By the processes' own clock, from the first change to the last: their starts are not what is measured.
        var began = told.Min(lines => long.Parse(lines[0], CultureInfo.InvariantCulture));
        var ended = told.Max(lines => long.Parse(lines[1], CultureInfo.InvariantCulture));
        return (processes * changes * 1000.0 / Math.Max(1, ended - began), told.Max(lines => double.Parse(lines[2], CultureInfo.InvariantCulture)));
    }
}
