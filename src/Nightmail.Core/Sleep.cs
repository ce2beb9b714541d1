namespace Nightmail.Core;

/// <summary>Waiting by an injected clock.</summary>
public static class Sleep
{
    /// <summary>
    /// Waits this long by <paramref name="time"/>. Unlike <c>Task.Delay</c> a cancelled wait goes on where it was awaited, never on a
    /// thread of its own, so that a world on one thread stays on it.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task SleepAsync(this TimeProvider time, TimeSpan span, CancellationToken cancellationToken)
    {
        await UntilAsync(time, span, new TaskCompletionSource(), cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Waits until <paramref name="wake"/> is completed, by the clock after <paramref name="span"/> or by the token if nobody else does it first.</summary>
    internal static async Task UntilAsync(TimeProvider time, TimeSpan span, TaskCompletionSource wake, CancellationToken cancellationToken)
    {
        await using (time.CreateTimer(Complete, wake, WholeMilliseconds(span), Timeout.InfiniteTimeSpan))
        await using (cancellationToken.Register(Complete, wake))
            await wake.Task;
    }

    private static void Complete(object? wake) => ((TaskCompletionSource)wake!).TrySetResult();

    /// <summary>Timers cut fractions off; a sleep that ends a fraction early would only be slept again.</summary>
    internal static TimeSpan WholeMilliseconds(TimeSpan span) => TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, span.TotalMilliseconds)));
}
