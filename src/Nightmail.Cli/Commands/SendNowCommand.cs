using System.CommandLine;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>send-now ID</c>: makes an email due at once.</summary>
internal sealed class SendNowCommand : Verb
{
    private readonly Argument<string> id = Words.Id();

    /// <summary>The command.</summary>
    public SendNowCommand()
        : base("send-now", "Makes an email due at once, ahead of its time or of the wait after a deferral.", "nightmail send-now 9f3c21") => Add(id);

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var exitCode = await new ChangeRun(session, new EmailChange.Reschedule(session.Now, null), Describe).RunAsync([words.GetValue(id)!], cancellationToken);
        if (exitCode == ExitCodes.Done) await WhoSends.NoteAsync(session, cancellationToken);
        return exitCode;
    }

    private static string Describe(ScheduledEmail email) => email.Status == EmailStatus.Paused ? "due now, but paused: resume it to send it" : "due now";
}
