using Nightmail.Cli.Configuration;

namespace Nightmail.Cli.Running;

/// <summary>The log: one line an event, with its time in UTC and its level. Never holds a body, a secret or a recipient.</summary>
internal abstract class LogFile
{
    /// <summary>No log was asked for.</summary>
    public static LogFile None { get; } = new Nothing();

    /// <summary>Writes a line.</summary>
    public abstract void Write(LogLevel level, string line);

    private sealed class Nothing : LogFile
    {
        public override void Write(LogLevel level, string line)
        {
        }
    }
}
