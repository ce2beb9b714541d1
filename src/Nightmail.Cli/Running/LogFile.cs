using System.Text;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Printing;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Cli.Running;

/// <summary>
/// The log: one line an event, with its time in UTC and its level. Several processes may write to one file. Never holds a body, a secret
/// or a recipient.
/// </summary>
internal sealed class LogFile : IDisposable
{
    private readonly Lock gate = new();
    private readonly IDiskFile? file;
    private readonly LogLevel least;
    private readonly TimeProvider time;

    private LogFile(IDiskFile? file, LogLevel least, TimeProvider time)
    {
        this.file = file;
        this.least = least;
        this.time = time;
    }

    /// <summary>Opens the log; without a path nothing is ever written.</summary>
    /// <exception cref="CommandFailure">The file cannot be written.</exception>
    public static LogFile Open(string? path, LogLevel least, TimeProvider time)
    {
        try
        {
            return new(path is null ? null : RealDisk.Instance.OpenAppend(Path.GetFullPath(path)), least, time);
        }
        catch (StoreException unwritable)
        {
            throw CommandFailure.Refused($"the log cannot be written: {unwritable.Message}");
        }
    }

    /// <summary>True when lines of that level are written.</summary>
    public bool Wants(LogLevel level) => file is not null && level >= least;

    /// <summary>Writes a line, if its level is logged.</summary>
    public void Write(LogLevel level, string line)
    {
        if (file is null || level < least) return;
        var bytes = Encoding.UTF8.GetBytes($"{JsonText.Time(time.GetUtcNow())} {level.ToString().ToLowerInvariant()} [{Environment.ProcessId}] {Printable.OneLine(line)}\n");
        try
        {
            lock (gate) file.Write(bytes);
        }
        catch (StoreException)
        {
            // A log on a full disk must not stop mail that could still leave.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file?.Dispose();
}
