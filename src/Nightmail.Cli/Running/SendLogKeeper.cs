using System.Threading.Channels;
using Nightmail.Cli.Configuration;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Running;

/// <summary>Writes the send log behind the engine's back: a log must not slow the sending. What is there when it is disposed is still written.</summary>
/// <param name="session">The command's.</param>
/// <param name="next">Is told everything first.</param>
internal sealed class SendLogKeeper(Session session, IEngineObserver next) : IEngineObserver, IAsyncDisposable
{
    /// <summary>Rows that wait for a disk that cannot be written; what comes then is lost here, and the ledger has it.</summary>
    private const int MostWaiting = 10_000;

    /// <summary>Rows in one append.</summary>
    private const int MostAtOnce = 500;

    private readonly Channel<SendLogEntry> waiting = Channel.CreateBounded<SendLogEntry>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly ISendLog log = session.WorkerLog;
    private Task? writing;
    private bool hasWarned;

    /// <inheritdoc/>
    public void On(EngineEvent happened)
    {
        next.On(happened);
        if (happened is not EngineEvent.Recorded recorded) return;
        waiting.Writer.TryWrite(SendLogEntry.Of(recorded));
        writing ??= Task.Run(WriteAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        if (writing is not null) await writing;
    }

    private async Task WriteAsync()
    {
        List<SendLogEntry> batch = [];
        while (await waiting.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (batch.Count < MostAtOnce && waiting.Reader.TryRead(out var entry)) batch.Add(entry);
            try
            {
                await log.AppendAsync(batch, CancellationToken.None);
                hasWarned = false;
            }
            catch (StoreException trouble)
            {
                Warn(trouble.Message);
            }

            batch.Clear();
        }
    }

    // Once for each time that it stops working, not for each email.
    private void Warn(string trouble)
    {
        if (hasWarned) return;
        hasWarned = true;
        session.Log.Write(LogLevel.Error, $"send log: {trouble}");
        session.Note($"the send log cannot be written, emails leave all the same: {trouble}");
    }
}
