using Nightmail.Core.Storage;

namespace Nightmail.Core.Delivery;

/// <summary>Takes back, time and again, what dead or stuck workers held, so that no email waits for somebody who is gone.</summary>
public sealed class ClaimRescuer(IEmailStore store, DoubtPolicy policy, TimeProvider time, IEngineObserver observer)
{
    /// <summary>How often to look. A look at a quiet store costs next to nothing, and a dead worker's emails should not wait long.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private DateTimeOffset next = DateTimeOffset.MinValue;

    /// <summary>When the next look is due.</summary>
    public DateTimeOffset Next => next;

    /// <summary>Looks once, if it is time.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();

        // A clock that was set back must not put the next look off by as much.
        if (now < next && next - now <= Interval) return;
        foreach (var email in await store.RescueAsync(policy, cancellationToken)) observer.On(new EngineEvent.Rescued(now, email));
        next = time.GetUtcNow() + Interval;
    }
}
