using System.CommandLine;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Serving;

namespace Nightmail.Cli.Commands;

/// <summary><c>serve</c>: API and worker over a data folder, in one process.</summary>
internal sealed class ServeCommand : Verb
{
    private readonly Option<string?> data = new("--data") { Description = "The data folder, which one server owns ($XDG_DATA_HOME/nightmail)", HelpName = "DIR" };
    private readonly Option<string[]> urls = new("--urls") { Description = "Where to listen (http://127.0.0.1:8025)", HelpName = "URL", AllowMultipleArgumentsPerToken = true };
    private readonly Flag behindProxy = new("--behind-proxy", "A proxy in front of it speaks TLS: listen on any address");
    private readonly Flag noWorkers = new("--no-workers", "Answer, and send nothing");

    /// <summary>The command.</summary>
    public ServeCommand()
        : base("serve", "Runs the server: campaigns, accounts and an API over a data folder.", "nightmail serve", "nightmail serve --data /var/lib/nightmail --urls http://127.0.0.1:8080")
    {
        Add(data);
        Add(urls);
        Add(behindProxy);
        Add(noWorkers);
    }

    /// <inheritdoc/>
    public override bool Works => true;

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        session.NoteWarnings();
        ServerLibraries.Enable();
        var folder = words.GetValue(data) is { Length: > 0 } named ? Path.GetFullPath(named) : Paths.Data(session.Surroundings.Variable);
        return ServerRun.RunAsync(session, new(folder, words.GetValue(urls) ?? [], behindProxy.IsSet(words), !noWorkers.IsSet(words)), cancellationToken);
    }
}
