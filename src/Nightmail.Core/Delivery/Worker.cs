using System.Runtime.CompilerServices;
using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Maintenance;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;

namespace Nightmail.Core.Delivery;

/// <summary>When a worker ends by itself.</summary>
public enum WorkerMode
{
    /// <summary>Never.</summary>
    Forever,

    /// <summary>When what is due now is sent or has been tried.</summary>
    Once,

    /// <summary>When nothing is pending or being sent any more, by whomever.</summary>
    UntilEmpty,
}

/// <summary>What a worker is made of.</summary>
public sealed record WorkerParts
{
    /// <summary>Where the emails are.</summary>
    public required IEmailStore Store { get; init; }

    /// <summary>Writes the messages.</summary>
    public required IMessageComposer Composer { get; init; }

    /// <summary>The accounts of the configuration.</summary>
    public required IReadOnlyList<Account> Accounts { get; init; }

    /// <summary>The transport of an account, by its name; the same object every time.</summary>
    public required Func<string, ITransport> Transports { get; init; }

    /// <summary>Waits, limits, doubt.</summary>
    public DeliveryPolicy Policy { get; init; } = new();

    /// <summary>The accounts' circuits.</summary>
    public CircuitOptions Circuit { get; init; } = new();

    /// <summary>When and what to clean up; null: never.</summary>
    public CleanUpPolicy? CleanUp { get; init; }

    /// <summary>Emails on their way at once through one account, by this worker, whatever the account itself would take.</summary>
    public int ConnectionsPerAccount { get; init; } = int.MaxValue;

    /// <summary>The rules of the time zones; a worker resolves wishes of older rules by them when it starts, and every <see cref="Worker.WishInterval"/>.</summary>
    public TimeZoneRules Zones { get; init; } = TimeZoneRules.Default;

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The dice.</summary>
    public required Random Random { get; init; }

    /// <summary>Is told what happens.</summary>
    public required IEngineObserver Observer { get; init; }
}

/// <summary>
/// A worker: sleeps until something is due, sends it, takes back what dead workers held. Any number may run on one store.
/// </summary>
public sealed class Worker(WorkerParts parts)
{
    /// <summary>A clock that was set, or a machine that slept, is noticed within this.</summary>
    public static readonly TimeSpan ClockCheck = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How often wishes are looked through. This program's rules do not change while it runs; what an older program schedules beside it, or what is
    /// restored or imported, was resolved by older ones. Rules are published weeks before they count, so that an hour is soon enough.
    /// </summary>
    public static readonly TimeSpan WishInterval = TimeSpan.FromHours(1);

    /// <summary>The pause after the store could not be used, before it is tried again; and the longest between looks at what is due but cannot be claimed.</summary>
    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(1);

    /// <summary>The first pause of that kind. An email that fell due during the look is claimed in the next one.</summary>
    private static readonly TimeSpan FirstLookAgain = TimeSpan.FromMilliseconds(1);

    /// <summary>The longest pause after a fault of ours; nobody watches the log more often than that.</summary>
    private static readonly TimeSpan FaultRetryMax = TimeSpan.FromMinutes(1);

    private readonly Cleaner cleaner = new(parts.Store, parts.CleanUp, parts.Time);
    private int vainLooks;
    private int faults;
    private DateTimeOffset nextWishes = DateTimeOffset.MinValue;

    /// <summary>
    /// Runs until the mode's end or until told to stop; then takes no more, breaks off what has not begun and gives those claims back,
    /// and finishes what has.
    /// </summary>
    /// <param name="mode">When to end by itself.</param>
    /// <param name="stop">Ends it in order.</param>
    /// <param name="abandon">Ends it now: what is between begin and answer stays in doubt.</param>
    public async Task RunAsync(WorkerMode mode, CancellationToken stop, CancellationToken abandon)
    {
        if (await EnterAsync(stop) is not { } presence) return;
        await using (presence) await WorkAsync(presence.Id, mode, stop, abandon);
    }

    /// <summary>The worker's place in the store; null when it was told to stop before it had one.</summary>
    private async Task<IWorkerPresence?> EnterAsync(CancellationToken stop)
    {
        try
        {
            return await parts.Store.EnterAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task WorkAsync(WorkerId id, WorkerMode mode, CancellationToken stop, CancellationToken abandon)
    {
        using var wake = new WakeSignal(parts.Time);
        var executor = new DeliveryExecutor(parts.Store, parts.Composer, parts.Transports, parts.Policy, parts.Circuit, parts.Time, parts.Random, parts.Observer, parts.Accounts);
        var dispatcher = new Dispatcher(parts.Store, id, new(parts.Accounts, parts.Circuit, parts.ConnectionsPerAccount), executor, parts.Time, parts.Observer, wake);
        var rescuer = new ClaimRescuer(parts.Store, parts.Policy.InDoubt, parts.Time, parts.Observer);
        using var subscription = parts.Store.OnChanged(wake.Wake);
        using var circuits = parts.Store.OnAccountChanged(change => parts.Observer.On(EngineEvent.Of(change)));
        try
        {
            while (!stop.IsCancellationRequested && !await PassAsync(mode, dispatcher, rescuer, wake, stop, abandon))
            {
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It was told to stop in the middle of a round; what is on its way is finished all the same.
        }

        await dispatcher.DrainAsync();
    }

    /// <summary>One round: rescue, claim, sleep. True when the mode's end is reached.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> PassAsync(WorkerMode mode, Dispatcher dispatcher, ClaimRescuer rescuer, WakeSignal wake, CancellationToken stop, CancellationToken abandon)
    {
        DateTimeOffset until;
        try
        {
            await ResolveWishesAsync(stop);
            await rescuer.RunOnceAsync(stop);
            await cleaner.RunOnceAsync(stop);
            if (await dispatcher.RunOnceAsync(stop, abandon) > 0) return false;
            if (mode != WorkerMode.Forever && dispatcher.OnTheWay == 0 && await IsOverAsync(mode, stop)) return true;
            var now = parts.Time.GetUtcNow();
            until = await dispatcher.NextAsync(stop) ?? DateTimeOffset.MaxValue;
            until = Earliest(until, rescuer.Next, cleaner.Next, now + parts.Store.SyncInterval);

            faults = 0;
            vainLooks = until <= now ? vainLooks + 1 : 0;
            if (vainLooks > 0) until = now + Backoff.Doubling(FirstLookAgain, vainLooks, StoreRetry);
        }
        catch (StoreException failed)
        {
            parts.Observer.On(new EngineEvent.StoreFailed(parts.Time.GetUtcNow(), failed.Message));
            if (mode != WorkerMode.Forever && dispatcher.OnTheWay == 0) throw;
            until = parts.Time.GetUtcNow() + StoreRetry;
        }
        catch (Exception broken) when (broken is not (OutOfMemoryException or OperationCanceledException))
        {
            // A fault of ours, over one odd email perhaps: it must not keep the worker from the others for good.
            var words = $"{broken.GetType().Name}: {Discretion.WithoutAddresses(broken.Message)}";
            parts.Observer.On(new EngineEvent.Faulted(parts.Time.GetUtcNow(), words));
            if (mode != WorkerMode.Forever && dispatcher.OnTheWay == 0) throw;
            until = parts.Time.GetUtcNow() + Backoff.Doubling(StoreRetry, ++faults, FaultRetryMax);
        }

        await wake.SleepAsync(until, ClockCheck, stop);
        return false;
    }

    /// <summary>Before anything is claimed: what older rules gave may be too early.</summary>
    private async Task ResolveWishesAsync(CancellationToken cancellationToken)
    {
        var now = parts.Time.GetUtcNow();

        // A clock that was set back must not put it off by as much.
        if (now < nextWishes && nextWishes - now <= WishInterval) return;
        foreach (var moved in await parts.Store.ResolveWishesAsync(parts.Zones, cancellationToken))
            parts.Observer.On(new EngineEvent.Moved(parts.Time.GetUtcNow(), moved.Email, moved.Before));
        nextWishes = now + WishInterval;
    }

    private async Task<bool> IsOverAsync(WorkerMode mode, CancellationToken cancellationToken)
    {
        if (mode == WorkerMode.Once) return true;
        var counts = (await parts.Store.OverviewAsync(cancellationToken)).Counts;
        return counts.GetValueOrDefault(EmailStatus.Pending) + counts.GetValueOrDefault(EmailStatus.Sending) == 0;
    }

    private static DateTimeOffset Earliest(params ReadOnlySpan<DateTimeOffset> moments)
    {
        var earliest = moments[0];
        foreach (var moment in moments) if (moment < earliest) earliest = moment;
        return earliest;
    }
}
