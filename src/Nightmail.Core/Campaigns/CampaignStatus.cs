namespace Nightmail.Core.Campaigns;

/// <summary>Where a campaign is in its life.</summary>
public enum CampaignStatus
{
    /// <summary>Recipients come in; nothing is sent.</summary>
    Draft,

    /// <summary>It waits for its time.</summary>
    Scheduled,

    /// <summary>Its time has come and some recipients wait or are being sent to.</summary>
    Sending,

    /// <summary>A person holds it back.</summary>
    Paused,

    /// <summary>Every recipient has it.</summary>
    Completed,

    /// <summary>Nobody is left to send to, and some have not got it, or nobody knows.</summary>
    CompletedWithFailures,

    /// <summary>A person took it back; who had it by then has it.</summary>
    Cancelled,

    /// <summary>Nobody is left to send to, and not one recipient has it.</summary>
    Failed,
}

/// <summary>A campaign's recipients by status, counted at one moment. The sum is <see cref="Total"/>.</summary>
/// <param name="Pending">Wait for their time or for another attempt.</param>
/// <param name="Sending">Are under a claim.</param>
/// <param name="Paused">Are held back.</param>
/// <param name="Sent">Have it.</param>
/// <param name="Failed">Will not get it.</param>
/// <param name="Cancelled">Were taken back.</param>
/// <param name="InDoubt">May have it.</param>
public sealed record CampaignCounts(long Pending, long Sending, long Paused, long Sent, long Failed, long Cancelled, long InDoubt)
{
    /// <summary>No recipient at all.</summary>
    public static CampaignCounts None { get; } = new(0, 0, 0, 0, 0, 0, 0);

    /// <summary>All recipients.</summary>
    public long Total => Pending + Sending + Paused + Sent + Failed + Cancelled + InDoubt;

    /// <summary>Those with whom something may still happen by itself, or after a resume.</summary>
    public long Open => Pending + Sending + Paused;
}

/// <summary>Says what a campaign's status is. Pure: nobody writes a status, it follows from what a person wants and from the rows.</summary>
public static class CampaignStatuses
{
    /// <summary>The status of a campaign with these recipients.</summary>
    public static CampaignStatus Of(Campaign campaign, CampaignCounts counts, DateTimeOffset now) => campaign.Stance switch
    {
        CampaignStance.Draft => CampaignStatus.Draft,
        CampaignStance.Cancelled => CampaignStatus.Cancelled,
        CampaignStance.Paused when counts.Open > 0 => CampaignStatus.Paused,
        _ when counts.Open > 0 => campaign.ScheduledFor > now && counts.Pending + counts.Paused == counts.Total ? CampaignStatus.Scheduled : CampaignStatus.Sending,
        _ => Over(counts),
    };

    /// <summary>Lower-case, with underscores: <c>completed_with_failures</c>.</summary>
    public static string Name(this CampaignStatus status) => status switch
    {
        CampaignStatus.Draft => "draft",
        CampaignStatus.Scheduled => "scheduled",
        CampaignStatus.Sending => "sending",
        CampaignStatus.Paused => "paused",
        CampaignStatus.Completed => "completed",
        CampaignStatus.CompletedWithFailures => "completed_with_failures",
        CampaignStatus.Cancelled => "cancelled",
        CampaignStatus.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, null),
    };

    private static CampaignStatus Over(CampaignCounts counts)
    {
        if (counts.Failed + counts.InDoubt == 0) return CampaignStatus.Completed;
        return counts.Sent + counts.InDoubt == 0 ? CampaignStatus.Failed : CampaignStatus.CompletedWithFailures;
    }
}
