using System.Collections.Concurrent;
using Nightmail.Core.Campaigns;

namespace Nightmail.Server.Campaigns;

/// <summary>How fast campaigns go, from what was counted each time that somebody asked: recent speed, and when it ends at that speed.</summary>
internal sealed class CampaignPace(TimeProvider time)
{
    /// <summary>The speed is that of so long back, or longer where nobody asked in between.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>Looks closer together than this say nothing about speed.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(200);

    private const int MostKnown = 10_000;

    private readonly ConcurrentDictionary<CampaignId, (DateTimeOffset At, long Done, double Rate)> looks = new();

    /// <summary>Emails a second that are settled, and when none is left at that speed; null: it does not move, or is over.</summary>
    public (double RatePerSecond, DateTimeOffset? Eta) Of(Campaign campaign, CampaignCounts counts, CampaignStatus status)
    {
        var now = time.GetUtcNow();
        if (status is not CampaignStatus.Sending)
        {
            looks.TryRemove(campaign.Id, out _);
            return (0, null);
        }

        var done = counts.Total - counts.Open;
        var started = campaign.ScheduledFor ?? now;
        var (at, before, rate) = looks.GetOrAdd(campaign.Id, (started, 0, 0));
        if (now - at < Shortest) return (rate, Eta(counts.Open, rate, now));
        rate = Math.Max(0, done - before) / (now - at).TotalSeconds;
        if (looks.Count > MostKnown) looks.Clear();
        if (now - at > Window || at == started) looks[campaign.Id] = (now, done, rate);
        return (Math.Round(rate, 3), Eta(counts.Open, rate, now));
    }

    private static DateTimeOffset? Eta(long open, double rate, DateTimeOffset now) => rate <= 0 ? null : open / rate < TimeSpan.FromDays(3650).TotalSeconds ? now + TimeSpan.FromSeconds(open / rate) : null;
}
