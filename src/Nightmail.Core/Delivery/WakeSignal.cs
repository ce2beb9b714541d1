using System.Runtime.CompilerServices;

namespace Nightmail.Core.Delivery;

/// <summary>Wakes one sleeper, early and as often as anybody likes; a wake-up before the sleep is not lost.</summary>
public sealed class WakeSignal(TimeProvider time) : IDisposable
{
    private readonly Lock gate = new();
    private TaskCompletionSource<bool>? sleeper;
    private ITimer? timer;
    private DateTimeOffset rings = DateTimeOffset.MaxValue;
    private bool woken;

    /// <summary>Ends the present sleep, or the next one at once.</summary>
    public void Wake() => Wake(goesOnHere: false);

    /// <summary>The same for whoever has nothing urgent left to do: the sleeper goes on at once, in its place, and no other thread has to wake up for it.</summary>
    public void WakeHere() => Wake(goesOnHere: true);

    /// <summary>
    /// Sleeps until woken, or until the wall clock has reached <paramref name="until"/>. The clock is looked at every
    /// <paramref name="slice"/>, so that a suspended machine or a clock that was set is noticed within it.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SleepAsync(DateTimeOffset until, TimeSpan slice, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TaskCompletionSource<bool> asleep;
            lock (gate)
            {
                if (woken)
                {
                    woken = false;
                    return;
                }

                var now = time.GetUtcNow();
                var left = until - now;
                if (left <= TimeSpan.Zero) return;
                asleep = sleeper = new();
                Ring_NeedsLock(now, left < slice ? left : slice);
            }

            bool goesOnHere;
            await using (cancellationToken.Register(static asleep => ((TaskCompletionSource<bool>)asleep!).TrySetResult(false), asleep)) goesOnHere = await asleep.Task;
            // Whoever wakes must not be made to run what the sleeper does next.
            if (!goesOnHere) await Task.Yield();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => timer?.Dispose();

    private void Wake(bool goesOnHere)
    {
        TaskCompletionSource<bool>? asleep;
        lock (gate)
        {
            woken = true;
            asleep = sleeper;
        }

        asleep?.TrySetResult(goesOnHere);
    }

    /// <summary>
    /// Sees to it that the sleeper looks at the clock then. A timer that rings earlier does: it is one look too many, and there is less of that
    /// than of sleeps while there is much to do.
    /// </summary>
    private void Ring_NeedsLock(DateTimeOffset now, TimeSpan left)
    {
        if (rings > now && rings <= now + left) return;
        rings = now + left;
        timer ??= time.CreateTimer(static signal => ((WakeSignal)signal!).Rung(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(Sleep.WholeMilliseconds(left), Timeout.InfiniteTimeSpan);
    }

    private void Rung()
    {
        TaskCompletionSource<bool>? asleep;
        lock (gate)
        {
            rings = DateTimeOffset.MaxValue;
            asleep = sleeper;
        }

        asleep?.TrySetResult(false);
    }
}
