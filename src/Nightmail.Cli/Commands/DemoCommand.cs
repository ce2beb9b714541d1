using System.CommandLine;
using Nightmail.Cli.Demo;

namespace Nightmail.Cli.Commands;

/// <summary><c>demo</c>: emails leave before one's eyes, without account or network.</summary>
internal sealed class DemoCommand : Verb
{
    private readonly Flag keep = new("--keep", "Leave it running until Ctrl-C");

    /// <summary>The command.</summary>
    public DemoCommand()
        : base("demo", "Shows emails leave at their time: no account and no network are needed, nothing is left behind.", "nightmail demo") => Add(keep);

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken) =>
        new DemoShow(session.Surroundings, session.Globals, TimeSpan.FromSeconds(1)).RunAsync(keep.IsSet(words), cancellationToken);
}
