using System.Diagnostics;
using System.Globalization;
using Nightmail.Bench.Measuring;
using Nightmail.Core.Delivery;

namespace Nightmail.Bench;

/// <summary>
/// Durable dispatch from SQLite (claim, compose, ledger, send, record) in a process of its own, so that memory, processor time and
/// allocations are those of nothing else.
/// </summary>
internal static class Drain
{
    private const int Bytes = 2048;
    private const int AtOnce = 1000;

    /// <summary>Keeps so many due emails in a new data folder, sends them, and prints what it took.</summary>
    /// <param name="arguments">Emails, connections, workers, the sink's port.</param>
    public static async Task<int> PrintAsync(IReadOnlyList<string> arguments)
    {
        int[] numbers = [.. arguments.Select(argument => int.Parse(argument, CultureInfo.InvariantCulture))];
        var (emails, connections, workers, port) = (numbers[0], numbers[1], numbers[2], numbers[3]);
        using var workshop = new Workshop();
        await using var house = workshop.OpenSqlite("drain", port, connections);
        await FillAsync(house, emails);
        var took = await OfAsync(house, emails, workers);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{took.Rate:0} {took.Allocated:0} {took.Processor:0.0} {took.PeakMegabytes:0.0}"));
        return 0;
    }

    /// <summary>What sending the first so many of the due emails takes.</summary>
    public static Task<Effort> SomeAsync(House house, int emails) => MeasureAsync(house, emails, async stop =>
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await house.Worker(enough.Cancel, emails).RunAsync(WorkerMode.Forever, enough.Token, CancellationToken.None);
    });

    /// <summary>What sending so many due emails takes.</summary>
    public static async Task<Effort> OfAsync(House house, int emails, int workers = 1)
    {
        var effort = await MeasureAsync(house, emails, stop => Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(() => house.Worker().RunAsync(WorkerMode.UntilEmpty, stop, CancellationToken.None)))));
        if (await house.SentAsync() is var sent && sent != emails) throw new InvalidOperationException($"{sent} of {emails} were sent");
        return effort;
    }

    private static async Task<Effort> MeasureAsync(House house, int emails, Func<CancellationToken, Task> send)
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        var (bytes, processor) = (GC.GetTotalAllocatedBytes(precise: true), process.TotalProcessorTime);
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(20), TimeProvider.System);
        var took = await Stopwatches.MillisecondsAsync(() => send(stop.Token));
        process.Refresh();
        var (allocated, used) = (GC.GetTotalAllocatedBytes(precise: true) - bytes, process.TotalProcessorTime - processor);
        return new(emails / (took / 1000), (double)allocated / emails, used.TotalMicroseconds / emails, process.PeakWorkingSet64 / (1024.0 * 1024.0));
    }

    /// <summary>Keeps so many emails that are due now.</summary>
    public static async Task FillAsync(House house, int emails)
    {
        var time = TimeProvider.System;
        for (var added = 0; added < emails; added += AtOnce)
            await house.AddAsync(Enumerable.Range(added, Math.Min(AtOnce, emails - added)).Select(number => Workshop.Email($"number {number}", Bytes, time.GetUtcNow(), time)));
    }
}

/// <summary>What something took.</summary>
/// <param name="Rate">Emails a second.</param>
/// <param name="Allocated">Bytes allocated for each.</param>
/// <param name="Processor">Microseconds of processor time for each.</param>
/// <param name="PeakMegabytes">The most memory that the process ever had.</param>
internal sealed record Effort(double Rate, double Allocated, double Processor, double PeakMegabytes);
