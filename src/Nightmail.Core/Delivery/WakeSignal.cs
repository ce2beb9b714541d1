namespace Nightmail.Core.Delivery;

/// <summary>Wakes one sleeper, early and as often as anybody likes; a wake-up before the sleep is not lost.</summary>
public sealed class WakeSignal(TimeProvider time)
{
    private readonly Lock gate = new();
    private TaskCompletionSource wake = new();

    /// <summary>Ends the present sleep, or the next one at once.</summary>
    public void Wake()
    {
        TaskCompletionSource sleeper;
        lock (gate) sleeper = wake;
        sleeper.TrySetResult();
    }

    /// <summary>
    /// Sleeps until woken, or until the wall clock has reached <paramref name="until"/>. The clock is looked at every
    /// <paramref name="slice"/>, so that a suspended machine or a clock that was set is noticed within it.
    /// </summary>
    public async Task SleepAsync(DateTimeOffset until, TimeSpan slice, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task woken;
            lock (gate)
            {
                if (wake.Task.IsCompleted)
                {
                    wake = new();
                    return;
                }

                woken = wake.Task;
            }

            var left = until - time.GetUtcNow();
            if (left <= TimeSpan.Zero) return;
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(woken, Task.Delay(WholeMilliseconds(left < slice ? left : slice), time, timer.Token));

            // Whoever wakes must not be made to run what the sleeper does next.
            await Task.Yield();
            timer.Cancel();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Timers cut fractions off; a sleep that ends a fraction early would only be slept again.</summary>
    private static TimeSpan WholeMilliseconds(TimeSpan span) => TimeSpan.FromMilliseconds(Math.Ceiling(span.TotalMilliseconds));
}
