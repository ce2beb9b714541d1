using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Campaigns;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.Api;

/// <summary><c>POST /api/send</c>: a campaign in one call.</summary>
internal static class SendApi
{
    public static void MapSend(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/send", SendAsync).Needs(KeyScopes.Send).WithName("send").MakesOnce().WithTags("send").WithSummary("Sends a message to many, at once or later.");

    private static async Task<Accepted<SendAnswer>> SendAsync(Body<SendRequest> body, HttpContext context, ICampaignStore campaigns, CampaignDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var (request, made) = (body.Value, NewThing.Of(context));
        // An earlier try of the same request may have come to its end: then its time may have passed by now.
        if (made.IsResumed && await campaigns.FindAsync(new(made.Id), cancellationToken) is { Stance: CampaignStance.Released or CampaignStance.Paused } done) return Answer(done, request.ScheduledFor is null);
        if (request.Recipients.Count == 0) throw ApiProblem.Invalid("recipients", "there is nobody to send to");
        List<WordedRecipient> recipients = [.. request.Recipients.Select((element, index) => RecipientReader.Read($"recipients[{index}]", element))];
        (DateTimeOffset Instant, Wish? Wish)? at = request.ScheduledFor is { } text ? ApiTimes.Read("scheduledFor", text, time) : null;
        var wanted = CampaignShapes.Draft(new()
        {
            Name = request.Name ?? request.Subject ?? "send", Subject = request.Subject, TemplateId = request.TemplateId, Html = request.Html, Text = request.Text, Account = request.Account, Cc = request.Cc, Bcc = request.Bcc,
        }, new(made.Id), time);
        var draft = await CampaignsApi.AddAsync(wanted, campaigns, cancellationToken);
        try
        {
            await desk.AddAsync(draft, recipients, cancellationToken);
            var campaign = await desk.ScheduleAsync(draft.Id, at?.Instant ?? time.GetUtcNow(), at?.Wish, request.AllowMissing, cancellationToken);
            return Answer(campaign, at is null);
        }
        catch (ApiProblem)
        {
            // Nobody asked for a draft: what could not be sent leaves none behind. Its recipients follow the gate, which stays.
            await desk.CancelAsync(draft.Id, CancellationToken.None);
            await campaigns.RemoveAsync(draft.Id, CancellationToken.None);
            throw;
        }
    }

    private static Accepted<SendAnswer> Answer(Campaign campaign, bool isNow) => TypedResults.Accepted($"/api/campaigns/{campaign.Id}", new SendAnswer(
        campaign.Id.ToString(), (isNow ? CampaignStatus.Sending : CampaignStatus.Scheduled).Name(), isNow ? null : ApiTimes.Text(campaign.ScheduledFor)));
}
