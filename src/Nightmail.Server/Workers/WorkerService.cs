using Microsoft.Extensions.Hosting;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;
using Nightmail.Server.Events;
using Nightmail.Server.Settings;

namespace Nightmail.Server.Workers;

/// <summary>The worker of this server. When the accounts or the settings change it ends in order and another one begins with the new ones.</summary>
internal sealed class WorkerService(ServerParts parts, IMessageComposer composer, AccountBook book, SettingsBook settings, EngineReporter reporter, ServerOptions options) : BackgroundService
{
    /// <summary>How long what is on its way may take when the server ends. Less than the 90 s after which systemd kills.</summary>
    public static readonly TimeSpan FinishLimit = TimeSpan.FromSeconds(80);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim changed = new(0);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = book.OnChanged(() => changed.Release());
        using var another = settings.OnChanged(() => changed.Release());
        try
        {
            var pause = FirstPause;
            while (!stoppingToken.IsCancellationRequested)
            {
                if (await AttemptAsync(stoppingToken) is not { } trouble)
                {
                    pause = FirstPause;
                    continue;
                }

                options.Say($"the worker ended: {(trouble is StoreException ? trouble.Message : $"fault of ours: {trouble.GetType().Name}; please report it")}; another one begins in {pause.TotalSeconds:0} s");
                await Task.Delay(pause, parts.Time, stoppingToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server ends.
        }
    }

    /// <summary>Whatever ends a worker, the next one may fare better; a server that answers and sends nothing is worse than one that is down.</summary>
    /// <returns>What ended it; null: a change.</returns>
    private async Task<Exception?> AttemptAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunOnceAsync(await book.ReadyAsync(stoppingToken), await settings.CurrentAsync(stoppingToken), stoppingToken);
            return null;
        }
        catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
        {
            return trouble;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        changed.Dispose();
    }

    /// <summary>One worker's life: until accounts or settings change or the server ends.</summary>
    private async Task RunOnceAsync(IReadOnlyList<Account> accounts, ServerSettings numbers, CancellationToken stoppingToken)
    {
        if (accounts.Count == 0)
        {
            await changed.WaitAsync(stoppingToken);
            return;
        }

        var byName = accounts.ToDictionary(account => account.Name, StringComparer.Ordinal);
        var transports = new Dictionary<string, ITransport>(StringComparer.Ordinal);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        using var abandon = new CancellationTokenSource();
        // Disposed in the other order, each waiting for the other's callback: none finds what it calls gone.
        await using var finishing = parts.Time.CreateTimer(_ => abandon.Cancel(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using var limit = stoppingToken.Register(() => finishing.Change(FinishLimit, Timeout.InfiniteTimeSpan));
        var worker = new Worker(new()
        {
            Store = parts.Emails,
            Composer = composer,
            Accounts = accounts,
            Transports = name => transports.TryGetValue(name, out var open) ? open : transports[name] = parts.Transport(byName[name], numbers.Delivery.Retry),
            Policy = numbers.Delivery,
            Circuit = numbers.Circuit,
            Time = parts.Time,
            Random = parts.Random,
            Observer = reporter,
        });

        // The engine is written for one thread at a time, as in its simulation: its continuations come back to this scheduler.
        var oneAtATime = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        reporter.Worker("started");
        var running = Task.Factory.StartNew(() => worker.RunAsync(WorkerMode.Forever, stop.Token, abandon.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach, oneAtATime).Unwrap();
        var change = changed.WaitAsync(stop.Token);
        try
        {
            await Task.WhenAny(running, change);
            await stop.CancelAsync();
            await running;
        }
        finally
        {
            await change.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            foreach (var transport in transports.Values) await transport.DisposeAsync();
            reporter.Worker("ended");
        }
    }
}
