using System.Runtime.InteropServices;

namespace Nightmail.Cli;

/// <summary>SIGINT and SIGTERM, which ask the program to end in order.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> registrations = [];

    private StopSignals()
    {
    }

    /// <summary>Calls back for each of them, which then do not end the process by themselves, until the result is disposed.</summary>
    public static IDisposable Watch(Action callback)
    {
        var signals = new StopSignals();
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM])
        {
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
}
