using NodaTime;

namespace Nightmail.Cli;

/// <summary>Everything outside the program that a command may touch besides files and the network, so that tests can stand in for it.</summary>
public sealed record Surroundings
{
    /// <summary>Opens standard input, as bytes.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Gives standard output, opened when it is first asked for.</summary>
    public required Func<TextWriter> OutputOf { get; init; }

    /// <summary>Gives standard error, opened when it is first asked for.</summary>
    public required Func<TextWriter> ErrorOf { get; init; }

    /// <summary>Opens standard output for bytes.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>Why standard output takes nothing more; null: it does. What is written to it then is lost without an exception.</summary>
    public Func<OutputFailure?> OutputFailure { get; init; } = () => null;

    /// <summary>The columns of the terminal that standard output is; null when it is none.</summary>
    public int? Width { get; init; }

    /// <summary>True when standard output is a terminal.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>True when standard input is a terminal, so that nobody waits there for a body by mistake.</summary>
    public bool InputIsTerminal { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The dice.</summary>
    public required Random Random { get; init; }

    /// <summary>An environment variable, or null.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>The machine's time zone; asked for only when it is needed, because loading zones takes time.</summary>
    public required Func<DateTimeZone> MachineZone { get; init; }

    /// <summary>Says who schedules: <c>user@host</c>.</summary>
    public required Func<string> UserAtHost { get; init; }

    /// <summary>Calls back for each SIGINT, SIGTERM and SIGHUP until the result is disposed.</summary>
    public required Func<Action, IDisposable> OnStopSignal { get; init; }

    /// <summary>The words of the command line as bytes, each ended by a NUL.</summary>
    public Func<byte[]> RawArguments { get; init; } = () => [];

    /// <summary>The name by which the program was started.</summary>
    public string InvokedAs { get; init; } = "nightmail";

    /// <summary>Standard output: data.</summary>
    public TextWriter Output => OutputOf();

    /// <summary>Standard error: everything else.</summary>
    public TextWriter Error => ErrorOf();

    /// <summary>The surroundings of a real process.</summary>
    internal static Surroundings Of(StandardStreams streams) => new()
    {
        OpenInput = Console.OpenStandardInput,
        OutputOf = () => streams.Output,
        ErrorOf = () => streams.Error,
        OpenOutput = () => streams.OutputBytes,
        OutputFailure = () => streams.OutputFailure,
        Width = Console.IsOutputRedirected ? null : Console.WindowWidth,
        OutputIsTerminal = !Console.IsOutputRedirected,
        InputIsTerminal = !Console.IsInputRedirected,
        Time = TimeProvider.System,
        Random = new Random(),
        Variable = Environment.GetEnvironmentVariable,
        MachineZone = () => LocalZone.Find(streams.Error),
        UserAtHost = () => $"{Environment.UserName}@{Environment.MachineName}",
        OnStopSignal = StopSignals.Watch,
        InvokedAs = Sendmail.InvokedAs.Name(),
        RawArguments = Cli.RawArguments.OfThisProcess,
    };
}
