using System.CommandLine;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>resume ID… | --all | --held</c>: lets paused emails go, or sending as a whole.</summary>
internal sealed class ResumeCommand : Verb
{
    private readonly Argument<string[]> ids = Words.Ids(optional: true);
    private readonly Flag all = new("--all", "Sending as a whole; what is paused one by one stays so");
    private readonly Flag held = new("--held", "All that a restore, an import or a recovery holds because nothing tells whether they have left");

    /// <summary>The command.</summary>
    public ResumeCommand()
        : base("resume", "Lets paused emails go: those whose time has passed leave at once.", "nightmail resume 9f3c21", "nightmail resume --all", "nightmail resume --held")
    {
        Add(ids);
        Add(all);
        Add(held);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var named = words.GetValue(ids) ?? [];
        if ((named.Length > 0 ? 1 : 0) + (all.IsSet(words) ? 1 : 0) + (held.IsSet(words) ? 1 : 0) != 1)
            throw CommandFailure.Usage("name the emails to resume, or say --all for sending as a whole, or --held for all that are held because nothing tells whether they have left");
        if (held.IsSet(words)) named = await HeldAsync(session, cancellationToken);
        var exitCode = all.IsSet(words)
            ? await SendingSwitch.SetAsync(paused: false, session, cancellationToken)
            : await new ChangeRun(session, new EmailChange.Resume(), _ => "pending again").RunAsync(named, cancellationToken);
        if (exitCode == ExitCodes.Done) await WhoSends.NoteAsync(session, cancellationToken);
        return exitCode;
    }

    private static async Task<string[]> HeldAsync(Session session, CancellationToken cancellationToken)
    {
        var paused = await session.Store.ListAsync(new() { Statuses = [EmailStatus.Paused] }, cancellationToken);
        var wrong = paused.Count(Settlement.MayBeWrong);
        if (wrong > 0) session.Note($"{wrong} stay paused because their content may be wrong: look at each ({session.Command("list --status paused")}), then resume it by its id");
        string[] held = [.. paused.Where(Settlement.MayHaveLeft).Select(email => email.Id.ToString())];
        if (held.Length == 0 && wrong == 0) session.Note("nothing is held; what a person paused is resumed by its id");
        return held;
    }
}
