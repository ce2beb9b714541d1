using System.Runtime.CompilerServices;
using Nightmail.Core.Accounts;
using Nightmail.Core.Storage;

namespace Nightmail.Core.Delivery;

/// <summary>
/// Claims what is due and can be sent now, and sets it on its way. Holds no email back in memory: what it claims starts at once.
/// One a worker; not safe for use by two at once.
/// </summary>
public sealed class Dispatcher(
    IEmailStore store,
    WorkerId owner,
    AccountSelector accounts,
    DeliveryExecutor executor,
    TimeProvider time,
    IEngineObserver observer,
    WakeSignal wake)
{
    private readonly HashSet<Task> onTheWay = [];
    private int running;
    private volatile bool couldSendMore;

    /// <summary>Emails on their way now, those among them that are handed over and not yet recorded.</summary>
    public int OnTheWay => Volatile.Read(ref running);

    /// <summary>Claims what is due and starts it; does not wait for it to arrive.</summary>
    /// <param name="stop">Given to every attempt that starts: breaks off what has not begun.</param>
    /// <param name="abandon">Given to every attempt that starts: gives up even on recording.</param>
    /// <returns>The number of emails that were started.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> RunOnceAsync(CancellationToken stop, CancellationToken abandon)
    {
        onTheWay.RemoveWhere(static task => task.IsCompleted);
        var allExpired = await store.ExpireAsync(stop);
        for (var index = 0; index < allExpired.Count; index++) observer.On(new EngineEvent.Expired(time.GetUtcNow(), allExpired[index]));
        var capacities = accounts.Capacities();
        if (capacities.IsExhausted) return 0;
        // First, so that who finishes during the claim is not overlooked.
        couldSendMore = true;
        var claims = await store.ClaimDueAsync(owner, capacities, stop);
        couldSendMore = claims.Count < capacities.Places;
        foreach (var claim in claims)
        {
            accounts.Start(claim.Account);
            observer.On(new EngineEvent.Claimed(time.GetUtcNow(), claim.Email.Id, claim.Attempt, claim.Account));
            Interlocked.Increment(ref running);
            onTheWay.Add(SendAsync(claim, stop, abandon));
        }

        return claims.Count;
    }

    /// <summary>When there is next something to do if nothing else happens; null: only a wake-up can bring something.</summary>
    public async Task<DateTimeOffset?> NextAsync(CancellationToken cancellationToken)
    {
        var capacities = accounts.Capacities();
        return capacities.IsExhausted ? null : await store.NextDueAsync(capacities, cancellationToken);
    }

    /// <summary>Waits until everything on its way has arrived and is recorded.</summary>
    public Task DrainAsync() => Task.WhenAll(onTheWay);

    private async Task SendAsync(Claim claim, CancellationToken stop, CancellationToken abandon)
    {
        var isFree = false;
        try
        {
            var recording = await executor.ExecuteAsync(claim, accounts[claim.Account], stop, abandon);
            Free();
            await recording;
        }
        catch (OperationCanceledException) when (abandon.IsCancellationRequested)
        {
            // The worker ends without having recorded it; the next one's rescue finds what the ledger knows.
        }
        catch (Exception broken) when (broken is not OutOfMemoryException)
        {
            // One email's fault must not stop the others. Its claim stays until the rescue takes it back.
            observer.On(new EngineEvent.Faulted(time.GetUtcNow(), $"{claim.Email.Id}: {broken.GetType().Name}: {Discretion.WithoutAddresses(broken.Message)}"));
        }

        if (!isFree) Free();
        // As long as a claim fills every free place, the place's being free has said it all.
        if (Interlocked.Decrement(ref running) == 0 || couldSendMore) wake.Wake();

        void Free()
        {
            isFree = true;
            accounts.Finish(claim.Account);
            wake.WakeHere();
        }
    }
}
