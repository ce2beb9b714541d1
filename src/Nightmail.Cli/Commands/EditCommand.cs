using System.CommandLine;
using Nightmail.Cli.Editing;
using Nightmail.Cli.Printing;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>edit ID</c>: the person's editor on the message and its time.</summary>
internal sealed class EditCommand : Verb
{
    private readonly Argument<string> id = Words.Id();
    private readonly Flag allowPast = Words.AllowPast();

    /// <summary>The command.</summary>
    public EditCommand()
        : base("edit", "Opens an email in $VISUAL or $EDITOR: its recipients, its text, its time. What is attached stays.", "nightmail edit 9f3c21", "EDITOR=nano nightmail edit 9f3c21")
    {
        Add(id);
        Add(allowPast);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var email = await new EmailLookup(session).FindAsync(words.GetValue(id)!, cancellationToken);
        if (WhyNot(email) is { } refusal) throw new CommandFailure(ExitCodes.WrongState, $"{email.Id} is left as it is: {refusal}");
        var changed = await new EditDialogue(session, email, await session.RequireAccountsAsync(cancellationToken), allowPast.IsSet(words)).RunAsync(cancellationToken);
        if (changed is null) session.Note("unchanged: nothing was done");
        if (session.Globals.Json)
        {
            var context = await session.WhyContextAsync(cancellationToken);
            session.Print(JsonText.Line(json => EmailJson.Write(json, changed ?? email, context)));
        }
        else if (changed is not null)
        {
            var line = $"{changed.Id} edited; {TimeWords.Explain(changed.ScheduledFor, session.Zone, session.Now)}";
            session.Print($"{line}\n", line);
        }

        return ExitCodes.Done;
    }

    // Said before anybody has written anything; the store says it again when the text is saved.
    private static string? WhyNot(ScheduledEmail email) => email.Status switch
    {
        EmailStatus.Pending or EmailStatus.Paused or EmailStatus.Sending => null,
        EmailStatus.InDoubt => "it may have left already and nobody knows; say 'retry' to send it again or 'mark-sent' to close it",
        EmailStatus.Failed => "it has failed; 'retry' makes it pending again",
        EmailStatus.Sent => "it has left already",
        _ => $"it is {email.Status.Name()}",
    };
}
