using System.Diagnostics;

namespace Nightmail.Bench.Measuring;

/// <summary>Takes time.</summary>
internal static class Stopwatches
{
    /// <summary>The milliseconds that the work takes.</summary>
    public static async Task<double> MillisecondsAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    /// <summary>The milliseconds that the work takes.</summary>
    public static double Milliseconds(Action work)
    {
        var started = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
