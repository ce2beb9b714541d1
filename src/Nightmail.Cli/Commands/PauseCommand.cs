using System.CommandLine;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>pause ID… | --all</c>: holds emails, or sending as a whole.</summary>
internal sealed class PauseCommand : Verb
{
    private readonly Argument<string[]> ids = Words.Ids(optional: true);
    private readonly Flag all = new("--all", "Sending as a whole: no worker begins anything until resume --all");

    /// <summary>The command.</summary>
    public PauseCommand()
        : base("pause", "Holds emails back until they are resumed.", "nightmail pause 9f3c21", "nightmail pause --all")
    {
        Add(ids);
        Add(all);
    }

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var named = words.GetValue(ids) ?? [];
        if (all.IsSet(words) == named.Length > 0) throw CommandFailure.Usage("name the emails to pause, or say --all for sending as a whole");
        return named.Length > 0
            ? new ChangeRun(session, new EmailChange.Pause(), _ => "paused").RunAsync(named, cancellationToken)
            : SendingSwitch.SetAsync(paused: true, session, cancellationToken);
    }
}
