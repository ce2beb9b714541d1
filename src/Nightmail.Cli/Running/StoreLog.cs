using Nightmail.Cli.Configuration;
using Nightmail.Core.Emails;
using Nightmail.Store.File;

namespace Nightmail.Cli.Running;

/// <summary>Puts what the queue file's store does into the log, and what a person should know on standard error too.</summary>
internal sealed class StoreLog(LogFile log, Action<string> note, bool verbose) : IStoreObserver
{
    /// <inheritdoc/>
    public bool WantsOperations => verbose || log.Wants(LogLevel.Debug);

    /// <inheritdoc/>
    public void On(StoreEvent happened)
    {
        var (level, line) = Words(happened);
        log.Write(level, line);
        if (happened is StoreEvent.Warned) note($"warning: {line}");
        else if (verbose) note(line);
    }

    private static (LogLevel Level, string Line) Words(StoreEvent happened) => happened switch
    {
        StoreEvent.FileOperation operation => (LogLevel.Debug, $"file: {operation.Operation} {operation.Path} ({Milliseconds(operation.Took)})"),
        StoreEvent.LockTaken taken => (LogLevel.Debug, $"lock: {taken.Path} taken after {Milliseconds(taken.Waited)}"),
        StoreEvent.LockReleased released => (LogLevel.Debug, $"lock: {released.Path} released after {Milliseconds(released.Held)}"),
        StoreEvent.Changed changed => (LogLevel.Information, $"{changed.Email}: {changed.From?.Name() ?? "new"} -> {changed.To?.Name() ?? "gone"}"),
        StoreEvent.Done done => (LogLevel.Information, done.Words),
        StoreEvent.Warned warned => (LogLevel.Warning, warned.Words),
        StoreEvent.Failed { Call: { } call } failed => (LogLevel.Error, $"{failed.Message} (operation {call.Operation}, path {call.Path}, errno {call.Code})"),
        StoreEvent.Failed failed => (LogLevel.Error, failed.Message),
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, null),
    };

    private static string Milliseconds(TimeSpan span) => $"{span.TotalMilliseconds:0.0} ms";
}
