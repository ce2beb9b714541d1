namespace Nightmail.Cli;

/// <summary>Ends a command before it changed anything: one line that says why and what to do, and the exit code.</summary>
internal sealed class CommandFailure(int exitCode, string message) : Exception(message)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode => exitCode;

    /// <summary>Refused or failed.</summary>
    public static CommandFailure Refused(string message) => new(ExitCodes.Refused, message);

    /// <summary>Wrong usage.</summary>
    public static CommandFailure Usage(string message) => new(ExitCodes.Usage, message);

    /// <summary>Not found.</summary>
    public static CommandFailure NotFound(string message) => new(ExitCodes.NotFound, message);
}
