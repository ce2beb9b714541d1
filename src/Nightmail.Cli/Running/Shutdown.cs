namespace Nightmail.Cli.Running;

/// <summary>
/// The end of a worker. The first signal stops it in order: it takes no more and finishes what is on its way, for so long. The second, or
/// the end of that time, ends it at once: what waits for a server's answer then stays in doubt.
/// </summary>
internal sealed class Shutdown : IDisposable
{
    /// <summary>How long what is on its way may take. Less than the 90 s after which systemd kills.</summary>
    public static readonly TimeSpan FinishLimit = TimeSpan.FromSeconds(80);

    /// <summary>After giving up there is only bookkeeping left.</summary>
    private static readonly TimeSpan GiveUpLimit = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource stop;
    private readonly CancellationTokenSource abandon = new();
    private readonly TaskCompletionSource hardEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<ITimer> timers = [];
    private readonly IDisposable signals;
    private readonly CancellationTokenRegistration stopped;
    private int signalCount;

    /// <summary>Listens to signals and to <paramref name="cancellationToken"/>, which counts as the first one.</summary>
    public Shutdown(Surroundings surroundings, CancellationToken cancellationToken)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stopped = stop.Token.Register(() =>
        {
            timers.Add(surroundings.Time.CreateTimer(_ => abandon.Cancel(), null, FinishLimit, Timeout.InfiniteTimeSpan));
            timers.Add(surroundings.Time.CreateTimer(_ => hardEnd.TrySetResult(), null, FinishLimit + GiveUpLimit, Timeout.InfiniteTimeSpan));
        });
        signals = surroundings.OnStopSignal(OnSignal);
    }

    /// <summary>Ends it in order.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>Gives up what is on its way.</summary>
    public CancellationToken Abandon => abandon.Token;

    /// <summary>Completes when nothing is waited for any more.</summary>
    public Task HardEnd => hardEnd.Task;

    /// <summary>Stops in order, as the first signal does.</summary>
    public void Begin() => stop.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        signals.Dispose();
        stopped.Dispose();
        timers.ForEach(timer => timer.Dispose());
        stop.Dispose();
        abandon.Dispose();
    }

    private void OnSignal()
    {
        if (Interlocked.Increment(ref signalCount) == 1)
        {
            stop.Cancel();
            return;
        }

        abandon.Cancel();
        hardEnd.TrySetResult();
    }
}
