using System.CommandLine;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>resume ID… | --all</c>: lets paused emails go, or sending as a whole.</summary>
internal sealed class ResumeCommand : Verb
{
    private readonly Argument<string[]> ids = Words.Ids(optional: true);
    private readonly Flag all = new("--all", "Sending as a whole; what is paused one by one stays so");

    /// <summary>The command.</summary>
    public ResumeCommand()
        : base("resume", "Lets paused emails go: those whose time has passed leave at once.", "nightmail resume 9f3c21", "nightmail resume --all")
    {
        Add(ids);
        Add(all);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var named = words.GetValue(ids) ?? [];
        if (all.IsSet(words) == named.Length > 0) throw CommandFailure.Usage("name the emails to resume, or say --all for sending as a whole");
        var exitCode = named.Length > 0
            ? await new ChangeRun(session, new EmailChange.Resume(), _ => "pending again").RunAsync(named, cancellationToken)
            : await SendingSwitch.SetAsync(paused: false, session, cancellationToken);
        if (exitCode == ExitCodes.Done) await WhoSends.NoteAsync(session, cancellationToken);
        return exitCode;
    }
}
