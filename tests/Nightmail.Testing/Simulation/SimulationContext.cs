namespace Nightmail.Testing.Simulation;

/// <summary>
/// One thread for a whole world: everything that awaits goes on here, one at a time, in an order drawn from the seed. So a run can be
/// repeated exactly, and other seeds try other orders.
/// </summary>
public sealed class SimulationContext(Random random) : SynchronizationContext
{
    private readonly List<(SendOrPostCallback Callback, object? State)> ready = [];

    /// <summary>Steps taken so far.</summary>
    public long Steps { get; private set; }

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!ReferenceEquals(Current, this)) throw new InvalidOperationException("A continuation came from another thread: the run could not be repeated.");
        ready.Add((d, state));
    }

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing in a simulation may block.");

    /// <summary>Runs <paramref name="world"/> on this context until it is done, letting time pass whenever nothing else can happen.</summary>
    /// <param name="world">The world's main task.</param>
    /// <param name="time">The world's clock.</param>
    /// <param name="beforeStep">Called before each step: the place for crashes.</param>
    /// <param name="maxSteps">Ends a world that does not come to rest.</param>
    public void Run(Func<Task> world, ManualTime time, Action beforeStep, long maxSteps)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            var main = world();
            while (!main.IsCompleted)
            {
                if (ready.Count > 0) Step(beforeStep);
                else if (time.NextTimer is { } next) time.AdvanceTo(next);
                else throw new InvalidOperationException("The world has come to a standstill: nothing is ready and no timer runs.");
                if (Steps > maxSteps) throw new InvalidOperationException($"The world did not come to rest within {maxSteps} steps.");
            }

            main.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    private void Step(Action beforeStep)
    {
        Steps++;
        beforeStep();
        var index = random.Next(ready.Count);
        var (callback, state) = ready[index];
        ready[index] = ready[^1];
        ready.RemoveAt(ready.Count - 1);
        callback(state);
    }
}
