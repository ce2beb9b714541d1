using Nightmail.Core.Storage;

namespace Nightmail.Core.Maintenance;

/// <summary>When and what to clean up.</summary>
public sealed record CleanUpPolicy
{
    /// <summary>How often. Nobody waits for it, and each time costs a look at every file.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long final emails stay. A week answers "did it leave?" without growing the store.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);
}

/// <summary>Cleans up, time and again: final emails whose time is over leave the store, and what nobody needs any more goes.</summary>
public sealed class Cleaner(IEmailStore store, CleanUpPolicy? policy, TimeProvider time)
{
    private DateTimeOffset next = policy is null ? DateTimeOffset.MaxValue : DateTimeOffset.MinValue;

    /// <summary>When it is due next; never without a policy.</summary>
    public DateTimeOffset Next => next;

    /// <summary>Cleans up once, if it is time. What fails is tried again after the interval, not at once: mail comes first.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (policy is null) return;
        var now = time.GetUtcNow();

        // A clock that was set back must not put it off by as much.
        if (now < next && next - now <= policy.Interval) return;
        next = now + policy.Interval;
        await store.CleanUpAsync(policy.Retention, cancellationToken);
    }
}
