using System.CommandLine;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>undo</c>: takes the last scheduled email back.</summary>
internal sealed class UndoCommand : Verb
{
    /// <summary>The command.</summary>
    public UndoCommand()
        : base("undo", "Takes the last scheduled email back, if it has not left.", "nightmail undo")
    {
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var all = await session.Store.ListAsync(new(), cancellationToken);
        // On a server others schedule too: theirs are not this person's to take back by a word.
        if (session.Server is not null) all = [.. all.Where(email => email.CreatedBy == session.Surroundings.UserAtHost())];
        if (all.Count == 0) throw CommandFailure.NotFound("nothing has been scheduled");

        // Never the one before the last: who says undo twice by mistake keeps last week's email.
        var last = all.OrderBy(email => email.CreatedAt).ThenBy(email => email.Id).Last();
        return await new ChangeRun(session, new EmailChange.Cancel(), Describe).RunAsync([last.Id.ToString()], cancellationToken);
    }

    private static string Describe(ScheduledEmail email) => $"cancelled: \"{email.Content.Subject}\" to {string.Join(", ", email.Content.AllMailboxes)}";
}
