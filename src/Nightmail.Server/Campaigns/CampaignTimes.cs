using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;
using Nightmail.Server.Events;

namespace Nightmail.Server.Campaigns;

/// <summary>Notes when campaigns start and when nothing is left of them to send, and tells when their status changes by itself.</summary>
internal sealed class CampaignTimes(CampaignWatch watch, ICampaignStore campaigns, ICampaignEmails emails, CampaignDesk desk, EngineReporter reporter, TimeProvider time)
{
    /// <summary>Every so many looks all that are under way are looked at: some ends, as of suppressed recipients, nobody tells of.</summary>
    private const int LooksBetweenSweeps = 30;

    private const int AtOnce = 500;

    private readonly Dictionary<CampaignId, CampaignStatus> underWay = [];
    private int looks;

    /// <summary>Finds those that were under way when the server ended.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        CampaignId? after = null;
        while (await campaigns.ListAsync(after, AtOnce, cancellationToken) is { Count: > 0 } some)
        {
            foreach (var campaign in some.Where(each => each.Stance != CampaignStance.Draft && each.CompletedAt is null)) watch.Touch(campaign.Id);
            after = some[^1].Id;
        }
    }

    /// <summary>One look at those that something has happened to.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (++looks % LooksBetweenSweeps == 0)
            foreach (var campaign in underWay.Keys) watch.Touch(campaign);
        foreach (var (id, tried) in watch.Take()) await LookAsync(id, tried, cancellationToken);
    }

    private async Task LookAsync(CampaignId id, DateTimeOffset? tried, CancellationToken cancellationToken)
    {
        if (await campaigns.FindAsync(id, cancellationToken) is not { Stance: not CampaignStance.Draft } campaign)
        {
            underWay.Remove(id);
            return;
        }

        var counts = await emails.CountAsync(id, cancellationToken);
        var now = time.GetUtcNow();
        var status = CampaignStatuses.Of(campaign, counts, now);
        // After a crash nobody knows the first attempt; it was not before the campaign's time.
        var started = campaign.StartedAt ?? tried ?? (counts.Sending + counts.Sent + counts.Failed + counts.InDoubt > 0 ? campaign.ScheduledFor ?? now : null);
        DateTimeOffset? completed = counts.Open == 0 ? campaign.CompletedAt ?? now : null;
        await desk.UpdateAsync(id, each => each with { StartedAt = started, CompletedAt = completed }, cancellationToken);
        if (!underWay.TryGetValue(id, out var told) || told != status) reporter.Status(id, status);
        if (completed is null) underWay[id] = status;
        else underWay.Remove(id);
    }
}
