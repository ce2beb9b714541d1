using System.Diagnostics;
using System.Text;
using Nightmail.Bench.Measuring;
using Nightmail.Bench.Yardsticks;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Smtp;

namespace Nightmail.Bench;

/// <summary>
/// Sending alone, without queue and ledger: the pooled SMTP client to Postfix's smtp-sink, beside smtp-source with the same sessions and
/// bytes, which always has its next message at hand, as we have; and what 100,000 messages over the same connections leave in memory.
/// </summary>
internal static class SmtpBench
{
    private const int Pairs = 5;
    private const int Messages = 10_000;
    private const int ManyMessages = 100_000;

    /// <summary>Emails on their way for each connection: one on it, and one whose envelope can follow.</summary>
    private const int PerConnection = 2;

    /// <summary>Measures rates at 1 and 5 KiB, the time of one message, and memory.</summary>
    public static async Task RunAsync(Workshop workshop, Report report)
    {
        await using var sink = await SmtpSink.StartAsync(storeMessages: false);
        foreach (var (bytes, connections, bar) in ((int, int, Bar)[])[(1_024, 4, new(1.2, 1.8, "x", true)), (1_024, 16, new(1.2, 1.8, "x", true)), (1_024, 64, new(1.2, 1.8, "x", true)), (5_120, 4, new(0.9, 1.2, "x", true))])
            await CompareAsync(report, sink.Port, bytes, connections, bar);
        await RememberAsync(report, sink.Port);
    }

    private static async Task CompareAsync(Report report, int port, int bytes, int connections, Bar bar)
    {
        Report.Progress($"  {bytes} bytes, {connections} connections");
        Samples ours = new(), yardstick = new(), slowest = new();
        await using var transport = Transport(port, connections);
        for (var pair = 0; pair <= Pairs; pair++)
        {
            var (rate, times) = await SendAsync(transport, bytes, connections, Messages);
            var theirs = await SmtpSource.RateAsync(port, connections, Messages, bytes);
            // The first pair is for the compiler and the caches.
            if (pair == 0) continue;
            ours.Add(rate);
            yardstick.Add(theirs);
            slowest.Add(times.Quantile(0.99));
        }

        report.Add(new("smtp", $"{bytes / 1024} KiB, {connections} connections", "messages/s", ours) { Yardstick = yardstick, YardstickName = "smtp-source -d", Bar = bar });
        if (connections == 4) report.Add(new("smtp", $"one message of {bytes / 1024} KiB at 4 connections, p99", "ms", slowest) { Bar = new(10, null, "ms") });
    }

    /// <summary>What is alive after 100,000 messages, over what was after the first thousands.</summary>
    private static async Task RememberAsync(Report report, int port)
    {
        Report.Progress($"  memory over {ManyMessages} messages");
        await using var transport = Transport(port, 4);
        await SendAsync(transport, 1_024, 4, Messages, timed: false);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        await SendAsync(transport, 1_024, 4, ManyMessages, timed: false);
        var allocated = new Samples();
        allocated.Add((GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore) / (double)ManyMessages);
        report.Add(new("smtp", "allocated for one message", "B", allocated));
        var growth = new Samples();
        growth.Add(Math.Max(0, GC.GetTotalMemory(forceFullCollection: true) - before) / 1024.0);
        report.Add(new("smtp", $"memory that {ManyMessages:N0} messages leave behind", "KiB", growth) { Bar = new(1_024, null, "KiB") });
    }

    private static async Task<(double Rate, Samples Milliseconds)> SendAsync(SmtpTransport transport, int bytes, int connections, int messages, bool timed = true)
    {
        var message = new Bytes(Text(bytes));
        var envelope = new Envelope("ada@example.org", ["grace@example.org"]);
        var left = messages;
        var all = new List<double>[connections * PerConnection];
        var took = await Stopwatches.MillisecondsAsync(() => Task.WhenAll(Enumerable.Range(0, all.Length).Select(number => Task.Run(async () =>
        {
            var times = all[number] = new(timed ? messages / all.Length : 0);
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var started = Stopwatch.GetTimestamp();
                var outcome = await transport.DeliverAsync(envelope, message, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
                if (outcome.Recipients[0].Verdict != Verdict.Delivered) throw new InvalidOperationException($"not delivered: {outcome.Fault?.Words ?? outcome.Recipients[0].Reply?.Text}");
                if (timed) times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }))));
        var samples = new Samples();
        foreach (var time in all.SelectMany(times => times)) samples.Add(time);
        return (messages / (took / 1000), samples);
    }

    private static SmtpTransport Transport(int port, int connections)
    {
        var account = Workshop.AccountAt(port, connections);
        return new((TransportSettings.Smtp)account.Transport, account.Limits with { EmailsPerConnection = 1_000_000 }, new(), TimeProvider.System, new Random(1));
    }

    private static byte[] Text(int bytes)
    {
        var header = "From: ada@example.org\r\nTo: grace@example.org\r\nSubject: x\r\n\r\n";
        var line = new string('x', 62) + "\r\n";
        return Encoding.ASCII.GetBytes(header + string.Concat(Enumerable.Repeat(line, (bytes - header.Length) / line.Length)));
    }

    /// <summary>A message in memory.</summary>
    private sealed class Bytes(byte[] bytes) : IOutgoingMessage
    {
        public long Length => bytes.Length;

        public bool Is8Bit => false;

        public bool NeedsSmtpUtf8 => false;

        public ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken) => destination.WriteAsync(bytes, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
