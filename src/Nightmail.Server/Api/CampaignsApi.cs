using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;
using Nightmail.Server.Campaigns;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.Api;

/// <summary><c>/api/campaigns</c>: drafts, their schedule, and what people do to them while they are sent.</summary>
internal static class CampaignsApi
{
    public static void MapCampaigns(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/campaigns").WithTags("campaigns");
        group.MapPost("", CreateAsync).Needs(KeyScopes.Send).WithName("createCampaign").MakesOnce();
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listCampaigns");
        group.MapGet("/{id}", GetAsync).Needs(KeyScopes.Read).WithName("getCampaign");
        group.MapPatch("/{id}", EditAsync).Needs(KeyScopes.Send).WithName("editCampaign");
        group.MapDelete("/{id}", RemoveAsync).Needs(KeyScopes.Send).WithName("deleteCampaign");
        group.MapPost("/{id}/schedule", ScheduleAsync).Needs(KeyScopes.Send).WithName("scheduleCampaign");
        group.MapPost("/{id}/pause", (string id, CampaignDesk desk, CancellationToken cancel) => ActAsync(id, desk, desk.PauseAsync, cancel)).Needs(KeyScopes.Send).WithName("pauseCampaign");
        group.MapPost("/{id}/resume", (string id, CampaignDesk desk, CancellationToken cancel) => ActAsync(id, desk, desk.ResumeAsync, cancel)).Needs(KeyScopes.Send).WithName("resumeCampaign");
        group.MapPost("/{id}/cancel", (string id, CampaignDesk desk, CancellationToken cancel) => ActAsync(id, desk, desk.CancelAsync, cancel)).Needs(KeyScopes.Send).WithName("cancelCampaign");
        group.MapPost("/{id}/retry", RetryAsync).Needs(KeyScopes.Send).WithName("retryCampaign").WithSummary("Makes its failed recipients pending again.");
        group.MapPost("/{id}/duplicate", DuplicateAsync).Needs(KeyScopes.Send).WithName("duplicateCampaign").MakesOnce();
        group.MapGet("/{id}/progress", ProgressAsync).Needs(KeyScopes.Read).WithName("campaignProgress");
    }

    private static async Task<Created<CampaignAnswer>> CreateAsync(Body<CampaignRequest> body, HttpContext context, ICampaignStore campaigns, TimeProvider time, CancellationToken cancellationToken)
    {
        var draft = await AddAsync(CampaignShapes.Draft(body.Value, new(NewThing.Of(context).Id), time), campaigns, cancellationToken);
        return TypedResults.Created($"/api/campaigns/{draft.Id}", CampaignShapes.Of(draft, CampaignCounts.None, CampaignStatus.Draft));
    }

    private static async Task<Ok<Page<CampaignAnswer>>> ListAsync(int? limit, string? cursor, ICampaignStore campaigns, CampaignDesk desk, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        var found = await campaigns.ListAsync(Paging.CampaignCursor(cursor), size + 1, cancellationToken);
        List<(Campaign Campaign, CampaignCounts Counts, CampaignStatus Status)> counted = [];
        foreach (var campaign in found) counted.Add(await desk.FindAsync(campaign.Id, cancellationToken));
        return TypedResults.Ok(Paging.Of(counted, size, each => CampaignShapes.Of(each.Campaign, each.Counts, each.Status), each => each.Campaign.Id.ToString()));
    }

    private static async Task<Ok<CampaignAnswer>> GetAsync(string id, HttpResponse response, CampaignDesk desk, CancellationToken cancellationToken)
    {
        var (campaign, counts, status) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        response.Headers.ETag = $"\"{campaign.Version}\"";
        return TypedResults.Ok(CampaignShapes.Of(campaign, counts, status));
    }

    private static async Task<Ok<CampaignAnswer>> EditAsync(string id, Body<CampaignRequest> body, [FromHeader(Name = "If-Match")] string? ifMatch, ICampaignStore campaigns, CampaignDesk desk, CancellationToken cancellationToken)
    {
        var (campaign, counts, status) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        Require(CampaignAction.Edit, status, counts);
        if (counts.Total > 0 && (body.Value.Cc ?? body.Value.Bcc) is not null) throw ApiProblem.Conflict("it has recipients already, and each has its copies; duplicate it and set cc and bcc before you add any");
        var edited = CampaignShapes.Edited(campaign, body.Value) with { Version = Paging.Seen(ifMatch, campaign.Version) + 1 };
        if (!await campaigns.UpdateAsync(edited, cancellationToken)) throw ApiProblem.Outdated();
        return TypedResults.Ok(CampaignShapes.Of(edited, counts, status));
    }

    private static async Task<NoContent> RemoveAsync(string id, CampaignDesk desk, CancellationToken cancellationToken)
    {
        await desk.RemoveAsync(Paging.Campaign(id), cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>A draft is let go; one that waits or is paused gets another time.</summary>
    private static async Task<Ok<CampaignAnswer>> ScheduleAsync(string id, Body<ScheduleShape> body, CampaignDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var (instant, wish) = body.Value.ScheduledFor is { } text ? ApiTimes.Read("scheduledFor", text, time) : (time.GetUtcNow(), null);
        var (campaign, _, status) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        if (status is CampaignStatus.Scheduled or CampaignStatus.Paused) await desk.RescheduleAsync(campaign.Id, instant, wish, cancellationToken);
        else await desk.ScheduleAsync(campaign.Id, instant, wish, body.Value.AllowMissing, cancellationToken);
        return await AnswerAsync(campaign.Id, desk, cancellationToken);
    }

    private static async Task<Ok<CampaignAnswer>> ActAsync(string id, CampaignDesk desk, Func<CampaignId, CancellationToken, Task<Campaign>> act, CancellationToken cancellationToken)
    {
        await act(Paging.Campaign(id), cancellationToken);
        return await AnswerAsync(Paging.Campaign(id), desk, cancellationToken);
    }

    private static async Task<Created<CampaignAnswer>> DuplicateAsync(string id, HttpContext context, ICampaignStore campaigns, CampaignDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var (campaign, _, _) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        var copy = campaign with
        {
            Id = new(NewThing.Of(context).Id),
            Name = $"{campaign.Name} (copy)",
            Stance = CampaignStance.Draft,
            TemplateVersion = null,
            ScheduledFor = null,
            Wish = null,
            StartedAt = null,
            CompletedAt = null,
            CreatedAt = time.GetUtcNow(),
            Version = 1,
        };
        var made = await AddAsync(copy, campaigns, cancellationToken);
        return TypedResults.Created($"/api/campaigns/{made.Id}", CampaignShapes.Of(made, CampaignCounts.None, CampaignStatus.Draft));
    }

    private static async Task<Ok<RetryAnswer>> RetryAsync(string id, CampaignDesk desk, CancellationToken cancellationToken)
    {
        var (retried, refused) = await desk.RetryAsync(Paging.Campaign(id), cancellationToken);
        var (campaign, counts, status) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        return TypedResults.Ok(new RetryAnswer(retried, refused, CampaignShapes.Of(campaign, counts, status)));
    }

    private static async Task<Ok<ProgressAnswer>> ProgressAsync(string id, CampaignDesk desk, CampaignPace pace, CancellationToken cancellationToken)
    {
        var (campaign, counts, status) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        var (rate, eta) = pace.Of(campaign, counts, status);
        return TypedResults.Ok(new ProgressAnswer(status.Name(), counts.Total, counts.Pending, counts.Sending, counts.Paused, counts.Sent, counts.Failed, counts.Cancelled, counts.InDoubt, rate, ApiTimes.Text(eta)));
    }

    /// <summary>Keeps a new campaign, unless an earlier try of the same request has done so.</summary>
    internal static async Task<Campaign> AddAsync(Campaign campaign, ICampaignStore campaigns, CancellationToken cancellationToken)
    {
        if (await campaigns.FindAsync(campaign.Id, cancellationToken) is { } made) return made;
        await campaigns.AddAsync(campaign, cancellationToken);
        return campaign;
    }

    private static async Task<Ok<CampaignAnswer>> AnswerAsync(CampaignId id, CampaignDesk desk, CancellationToken cancellationToken)
    {
        var (campaign, counts, status) = await desk.FindAsync(id, cancellationToken);
        return TypedResults.Ok(CampaignShapes.Of(campaign, counts, status));
    }

    private static void Require(CampaignAction action, CampaignStatus status, CampaignCounts counts)
    {
        if (CampaignRules.WhyNot(action, status, counts) is { } refusal) throw ApiProblem.Conflict(refusal);
    }
}
