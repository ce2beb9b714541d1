using Nightmail.Core.Campaigns;

namespace Nightmail.Server.Campaigns;

/// <summary>Which campaigns something has happened to since the last look.</summary>
internal sealed class CampaignWatch
{
    private readonly Lock gate = new();
    private Dictionary<CampaignId, DateTimeOffset?> touched = [];

    /// <summary>Something has happened to the campaign.</summary>
    /// <param name="campaign">The campaign.</param>
    /// <param name="tried">When an attempt of one of its emails began; null: it was no attempt.</param>
    public void Touch(CampaignId campaign, DateTimeOffset? tried = null)
    {
        lock (gate)
            touched[campaign] = touched.TryGetValue(campaign, out var before) && before is { } earlier && !(tried < earlier) ? earlier : tried;
    }

    /// <summary>Those campaigns, each with its earliest attempt; none is left.</summary>
    public IReadOnlyDictionary<CampaignId, DateTimeOffset?> Take()
    {
        lock (gate)
        {
            var taken = touched;
            touched = [];
            return taken;
        }
    }
}
