using System.CommandLine;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>reschedule ID --at WHEN</c>: gives an email another time.</summary>
internal sealed class RescheduleCommand : Verb
{
    private readonly Argument<string> id = Words.Id();
    private readonly Option<string?> at = Words.At("The new time: 'tomorrow 9:00', 'in 2 hours', '2026-12-24 18:00 Europe/Berlin', …");
    private readonly Flag allowPast = Words.AllowPast();

    /// <summary>The command.</summary>
    public RescheduleCommand()
        : base("reschedule", "Gives an email another time.", "nightmail reschedule 9f3c21 --at \"mon 8:00\"")
    {
        at.Required = true;
        Add(id);
        Add(at);
        Add(allowPast);
    }

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var when = session.When(words.GetValue(at)!, allowPast.IsSet(words));
        if (when.Note is { } note) session.Note(note);
        return new ChangeRun(session, new EmailChange.Reschedule(when.Instant, when.Wish), email => $"{StatusWord(email)}{when.Explanation}")
            .RunAsync([words.GetValue(id)!], cancellationToken);
    }

    private static string StatusWord(Core.Emails.ScheduledEmail email) => email.Status == Core.Emails.EmailStatus.Paused ? "paused, then " : "";
}
