using System.Globalization;

namespace Nightmail.Bench.Measuring;

/// <summary>What the programs that this one has started have used.</summary>
internal static class Children
{
    /// <summary>Where the times of ended children stand in the kernel's line, counted behind the program's name (proc(5): cutime, cstime).</summary>
    private const int User = 13, Kernel = 14;

    /// <summary>The kernel counts in hundredths of a second, wherever programs can see it.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Processor time of all children that have ended.</summary>
    public static TimeSpan ProcessorTime()
    {
        var line = File.ReadAllText("/proc/self/stat");
        var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds((long.Parse(fields[User], CultureInfo.InvariantCulture) + long.Parse(fields[Kernel], CultureInfo.InvariantCulture)) / TicksPerSecond);
    }
}
