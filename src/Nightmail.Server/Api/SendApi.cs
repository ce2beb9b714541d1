using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Campaigns;

namespace Nightmail.Server.Api;

/// <summary><c>POST /api/send</c>: a campaign in one call.</summary>
internal static class SendApi
{
    public static void MapSend(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/send", SendAsync).Needs(KeyScopes.Send).WithName("send").WithTags("send").WithSummary("Sends a message to many, at once or later.");

    private static async Task<Accepted<SendAnswer>> SendAsync(Body<SendRequest> body, ICampaignStore campaigns, CampaignDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = body.Value;
        if (request.Recipients.Count == 0) throw ApiProblem.Invalid("recipients", "there is nobody to send to");
        List<WordedRecipient> recipients = [.. request.Recipients.Select((element, index) => RecipientReader.Read($"recipients[{index}]", element))];
        (DateTimeOffset Instant, Wish? Wish)? at = request.ScheduledFor is { } text ? ApiTimes.Read("scheduledFor", text, time) : null;
        var draft = CampaignShapes.Draft(new()
        {
            Name = request.Name ?? request.Subject ?? "send", Subject = request.Subject, TemplateId = request.TemplateId, Html = request.Html, Text = request.Text, Account = request.Account, Cc = request.Cc, Bcc = request.Bcc,
        }, time);
        await campaigns.AddAsync(draft, cancellationToken);
        try
        {
            await desk.AddAsync(draft, recipients, cancellationToken);
            var campaign = await desk.ScheduleAsync(draft.Id, at?.Instant ?? time.GetUtcNow(), at?.Wish, request.AllowMissing, cancellationToken);
            return at is null
                ? TypedResults.Accepted($"/api/campaigns/{draft.Id}", new SendAnswer(draft.Id.ToString(), CampaignStatus.Sending.Name(), null))
                : TypedResults.Accepted($"/api/campaigns/{draft.Id}", new SendAnswer(draft.Id.ToString(), CampaignStatus.Scheduled.Name(), ApiTimes.Text(campaign.ScheduledFor)));
        }
        catch (ApiProblem)
        {
            // Nobody asked for a draft: what could not be sent leaves none behind.
            await desk.CancelAsync(draft.Id, CancellationToken.None);
            throw;
        }
    }
}
