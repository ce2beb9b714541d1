namespace Nightmail.Core.Delivery;

/// <summary>Wakes one sleeper, early and as often as anybody likes; a wake-up before the sleep is not lost.</summary>
public sealed class WakeSignal(TimeProvider time)
{
    private readonly Lock gate = new();
    private TaskCompletionSource? sleeper;
    private bool woken;

    /// <summary>Ends the present sleep, or the next one at once.</summary>
    public void Wake()
    {
        TaskCompletionSource? asleep;
        lock (gate)
        {
            woken = true;
            asleep = sleeper;
        }

        asleep?.TrySetResult();
    }

    /// <summary>
    /// Sleeps until woken, or until the wall clock has reached <paramref name="until"/>. The clock is looked at every
    /// <paramref name="slice"/>, so that a suspended machine or a clock that was set is noticed within it.
    /// </summary>
    public async Task SleepAsync(DateTimeOffset until, TimeSpan slice, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TaskCompletionSource asleep;
            lock (gate)
            {
                if (woken)
                {
                    woken = false;
                    return;
                }

                asleep = sleeper = new();
            }

            var left = until - time.GetUtcNow();
            if (left <= TimeSpan.Zero) return;
            await Sleep.UntilAsync(time, left < slice ? left : slice, asleep, cancellationToken);

            // Whoever wakes must not be made to run what the sleeper does next.
            await Task.Yield();
        }
    }
}
