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

namespace Nightmail.Server.Api;

/// <summary><c>/api/emails</c>: one email after the other, as the command line has them.</summary>
internal static class EmailsApi
{
    public static void MapEmails(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/emails").WithTags("emails");
        group.MapPost("", EmailScheduling.ScheduleAsync).Needs(KeyScopes.Send).WithName("scheduleEmail");
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listEmails");
        group.MapGet("/{id}", GetAsync).Needs(KeyScopes.Read).WithName("getEmail");
        group.MapPatch("/{id}", EditAsync).Needs(KeyScopes.Send).WithName("editEmail");
        group.MapDelete("/{id}", RemoveAsync).Needs(KeyScopes.Send).WithName("deleteEmail");
        group.MapGet("/{id}/why", WhyAsync).Needs(KeyScopes.Read).WithName("whyEmail");
        group.MapGet("/{id}/raw", RawAsync).Needs(KeyScopes.Read).WithName("rawEmail").Produces<string>(StatusCodes.Status200OK, MessageAnswer.MediaType);
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

    private static async Task<Ok<Page<EmailAnswer>>> ListAsync(
        string? status, string? account, string? search, string? named, bool? held, int? limit, string? cursor, IEmailStore store, EmailDesk desk, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        if (named is not null)
        {
            if ((status ?? account ?? search ?? cursor) is not null) throw ApiProblem.Invalid("named", "it goes without another filter");
            return TypedResults.Ok(await NamedAsync(named, size, store, desk, cancellationToken));
        }

        if (held == true)
        {
            if ((status ?? account ?? search) is not null) throw ApiProblem.Invalid("held", "it goes without another filter");
            return TypedResults.Ok(await HeldAsync(size, cursor, store, desk, cancellationToken));
        }

        IReadOnlyList<EmailStatus> wanted = [.. (status ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(name => EmailStatusNames.ParseStatus(name) ?? throw ApiProblem.Invalid("status", $"'{Printable.OneLine(name)}' is no status"))];
        var filter = new EmailFilter { Statuses = wanted, Account = account, Search = search, OwnOnly = true };
        var page = await store.ListPageAsync(filter, cursor is null ? null : Paging.Place(cursor), size, cancellationToken);
        var context = await desk.ContextAsync(cancellationToken);
        return TypedResults.Ok(new Page<EmailAnswer>([.. page.Emails.Select(email => EmailDesk.Shape(email, context))], page.Next is { } next ? Paging.Cursor(next) : null));
    }

    /// <summary>Those that nobody can vouch for, of campaigns too: a restore holds them all alike, and a person lets them go together.</summary>
    private static async Task<Page<EmailAnswer>> HeldAsync(int size, string? cursor, IEmailStore store, EmailDesk desk, CancellationToken cancellationToken)
    {
        var filter = new EmailFilter { Statuses = [EmailStatus.Paused] };
        List<ScheduledEmail> found = [];
        var place = cursor is null ? null : Paging.Place(cursor);
        do
        {
            var page = await store.ListPageAsync(filter, place, size, cancellationToken);
            found.AddRange(page.Emails.Where(Settlement.MayHaveLeft));
            place = page.Next;
        }
        while (place is not null && found.Count <= size);
        var context = await desk.ContextAsync(cancellationToken);
        return Paging.Of(found, size, email => EmailDesk.Shape(email, context), email => Paging.Cursor(EmailPlace.Of(email)));
    }

    /// <summary>Those whose ids a few digits may mean; there is no second page of them.</summary>
    private static async Task<Page<EmailAnswer>> NamedAsync(string part, int size, IEmailStore store, EmailDesk desk, CancellationToken cancellationToken)
    {
        var found = await store.NamedAsync(part, size, cancellationToken);
        var context = await desk.ContextAsync(cancellationToken);
        return new([.. found.Select(email => EmailDesk.Shape(email, context))], null);
    }

    private static async Task<Ok<EmailAnswer>> GetAsync(string id, HttpResponse response, EmailDesk desk, CancellationToken cancellationToken)
    {
        var email = await desk.FindAsync(id, cancellationToken);
        response.Headers.ETag = $"\"{email.LedgerLast}\"";
        return TypedResults.Ok(await desk.AnswerAsync(email, cancellationToken));
    }

    private static async Task<Ok<EmailAnswer>> EditAsync(
        string id, Body<EmailEdit> body, [FromHeader(Name = "If-Match")] string? ifMatch, HttpResponse response, EmailDesk desk, AccountBook book, IEmailStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var (email, wanted) = (await desk.FindAsync(id, cancellationToken), body.Value);
        EmailDesk.RequireOwnWords(email);
        var old = email.Content;
        var content = old with
        {
            From = wanted.From ?? old.From,
            To = wanted.To ?? old.To,
            Cc = wanted.Cc ?? old.Cc,
            Bcc = wanted.Bcc ?? old.Bcc,
            Subject = wanted.Subject ?? old.Subject,
            Text = wanted.Text ?? old.Text,
            Html = wanted.Html ?? old.Html,
        };
        var accounts = await book.ReadyAsync(cancellationToken);
        // Its time and its key are not what is edited.
        var asked = new ScheduleRequest { Content = content, ScheduledFor = email.ScheduledFor, Account = email.Account };
        if (new Scheduler(store, time, accounts).Check(asked) is { } wrong) throw ApiProblem.Invalid(wrong.Field, wrong.Error);
        return await desk.ChangeAsync(id, new EmailChange.Edit(content) { Seen = Paging.SeenLedger(ifMatch) }, response, cancellationToken);
    }

    /// <summary>Takes it back; the row stays as cancelled until it is pruned, so that everything adds up.</summary>
    private static async Task<NoContent> RemoveAsync(string id, EmailDesk desk, CancellationToken cancellationToken)
    {
        if ((await desk.FindAsync(id, cancellationToken)).Status != EmailStatus.Cancelled) await desk.ChangeAsync(id, new EmailChange.Cancel(), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<WhyAnswer>> WhyAsync(string id, EmailDesk desk, CancellationToken cancellationToken) =>
        TypedResults.Ok(new WhyAnswer(Why.Explain(await desk.FindAsync(id, cancellationToken), await desk.ContextAsync(cancellationToken))));

    private static async Task<MessageAnswer> RawAsync(string id, EmailDesk desk, IMessageComposer composer, TimeProvider time, CancellationToken cancellationToken)
    {
        var email = await desk.FindAsync(id, cancellationToken);
        var context = await desk.ContextAsync(cancellationToken);
        var from = EmailDesk.SenderOf(email, context) ?? throw ApiProblem.Conflict("the email names no sender and no account would send it");
        try
        {
            return new(await composer.ComposeAsync(email, DeliveryExecutor.IdentityOf(email, from, time.GetUtcNow()), cancellationToken));
        }
        catch (MessageInvalidException invalid)
        {
            throw MessageAnswer.Refusal(invalid);
        }
    }

    private static async Task<Ok<Page<LogAnswer>>> AttemptsAsync(string id, int? limit, EmailDesk desk, ISendLog log, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        var email = await desk.FindAsync(id, cancellationToken);
        return TypedResults.Ok(Paging.Of(await log.ListAsync(new(Email: email.Id), size + 1, cancellationToken), size, LogsApi.Answer, entry => entry.Number.ToString()));
    }

    private static async Task<Ok<EmailAnswer>> RescheduleAsync(
        string id, Body<ScheduleShape> body, [FromHeader(Name = "If-Match")] string? ifMatch, HttpResponse response, EmailDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var (at, wish) = ApiTimes.Read("scheduledFor", body.Value.ScheduledFor ?? throw ApiProblem.Invalid("scheduledFor", "it is missing"), time, body.Value.AllowPast);
        return await desk.ChangeAsync(id, new EmailChange.Reschedule(at, wish) { Seen = Paging.SeenLedger(ifMatch) }, response, cancellationToken);
    }
}
