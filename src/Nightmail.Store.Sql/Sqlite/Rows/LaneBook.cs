using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Rows;

/// <summary>A way that emails go: their campaign, the account they name, the From they carry, each of which may be null.</summary>
/// <param name="Number">Its number in the database.</param>
/// <param name="Campaign">The campaign that its emails belong to.</param>
/// <param name="Account">The account that its emails name.</param>
/// <param name="Sender">Their From.</param>
/// <param name="HasFailed">True when an account has failed its emails, so that each of them has its own accounts and times.</param>
internal sealed record Lane(long Number, CampaignId? Campaign, string? Account, string? Sender, bool HasFailed)
{
    /// <summary>An email of this lane, for asking what could take its emails.</summary>
    public ScheduledEmail Example { get; } = new()
    {
        Id = default, Content = new() { From = Sender }, Account = Account, Campaign = Campaign, ScheduledFor = DateTimeOffset.UnixEpoch, CreatedAt = DateTimeOffset.UnixEpoch,
    };
}

/// <summary>
/// All lanes. They are never removed, and one process owns the database: so they are kept in memory. Each campaign that ever was has some,
/// so nothing that is done often goes through all of them. For the thread that writes alone.
/// </summary>
internal sealed class LaneBook
{
    private readonly Statement insert, all;
    private readonly Dictionary<(CampaignId? Campaign, string? Account, string? Sender, bool HasFailed), Lane> byWay = [];
    private readonly Dictionary<CampaignId, List<Lane>> byCampaign = [];
    private Lane[] lanes = [];
    private int count;

    public LaneBook(Database database)
    {
        insert = database.Prepare("INSERT INTO lane (lane, campaign, account, sender, failed) VALUES (?, ?, ?, ?, ?)");
        all = database.Prepare("SELECT lane, campaign, account, sender, failed FROM lane ORDER BY lane");
        Load();
    }

    /// <summary>For tests: how many lanes were looked at so far.</summary>
    public long Looks { get; private set; }

    /// <summary>The lane of that number, for whoever goes through many.</summary>
    public Lane Look(long number)
    {
        Looks++;
        return this[number];
    }

    /// <summary>The lanes of a campaign.</summary>
    public IReadOnlyList<Lane> Of(CampaignId campaign) => byCampaign.TryGetValue(campaign, out var own) ? own : [];

    /// <summary>The lane of that number.</summary>
    public Lane this[long number] => lanes[number - 1];

    /// <summary>The lane that an email goes; made, in the present transaction, where there is none.</summary>
    public long Of(ScheduledEmail email)
    {
        var way = (email.Campaign, email.Account, email.Content.From ?? email.FrozenFrom, email.FailedAccounts.Count > 0);
        if (!byWay.TryGetValue(way, out var lane))
        {
            lane = new(count + 1, way.Campaign, way.Account, way.Item3, way.Item4);
            insert.Start().With(lane.Number).With(lane.Campaign).With(lane.Account).With(lane.Sender).With(lane.HasFailed ? 1L : 0L).Run();
            Note(lane);
        }

        return lane.Number;
    }

    private void Note(Lane lane)
    {
        byWay[(lane.Campaign, lane.Account, lane.Sender, lane.HasFailed)] = lane;
        if (lane.Campaign is { } campaign)
        {
            if (!byCampaign.TryGetValue(campaign, out var own)) byCampaign.Add(campaign, own = []);
            own.Add(lane);
        }

        if (count == lanes.Length) Array.Resize(ref lanes, Math.Max(16, count * 2));
        lanes[count++] = lane;
    }

    /// <summary>Reads them anew, after a transaction that may have made some was taken back.</summary>
    public void Load()
    {
        byWay.Clear();
        byCampaign.Clear();
        (lanes, count) = ([], 0);
        all.Start();
        while (all.Step()) Note(new(all.Long(), all.CampaignOrNull(), all.Text(), all.Text(), all.Long() != 0));
    }
}
