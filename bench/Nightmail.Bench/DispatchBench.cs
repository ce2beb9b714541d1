using Nightmail.Bench.Measuring;
using Nightmail.Bench.Yardsticks;
using Nightmail.Core.Delivery;
using Nightmail.Testing.Smtp;

namespace Nightmail.Bench;

/// <summary>
/// Durable dispatch from the file store: claim, compose, ledger, send, record, all of it, to Postfix's smtp-sink; beside smtp-source,
/// which does nothing but send, with the same number of sessions and bytes.
/// </summary>
internal static class DispatchBench
{
    private const int Pairs = 5;
    private const int Bytes = 2048;

    /// <summary>smtp-source needs more messages than we do, or the start of its process is what is measured.</summary>
    private const int YardstickMessages = 10_000;

    /// <summary>Measures 200 and 1,000 due emails, over 4 connections and over 16.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        foreach (var (emails, connections) in ((int, int)[])[(200, 4), (1000, 4), (1000, 16)])
        {
            Report.Progress($"  {emails} emails, {connections} connections");
            await using var sink = await SmtpSink.StartAsync(storeMessages: false);
            Samples ours = new(), yardstick = new();
            // The first pair is for the compiler and the caches.
            for (var pair = 0; pair <= Pairs; pair++)
            {
                var mine = await RateAsync(workshop, $"dispatch-{emails}-{connections}-{pair}", sink.Port, emails, connections);
                var theirs = await SmtpSource.RateAsync(sink.Port, connections, YardstickMessages, Bytes);
                if (pair == 0) continue;
                ours.Add(mine);
                yardstick.Add(theirs);
            }

            report.Add(new("dispatch", $"{emails} due, 2 KiB, {connections} connections", "emails/s", ours) { Yardstick = yardstick, YardstickName = "smtp-source -d" });
        }
    }

    private static async Task<double> RateAsync(Workshop workshop, string name, int port, int emails, int connections)
    {
        var time = TimeProvider.System;
        await using var house = workshop.Open(name, port, connections);
        await house.AddAsync(Enumerable.Range(0, emails).Select(number => Workshop.Email($"number {number}", Bytes, time.GetUtcNow(), time)));
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(5), time);
        var took = await Stopwatches.MillisecondsAsync(() => house.Worker().RunAsync(WorkerMode.UntilEmpty, stop.Token, CancellationToken.None));
        if (await house.SentAsync() is var sent && sent != emails) throw new InvalidOperationException($"{sent} of {emails} were sent");
        return emails / (took / 1000);
    }
}
