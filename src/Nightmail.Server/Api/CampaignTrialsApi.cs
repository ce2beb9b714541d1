using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;
using Nightmail.Server.Campaigns;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.Api;

/// <summary>What can be seen of a campaign before it goes: a preview, a plan, a test to oneself.</summary>
internal static class CampaignTrialsApi
{
    public static void MapCampaignTrials(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/campaigns/{id}").WithTags("campaigns");
        group.MapPost("/preview", PreviewAsync).Needs(KeyScopes.Read).WithName("previewCampaign").WithSummary("The campaign's words with a recipient's variables.");
        group.MapGet("/plan", PlanAsync).Needs(KeyScopes.Read).WithName("planCampaign").WithSummary("A dry run: how many go through which account when, what is suppressed or lacks variables, when it ends.");
        group.MapPost("/test", TestAsync).Needs(KeyScopes.Send).WithName("testCampaign").MakesOnce().WithSummary("Sends the campaign's words with a recipient's variables to an address of one's own, now.");
    }

    private static async Task<Ok<PreviewAnswer>> PreviewAsync(string id, Body<PreviewRequest> body, CampaignDesk desk, ITemplateStore templates, ITemplateRenderer renderer, ICampaignEmails emails, CancellationToken cancellationToken)
    {
        var (campaign, _, _) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        var words = await WordsAsync(campaign, templates, cancellationToken);
        return TypedResults.Ok(Previews.Of(renderer, words, await Previews.VariablesAsync(campaign.Id, body.Value.Email, body.Value.Variables, emails, cancellationToken)));
    }

    private static async Task<Ok<PlanAnswer>> PlanAsync(string id, PlanDesk desk, CancellationToken cancellationToken) => TypedResults.Ok(await desk.PlanAsync(Paging.Campaign(id), cancellationToken));

    private static async Task<Created<EmailAnswer>> TestAsync(
        string id, Body<TestRequest> body, HttpContext context, CampaignDesk desk, EmailDesk mails, ITemplateStore templates, ITemplateRenderer renderer, ICampaignEmails emails, IEmailStore store, AccountBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        var (campaign, _, _) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        var words = await WordsAsync(campaign, templates, cancellationToken);
        var to = RecipientReader.Address("to", body.Value.To, null).ToString();
        var rendered = Previews.Of(renderer, words, await Previews.VariablesAsync(campaign.Id, body.Value.Email, body.Value.Variables, emails, cancellationToken));
        var now = time.GetUtcNow();
        var result = await new Scheduler(store, time, await book.ReadyAsync(cancellationToken)).ScheduleAsync(new ScheduleRequest
        {
            Content = new() { To = [to], Subject = rendered.Subject, Html = rendered.Html, Text = rendered.Text }, ScheduledFor = now, AtAsWorded = "", Account = campaign.Account, CreatedBy = "api",
            // Another try of the same request finds the email of the first.
            IdempotencyKey = $"test {NewThing.Of(context).Id:N}",
        }, cancellationToken);
        var email = result switch
        {
            ScheduleResult.Scheduled scheduled => scheduled.Email,
            ScheduleResult.Existing { Email: { } existing } => existing,
            ScheduleResult.Invalid invalid => throw ApiProblem.Invalid(invalid.Field, invalid.Error),
            ScheduleResult.NotYetSafe { Trouble: var trouble } => throw new ApiProblem(StatusCodes.Status503ServiceUnavailable, "Not yet safe on disk", trouble),
            _ => throw ApiProblem.Conflict("its test was sent with other words before"),
        };
        return TypedResults.Created($"/api/emails/{email.Id}", await mails.AnswerAsync(email, cancellationToken));
    }

    private static async Task<TemplateWords> WordsAsync(Campaign campaign, ITemplateStore templates, CancellationToken cancellationToken) =>
        await CampaignWords.OfAsync(campaign, templates, cancellationToken) ?? throw ApiProblem.Conflict("its template is gone; give it another one");
}
