using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;
using Nightmail.Server.Events;

namespace Nightmail.Server.Api;

/// <summary>Finds, changes and shows emails for the API.</summary>
internal sealed class EmailDesk(IEmailStore store, ICampaignEmails campaigns, AccountBook book, EngineReporter reporter, TimeProvider time)
{
    /// <summary>The email.</summary>
    /// <exception cref="ApiProblem">404.</exception>
    public async Task<ScheduledEmail> FindAsync(string id, CancellationToken cancellationToken) =>
        await store.FindAsync(Paging.Email(id), cancellationToken) ?? throw ApiProblem.NotFound("email", Printable.OneLine(id));

    /// <summary>Refuses (409) to edit what a campaign says.</summary>
    public static void RequireOwnWords(ScheduledEmail email)
    {
        if (email.Campaign is { } campaign) throw ApiProblem.Conflict($"it is a recipient of {campaign}; its words are the campaign's");
    }

    /// <summary>Does what a person wants, or says why not (409).</summary>
    public Task<Ok<EmailAnswer>> ChangeAsync(string id, EmailChange change, CancellationToken cancellationToken) => ChangeAsync(id, change, null, cancellationToken);

    /// <summary>The same; the answer names the state that it left, for the next edit.</summary>
    public async Task<Ok<EmailAnswer>> ChangeAsync(string id, EmailChange change, HttpResponse? response, CancellationToken cancellationToken)
    {
        var result = await store.ChangeAsync(Paging.Email(id), change, cancellationToken);
        if (result.Email is not { } email) throw ApiProblem.NotFound("email", Printable.OneLine(id));
        if (result.Refusal == ChangeRules.ChangedSince) throw ApiProblem.Outdated();
        if (result.Refusal is { } refusal) throw ApiProblem.Conflict(refusal);
        reporter.Email(email);
        if (response is not null) response.Headers.ETag = $"\"{email.LedgerLast}\"";
        return TypedResults.Ok(await AnswerAsync(email, cancellationToken));
    }

    /// <summary>The email as the API shows it.</summary>
    public async Task<EmailAnswer> AnswerAsync(ScheduledEmail email, CancellationToken cancellationToken) => Shape(email, await ContextAsync(cancellationToken), withContent: true);

    /// <summary>What is needed to put the state of emails into words.</summary>
    public async Task<WhyContext> ContextAsync(CancellationToken cancellationToken)
    {
        var accounts = await book.ReadyAsync(cancellationToken);
        return new()
        {
            Now = time.GetUtcNow(), Zone = NodaTime.DateTimeZone.Utc, WorkerRuns = (await store.WorkersAsync(cancellationToken)).Count > 0,
            SendingPaused = (await store.OverviewAsync(cancellationToken)).SendingPaused, Accounts = accounts, Standings = await store.AccountsAsync(accounts, cancellationToken), Starter = WhyContext.ServerStarter,
            Taken = await campaigns.TakenAsync(accounts, null, cancellationToken),
        };
    }

    /// <summary>The email as the API shows it, in this context.</summary>
    public static EmailAnswer Shape(ScheduledEmail email, WhyContext context, bool withContent = false)
    {
        var from = SenderOf(email, context);
        var domain = from is not null && Mailbox.TryParse(from, out var mailbox, out _) ? mailbox.Domain : "";
        List<RejectedShape> rejected = [.. email.Recipients.Where(each => each.Status == RecipientStatus.Rejected).Select(each => new RejectedShape(each.Address, each.Reply))];
        return new(
            email.Id.ToString(), email.Status.Name(), email.Reason?.Name(), ApiTimes.Text(email.ScheduledFor), email.Wish is { } wish ? new(wish.Local, wish.TimeZone) : null, ApiTimes.Text(email.NextAttempt),
            email.Attempts, email.Account ?? email.LastAccount, from, email.Content.To, email.Content.Cc, email.Content.Bcc, email.Content.Subject, MessageIds.For(email, domain), email.Campaign?.ToString(),
            ApiTimes.Text(email.CreatedAt), ApiTimes.Text(email.LastAttempt), email.LastError, rejected.Count > 0 ? rejected : null, ApiTimes.Text(email.SentAt), email.ClaimedBy, Why.Explain(email, context))
        {
            Detail = EmailDetail.Of(email, withContent),
        };
    }

    /// <summary>The From mailbox; null when no account fits.</summary>
    public static string? SenderOf(ScheduledEmail email, WhyContext context) =>
        email.Content.From ?? email.FrozenFrom ?? context.Accounts.FirstOrDefault(account => account.Suits(email))?.FromOf(email);
}
