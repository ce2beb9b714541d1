namespace Nightmail.Testing;

/// <summary>
/// A clock that stands still until it is told to go on. Its timers fire inside <see cref="Advance"/>, in the order of their times, each
/// seeing its own moment as the present. The wall clock can be set apart from them, as a person or a time server does.
/// </summary>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<ManualTimer, (long Due, long Order)> timers = new();
    private readonly DateTimeOffset start;
    private long ticks;
    private long order;
    private TimeSpan wallShift;

    /// <summary>A clock that stands at <paramref name="start"/>; without one, at a Tuesday morning in winter.</summary>
    public ManualTime(DateTimeOffset? start = null) => this.start = start ?? new(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>When the next timer is due, on the monotonic scale of <see cref="Elapsed"/>; null: there is none.</summary>
    public TimeSpan? NextTimer
    {
        get
        {
            lock (gate)
            {
                while (timers.TryPeek(out var timer, out var key))
                {
                    if (timer.IsCurrent(key.Order)) return TimeSpan.FromTicks(key.Due);
                    timers.Dequeue();
                }

                return null;
            }
        }
    }

    /// <summary>Time passed since the start, untouched by a set wall clock.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Volatile.Read(ref ticks));

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => start + Elapsed + wallShift;

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref ticks);

    /// <summary>Sets the wall clock forward or back; timers go on as they were.</summary>
    public void ShiftWall(TimeSpan by) => wallShift += by;

    /// <summary>Lets this much time pass.</summary>
    public void Advance(TimeSpan by) => AdvanceTo(Elapsed + by);

    /// <summary>Lets time pass until <see cref="Elapsed"/> is <paramref name="elapsed"/>.</summary>
    public void AdvanceTo(TimeSpan elapsed)
    {
        while (NextTimer is { } next && next <= elapsed)
        {
            ManualTimer? timer = null;
            lock (gate)
            {
                if (timers.TryDequeue(out var candidate, out var key) && candidate.IsCurrent(key.Order))
                {
                    timer = candidate;
                    ticks = Math.Max(ticks, key.Due);
                }
            }

            timer?.Fire();
        }

        Volatile.Write(ref ticks, Math.Max(ticks, elapsed.Ticks));
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private long Enqueue(ManualTimer timer, TimeSpan dueTime)
    {
        lock (gate)
        {
            timers.Enqueue(timer, (ticks + dueTime.Ticks, ++order));
            return order;
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private long current;
        private TimeSpan period = Timeout.InfiniteTimeSpan;

        public bool IsCurrent(long candidate) => Volatile.Read(ref current) == candidate;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            this.period = period;
            Volatile.Write(ref current, dueTime == Timeout.InfiniteTimeSpan ? 0 : time.Enqueue(this, dueTime));
            return true;
        }

        public void Fire()
        {
            Volatile.Write(ref current, period > TimeSpan.Zero ? time.Enqueue(this, period) : 0);
            callback(state);
        }

        public void Dispose() => Volatile.Write(ref current, 0);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
