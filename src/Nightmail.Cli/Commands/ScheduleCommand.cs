using System.CommandLine;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Drafts;
using Nightmail.Cli.Printing;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Commands;

/// <summary><c>schedule</c>: one email, from options or from a complete message.</summary>
internal sealed class ScheduleCommand : Verb
{
    private readonly MessageOptions message = new();
    private readonly Option<string?> at = Words.At("When: 'tomorrow 9:00', '17:30', 'in 2 hours', '2026-12-24 18:00 Europe/Berlin', '@1795330004'; without it, after the undo delay");
    private readonly Flag allowPast = Words.AllowPast();
    private readonly Option<string?> notAfter = Words.Text("--not-after", "WHEN", "Rather not at all than later than this");
    private readonly Option<string?> account = Words.Text("--account", "NAME", "The account it must go through");
    private readonly Option<string?> key = Words.Text("--idempotency-key", "KEY", "A repeated call with the same key schedules nothing and names the first one's email");

    /// <summary>The command.</summary>
    public ScheduleCommand()
        : base(
            "schedule",
            "Schedules one email. When this returns the email is safe on disk.",
            "nightmail schedule --to ada@example.org --subject Hello --body \"Good morning\" --at \"tomorrow 9:00\"",
            "nightmail schedule --to \"Ada <ada@example.org>\" --subject Report --body-file report.txt --attach report.pdf --at \"mon 8:00\"",
            "echo \"See you\" | nightmail schedule --to ada@example.org --subject Lunch -",
            "nightmail schedule --eml letter.eml --at 2026-12-24T18:00:00+01:00")
    {
        message.AddTo(this);
        foreach (var option in (Option[])[at, allowPast, notAfter, account, key]) Add(option);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var when = When(words, session);
        var last = words.GetValue(notAfter) is { } text ? session.When(text) : null;
        var wanted = message.Read(words);
        var accounts = await session.RequireAccountsAsync(cancellationToken);
        session.NoteWarnings();
        await using var draft = await Draft.OpenAsync(wanted, session, cancellationToken);
        var request = new ScheduleRequest
        {
            Content = draft.Content,
            ScheduledFor = when.Instant,
            Wish = when.Wish,
            AtAsWorded = words.GetValue(at) ?? "",
            NotAfter = last?.Instant,
            NotAfterAsWorded = words.GetValue(notAfter),
            Account = words.GetValue(account),
            IdempotencyKey = words.GetValue(key) ?? (session.Server is null ? null : Remote.RemoteQueue.NewKey(session.Surroundings.Time)),
            MessageId = draft.MessageId,
            CreatedBy = session.Surroundings.UserAtHost(),
        };
        var scheduler = new Scheduler(session.Store, session.Surroundings.Time, accounts);
        if (scheduler.Check(request) is { } wrong) throw Refused(wrong);
        var kept = request with { Content = await draft.KeepFilesAsync(session, cancellationToken) };
        return await scheduler.ScheduleAsync(kept, cancellationToken) switch
        {
            ScheduleResult.Scheduled scheduled => await PrintAsync(scheduled.Email, when, held: words.GetValue(at) is null, session, cancellationToken),
            ScheduleResult.NotYetSafe doubtful => await PrintNotYetSafeAsync(doubtful, when, session, cancellationToken),
            ScheduleResult.Existing existing => await PrintExistingAsync(existing, session, cancellationToken),
            ScheduleResult.Invalid invalid => throw Refused(invalid),
            ScheduleResult.KeyConflict conflict => throw CommandFailure.Refused($"the idempotency key belongs to another request, {conflict.Id}; use a new key for a new email"),
            var other => throw new InvalidOperationException($"unknown result {other.GetType().Name}"),
        };
    }

    private static CommandFailure Refused(ScheduleResult.Invalid invalid) => CommandFailure.Refused($"{invalid.Field}: {invalid.Error}");

    private WhenResult.Understood When(ParseResult words, Session session)
    {
        if (words.GetValue(at) is { } text) return session.When(text, allowPast.IsSet(words));
        var instant = session.Now + session.Settings.UndoDelay;
        return new(instant, null, TimeWords.Explain(instant, session.Zone, session.Now), null);
    }

    private static async Task<int> PrintAsync(ScheduledEmail email, WhenResult.Understood when, bool held, Session session, CancellationToken cancellationToken)
    {
        session.Log.Write(LogLevel.Information, $"schedule {email.Id}: {email.Status.Name()} for {JsonText.Time(email.ScheduledFor)}");
        var instead = $"{email.Id} is scheduled all the same: {when.Explanation}";
        if (session.Globals.Json) await PrintJsonAsync(email, instead, session, cancellationToken);
        else session.Print($"{email.Id} {when.Explanation}\n", instead);
        if (when.Note is { } note) session.Note(note);
        await WhoSends.NoteAsync(session, cancellationToken);
        if (held) session.Note($"held until {TimeWords.Short(when.Instant, session.Zone, session.Now)}: {session.Command("undo")} takes it back");
        return ExitCodes.Done;
    }

    private static async Task<int> PrintNotYetSafeAsync(ScheduleResult.NotYetSafe doubtful, WhenResult.Understood when, Session session, CancellationToken cancellationToken)
    {
        await PrintAsync(doubtful.Email, when, held: false, session, cancellationToken);
        session.Note($"nightmail: {doubtful.Trouble}; do not schedule it again");
        return ExitCodes.TryAgain;
    }

    private static async Task<int> PrintExistingAsync(ScheduleResult.Existing existing, Session session, CancellationToken cancellationToken)
    {
        if (existing.Email is { } email)
        {
            if (session.Globals.Json) await PrintJsonAsync(email, null, session, cancellationToken);
            else session.Print($"{email.Id} {TimeWords.Explain(email.ScheduledFor, session.Zone, session.Now)}\n");
        }
        else
        {
            session.Print(session.Globals.Json ? JsonText.Line(json =>
            {
                json.WriteStartObject();
                json.WriteString("id", existing.Id.ToString());
                json.WriteEndObject();
            }) : $"{existing.Id}\n");
        }

        session.Note("nothing was changed: this key was used before for the same request");
        return ExitCodes.Done;
    }

    private static async Task PrintJsonAsync(ScheduledEmail email, string? instead, Session session, CancellationToken cancellationToken)
    {
        var context = await session.WhyContextAsync(cancellationToken);
        session.Print(JsonText.Line(json => EmailJson.Write(json, email, context)), instead);
    }
}
