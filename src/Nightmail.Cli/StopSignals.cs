using System.Globalization;
using System.Runtime.InteropServices;

namespace Nightmail.Cli;

/// <summary>SIGINT, SIGTERM and SIGHUP, which ask the program to end in order.</summary>
internal sealed class StopSignals : IDisposable
{
    private const string StatusFile = "/proc/self/status";
    private const string IgnoredLine = "SigIgn:";
    private readonly List<PosixSignalRegistration> registrations = [];

    private StopSignals()
    {
    }

    /// <summary>Calls back for each of them, which then do not end the process by themselves, until the result is disposed.</summary>
    public static IDisposable Watch(Action callback)
    {
        var signals = new StopSignals();
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            // What nohup, or a shell for its background jobs, has the program ignore stays ignored.
            if (IsIgnored(signal)) continue;
            signals.registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                callback();
            }));
        }

        return signals;
    }

    /// <inheritdoc/>
    public void Dispose() => registrations.ForEach(registration => registration.Dispose());

    private static bool IsIgnored(PosixSignal signal)
    {
        var number = signal switch { PosixSignal.SIGHUP => 1, PosixSignal.SIGINT => 2, _ => 15 };
        try
        {
            var line = File.ReadLines(StatusFile).FirstOrDefault(each => each.StartsWith(IgnoredLine, StringComparison.Ordinal));
            return line is not null && ulong.TryParse(line.AsSpan(IgnoredLine.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var mask)
                && (mask & (1UL << (number - 1))) != 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
