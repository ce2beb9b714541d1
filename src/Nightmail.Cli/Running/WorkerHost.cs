using Nightmail.Core.Delivery;

namespace Nightmail.Cli.Running;

/// <summary>Runs a worker in this process and closes its connections when it has ended.</summary>
internal sealed class WorkerHost(Session session, IEngineObserver observer) : IAsyncDisposable
{
    private readonly Dictionary<string, ITransport> transports = [];

    /// <summary>Runs until the mode's end or the shutdown.</summary>
    /// <returns>True when it ended in order, false when it was broken off.</returns>
    public async Task<bool> RunAsync(WorkerMode mode, Shutdown shutdown)
    {
        var settings = session.Settings;
        var taken = SecretVariables.Take(settings.Accounts);
        var accounts = taken.ToDictionary(account => account.Name);
        var worker = new Worker(new()
        {
            Store = session.QueueFile,
            Composer = Composition.Composer(session.Blobs),
            Accounts = taken,
            ConnectionsPerAccount = settings.Worker.Connections,
            Transports = name => transports.TryGetValue(name, out var open) ? open
                : transports[name] = Composition.Transport(accounts[name], settings.Delivery, session.Surroundings),
            Policy = settings.Delivery,
            Circuit = settings.Circuit,
            CleanUp = new() { Interval = settings.Persistence.CleanupInterval, Retention = settings.Persistence.Retention },
            Time = session.Surroundings.Time,
            Random = session.Surroundings.Random,
            Observer = observer,
        });

        // The engine is written for one thread at a time, as in its simulation: its continuations come back to this scheduler.
        var oneAtATime = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        var running = Task.Factory.StartNew(() => worker.RunAsync(mode, shutdown.Stop, shutdown.Abandon), CancellationToken.None, TaskCreationOptions.DenyChildAttach, oneAtATime).Unwrap();
        if (await Task.WhenAny(running, shutdown.HardEnd) != running) return false;
        try
        {
            await running;
        }
        catch (OperationCanceledException) when (shutdown.Stop.IsCancellationRequested)
        {
            // Stopped before it had even begun.
        }

        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var transport in transports.Values) await transport.DisposeAsync();
    }
}
