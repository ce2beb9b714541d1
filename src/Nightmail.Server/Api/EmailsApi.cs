using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;
using Nightmail.Server.Events;

namespace Nightmail.Server.Api;

/// <summary><c>/api/emails</c>: one email after the other, as the command line has them.</summary>
internal static class EmailsApi
{
    public static void MapEmails(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/emails").WithTags("emails");
        group.MapPost("", ScheduleAsync).Needs(KeyScopes.Send).WithName("scheduleEmail");
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listEmails");
        group.MapGet("/{id}", GetAsync).Needs(KeyScopes.Read).WithName("getEmail");
        group.MapGet("/{id}/why", WhyAsync).Needs(KeyScopes.Read).WithName("whyEmail");
        group.MapGet("/{id}/raw", RawAsync).Needs(KeyScopes.Read).WithName("rawEmail");
        group.MapGet("/{id}/attempts", AttemptsAsync).Needs(KeyScopes.Read).WithName("emailAttempts");
        group.MapPost("/{id}/reschedule", RescheduleAsync).Needs(KeyScopes.Send).WithName("rescheduleEmail");
        group.MapPost("/{id}/send-now", (string id, TimeProvider time, EmailDesk desk, CancellationToken cancel) => desk.ChangeAsync(id, new EmailChange.Reschedule(time.GetUtcNow(), null), cancel)).Needs(KeyScopes.Send).WithName("sendEmailNow");
        Map(group, "cancel", new EmailChange.Cancel());
        Map(group, "pause", new EmailChange.Pause());
        Map(group, "resume", new EmailChange.Resume());
        Map(group, "retry", new EmailChange.Retry());
        Map(group, "mark-sent", new EmailChange.MarkSent());
    }

    private static void Map(RouteGroupBuilder group, string word, EmailChange change) =>
        group.MapPost($"/{{id}}/{word}", (string id, EmailDesk desk, CancellationToken cancel) => desk.ChangeAsync(id, change, cancel)).Needs(KeyScopes.Send).WithName($"{word}Email");

    private static async Task<Results<Created<EmailAnswer>, Ok<EmailAnswer>>> ScheduleAsync(
        Body<EmailRequest> body, [FromHeader(Name = "Idempotency-Key")] string? key, IEmailStore store, AccountBook book, EmailDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = body.Value;
        var (at, wish) = request.ScheduledFor is { } text ? ApiTimes.Read("scheduledFor", text, time) : (time.GetUtcNow(), null);
        var scheduler = new Scheduler(store, time, await book.ReadyAsync(cancellationToken));
        var result = await scheduler.ScheduleAsync(new()
        {
            Content = new() { From = request.From, To = request.To, Cc = request.Cc, Bcc = request.Bcc, Subject = request.Subject, Text = request.Text, Html = request.Html },
            ScheduledFor = at, Wish = wish, AtAsWorded = request.ScheduledFor ?? "", Account = request.Account, IdempotencyKey = key,
            NotAfter = request.NotAfter is { } last ? ApiTimes.Read("notAfter", last, time).Instant : null, NotAfterAsWorded = request.NotAfter, CreatedBy = "api",
        }, cancellationToken);
        return result switch
        {
            ScheduleResult.Scheduled { Email: var email } => TypedResults.Created($"/api/emails/{email.Id}", await desk.AnswerAsync(email, cancellationToken)),
            ScheduleResult.Existing { Email: { } email } => TypedResults.Ok(await desk.AnswerAsync(email, cancellationToken)),
            ScheduleResult.Existing { Id: var id } => throw ApiProblem.Conflict($"this key scheduled {id}, which is no longer kept"),
            ScheduleResult.KeyConflict { Id: var id } => throw ApiProblem.Conflict($"this Idempotency-Key scheduled {id} with another request"),
            ScheduleResult.NotYetSafe { Trouble: var trouble } => throw new ApiProblem(StatusCodes.Status503ServiceUnavailable, "Not yet safe on disk", trouble),
            ScheduleResult.Invalid invalid => throw ApiProblem.Invalid(invalid.Field, invalid.Error),
            var other => throw new InvalidOperationException($"unknown result {other.GetType().Name}"),
        };
    }

    private static async Task<Ok<Page<EmailAnswer>>> ListAsync(string? status, string? account, string? search, int? limit, string? cursor, IEmailStore store, EmailDesk desk, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        EmailStatus? wanted = status is null ? null : EmailStatusNames.ParseStatus(status) ?? throw ApiProblem.Invalid("status", $"'{Printable.OneLine(status)}' is no status");
        var found = await store.ListAsync(new() { Statuses = wanted is { } one ? [one] : [], Account = account, Search = search }, cancellationToken);
        // Soonest first; where the page before ended is an email, wherever it is in that order by now.
        EmailId? after = cursor is null ? null : Paging.Email(cursor);
        var rest = found.Where(email => email.Campaign is null).SkipWhile(email => after is { } last && email.Id != last).Skip(after is null ? 0 : 1).Take(size + 1).ToList();
        var context = await desk.ContextAsync(cancellationToken);
        return TypedResults.Ok(Paging.Of(rest, size, email => EmailDesk.Shape(email, context), email => email.Id.ToString()));
    }

    private static async Task<Ok<EmailAnswer>> GetAsync(string id, EmailDesk desk, CancellationToken cancellationToken) =>
        TypedResults.Ok(await desk.AnswerAsync(await desk.FindAsync(id, cancellationToken), cancellationToken));

    private static async Task<Ok<WhyAnswer>> WhyAsync(string id, EmailDesk desk, CancellationToken cancellationToken) =>
        TypedResults.Ok(new WhyAnswer(Why.Explain(await desk.FindAsync(id, cancellationToken), await desk.ContextAsync(cancellationToken))));

    private static async Task<FileContentHttpResult> RawAsync(string id, EmailDesk desk, IMessageComposer composer, TimeProvider time, CancellationToken cancellationToken)
    {
        var email = await desk.FindAsync(id, cancellationToken);
        var context = await desk.ContextAsync(cancellationToken);
        var from = EmailDesk.SenderOf(email, context) ?? throw ApiProblem.Conflict("the email names no sender and no account would send it");
        try
        {
            await using var message = await composer.ComposeAsync(email, DeliveryExecutor.IdentityOf(email, from, time.GetUtcNow()), cancellationToken);
            using var bytes = new MemoryStream();
            await message.CopyToAsync(bytes, cancellationToken);
            return TypedResults.File(bytes.ToArray(), "message/rfc822");
        }
        catch (MessageInvalidException invalid)
        {
            throw ApiProblem.Conflict($"no message can be written from it: {invalid.Message}");
        }
    }

    private static async Task<Ok<Page<LogAnswer>>> AttemptsAsync(string id, int? limit, EmailDesk desk, ISendLog log, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        var email = await desk.FindAsync(id, cancellationToken);
        return TypedResults.Ok(Paging.Of(await log.ListAsync(new(Email: email.Id), size + 1, cancellationToken), size, LogsApi.Answer, entry => entry.Number.ToString()));
    }

    private static async Task<Ok<EmailAnswer>> RescheduleAsync(string id, Body<ScheduleShape> body, EmailDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var (at, wish) = ApiTimes.Read("scheduledFor", body.Value.ScheduledFor ?? throw ApiProblem.Invalid("scheduledFor", "it is missing"), time);
        return await desk.ChangeAsync(id, new EmailChange.Reschedule(at, wish), cancellationToken);
    }
}

/// <summary>Finds, changes and shows emails for the API.</summary>
internal sealed class EmailDesk(IEmailStore store, AccountBook book, EngineReporter reporter, TimeProvider time)
{
    /// <summary>The email.</summary>
    /// <exception cref="ApiProblem">404.</exception>
    public async Task<ScheduledEmail> FindAsync(string id, CancellationToken cancellationToken) =>
        await store.FindAsync(Paging.Email(id), cancellationToken) ?? throw ApiProblem.NotFound("email", Printable.OneLine(id));

    /// <summary>Does what a person wants, or says why not (409).</summary>
    public async Task<Ok<EmailAnswer>> ChangeAsync(string id, EmailChange change, CancellationToken cancellationToken)
    {
        var result = await store.ChangeAsync(Paging.Email(id), change, cancellationToken);
        if (result.Email is not { } email) throw ApiProblem.NotFound("email", Printable.OneLine(id));
        if (result.Refusal is { } refusal) throw ApiProblem.Conflict(refusal);
        reporter.Email(email);
        return TypedResults.Ok(await AnswerAsync(email, cancellationToken));
    }

    /// <summary>The email as the API shows it.</summary>
    public async Task<EmailAnswer> AnswerAsync(ScheduledEmail email, CancellationToken cancellationToken) => Shape(email, await ContextAsync(cancellationToken));

    /// <summary>What is needed to put the state of emails into words.</summary>
    public async Task<WhyContext> ContextAsync(CancellationToken cancellationToken)
    {
        var accounts = await book.ReadyAsync(cancellationToken);
        return new()
        {
            Now = time.GetUtcNow(), Zone = NodaTime.DateTimeZone.Utc, WorkerRuns = (await store.WorkersAsync(cancellationToken)).Count > 0,
            SendingPaused = (await store.OverviewAsync(cancellationToken)).SendingPaused, Accounts = accounts, Standings = await store.AccountsAsync(accounts, cancellationToken),
        };
    }

    /// <summary>The email as the API shows it, in this context.</summary>
    public static EmailAnswer Shape(ScheduledEmail email, WhyContext context)
    {
        var from = SenderOf(email, context);
        var domain = from is not null && Mailbox.TryParse(from, out var mailbox, out _) ? mailbox.Domain : "";
        List<RejectedShape> rejected = [.. email.Recipients.Where(each => each.Status == RecipientStatus.Rejected).Select(each => new RejectedShape(each.Address, each.Reply))];
        return new(
            email.Id.ToString(), email.Status.Name(), email.Reason?.Name(), ApiTimes.Text(email.ScheduledFor), email.Wish is { } wish ? new(wish.Local, wish.TimeZone) : null, ApiTimes.Text(email.NextAttempt),
            email.Attempts, email.Account ?? email.LastAccount, from, email.Content.To, email.Content.Cc, email.Content.Bcc, email.Content.Subject, MessageIds.For(email, domain), email.Campaign?.ToString(),
            ApiTimes.Text(email.CreatedAt), ApiTimes.Text(email.LastAttempt), email.LastError, rejected.Count > 0 ? rejected : null, ApiTimes.Text(email.SentAt), email.ClaimedBy, Why.Explain(email, context));
    }

    /// <summary>The From mailbox; null when no account fits.</summary>
    public static string? SenderOf(ScheduledEmail email, WhyContext context) =>
        email.Content.From ?? email.FrozenFrom ?? context.Accounts.FirstOrDefault(account => account.Suits(email))?.FromOf(email);
}
