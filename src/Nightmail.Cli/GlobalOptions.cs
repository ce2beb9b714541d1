using System.CommandLine;

namespace Nightmail.Cli;

/// <summary>The options that every command takes, before or after its name.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<string?> queue = new("--queue") { Description = "The queue file", HelpName = "FILE", Recursive = true };
    private readonly Option<string?> config = new("--config") { Description = "The configuration file", HelpName = "FILE", Recursive = true };
    private readonly Option<string?> server = new("--server") { Description = "A server to use instead of the queue file; its key comes from NIGHTMAIL_API_KEY, a file or a command, never from here", HelpName = "URL", Recursive = true };
    private readonly Option<string?> log = new("--log") { Description = "Write what happens to this file too", HelpName = "FILE", Recursive = true };
    private readonly Flag json = new("--json", "Print JSON on standard output") { Recursive = true };
    private readonly Flag verbose = new("--verbose", "Say more on standard error") { Recursive = true };

    /// <summary>The names of those that are followed by a value.</summary>
    public static readonly string[] WithValue = ["--queue", "--config", "--server", "--log"];

    /// <summary>Adds them to the outermost command.</summary>
    public void AddTo(Command root)
    {
        foreach (var option in (Option[])[queue, config, server, json, verbose, log]) root.Options.Add(option);
    }

    /// <summary>What was given.</summary>
    /// <exception cref="CommandFailure">An option is there without what it should say.</exception>
    public GlobalValues Read(ParseResult words) => new()
    {
        Queue = Text(words, queue),
        Config = Text(words, config),
        Server = Text(words, server),
        Log = Text(words, log),
        Json = json.IsSet(words),
        Verbose = verbose.IsSet(words),
    };

    // An empty value is a variable that was not set: whoever wrote it did not mean the default.
    private static string? Text(ParseResult words, Option<string?> option) =>
        words.GetValue(option) is { } text ? text.Trim().Length > 0 ? text : throw CommandFailure.Usage($"{option.Name} is empty; name a {option.HelpName}, or leave it away") : null;
}

/// <summary>The values of <see cref="GlobalOptions"/>.</summary>
internal sealed record GlobalValues
{
    /// <summary>The queue file that was asked for.</summary>
    public string? Queue { get; init; }

    /// <summary>The configuration file that was asked for.</summary>
    public string? Config { get; init; }

    /// <summary>The server that was asked for.</summary>
    public string? Server { get; init; }

    /// <summary>The log file that was asked for.</summary>
    public string? Log { get; init; }

    /// <summary>Print JSON.</summary>
    public bool Json { get; init; }

    /// <summary>Say more.</summary>
    public bool Verbose { get; init; }
}
