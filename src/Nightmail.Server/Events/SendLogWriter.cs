using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Events;

/// <summary>Writes the send log behind the engine's back, many rows in one transaction: a log must not slow the sending.</summary>
internal sealed class SendLogWriter(ISendLog log, TimeProvider time, ServerMeters meters) : BackgroundService
{
    /// <summary>Rows that wait for a database that cannot be written; what comes then is counted and lost, the ledger has it.</summary>
    private const int MostWaiting = 100_000;

    /// <summary>Rows in one transaction: a few milliseconds.</summary>
    private const int MostAtOnce = 500;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly Channel<SendLogEntry> waiting = Channel.CreateBounded<SendLogEntry>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>Takes a row; it is written soon.</summary>
    public void Add(SendLogEntry entry)
    {
        if (!waiting.Writer.TryWrite(entry)) meters.LogLost();
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // What is there by now is still written.
        waiting.Writer.TryComplete();
        if (ExecuteTask is { } writing) await writing.WaitAsync(cancellationToken);
        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<SendLogEntry> batch = [];
        while (await waiting.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (batch.Count < MostAtOnce && waiting.Reader.TryRead(out var entry)) batch.Add(entry);
            try
            {
                await log.AppendAsync(batch, CancellationToken.None);
                batch.Clear();
            }
            catch (StoreException)
            {
                meters.StoreFailed();
                await Task.Delay(RetryAfter, time, CancellationToken.None);
                if (stoppingToken.IsCancellationRequested) return;
            }
            catch (Exception)
            {
                // A fault of ours that would come again with the same rows: they are counted as lost, and the log goes on.
                foreach (var _ in batch) meters.LogLost();
                batch.Clear();
            }
        }
    }
}
