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
        if (held.IsSet(words)) return await ReleaseAsync(session, cancellationToken);
        var exitCode = all.IsSet(words)
            ? await SendingSwitch.SetAsync(paused: false, session, cancellationToken)
            : await new ChangeRun(session, new EmailChange.Resume(), PendingAgain).RunAsync(named, cancellationToken);
        if (exitCode == ExitCodes.Done) await WhoSends.NoteAsync(session, cancellationToken);
        return exitCode;
    }

    private static string PendingAgain(ScheduledEmail email) => "pending again";

    /// <summary>Lets go what may have left and of which nothing else is wrong, and says what stays and why.</summary>
    private static async Task<int> ReleaseAsync(Session session, CancellationToken cancellationToken)
    {
        session.ExpectMany();
        var held = await session.Store.HeldAsync(cancellationToken);
        var run = new ChangeRun(session, new EmailChange.Resume(), PendingAgain);
        var exitCode = await run.RunAsync(held, cancellationToken);
        var left = (await session.Store.ListAsync(new() { Statuses = [EmailStatus.Paused] }, cancellationToken)).ToLookup(Settlement.MayBeWrong);
        if (held.Count > 0) session.Note(Sentence(held.Count, run.Changed, session.Now));
        else if (!left[true].Any()) session.Note("nothing is held; what a person paused is resumed by its id");
        if (left[true].Any()) session.Note($"{left[true].Count()} stay paused because their content may be wrong: look at each ({session.Command("list --status paused")}), then resume it by its id");
        if (held.Count > 0 && left[false].Count(email => !Settlement.IsHeld(email)) is > 0 and var chosen) session.Note($"{chosen} {(chosen == 1 ? "was paused by a person and stays" : "were paused by a person and stay")} so");
        if (run.Changed.Count == 0) return exitCode;
        if ((await session.Store.OverviewAsync(cancellationToken)).SendingPaused) session.Note($"sending is paused as a whole, so nothing leaves yet; when all is well: {session.Command("resume --all")}");
        await WhoSends.NoteAsync(session, cancellationToken);
        return exitCode;
    }

    private static string Sentence(int held, List<ScheduledEmail> released, DateTimeOffset now)
    {
        // When a campaign's go is the campaign's affair.
        var due = released.Count(email => email.Campaign is null && email.Due <= now);
        var stayed = held - released.Count;
        return $"{released.Count} of {held} let go{(due > 0 ? $", {due} of them due by now" : "")}{(stayed > 0 ? $"; {stayed} {(stayed == 1 ? "stays" : "stay")} as {(stayed == 1 ? "it is" : "they are")}, each with its reason above" : "")}";
    }
}
