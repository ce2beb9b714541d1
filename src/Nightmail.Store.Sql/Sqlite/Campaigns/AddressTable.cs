using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Campaigns;

/// <summary>What the writing thread looks up and notes for campaigns, beside the rows of their emails.</summary>
internal sealed class AddressTable
{
    private readonly Statement has, insert, waiting, paused;

    public AddressTable(Database emails)
    {
        has = emails.Prepare("SELECT 1 FROM campaign_address WHERE campaign = ? AND address = ?");
        insert = emails.Prepare("INSERT INTO campaign_address (campaign, address) VALUES (?, ?)");
        // The literals are what lets SQLite use the partial indexes.
        waiting = emails.Prepare("SELECT id FROM email WHERE status = 0 AND lane = ? LIMIT ?");
        paused = emails.Prepare("SELECT id FROM email WHERE campaign = ? AND campaign IS NOT NULL AND status = 2 LIMIT ?");
    }

    /// <summary>Notes an address, at once, in the open transaction of the rows.</summary>
    /// <returns>False when the campaign has it already.</returns>
    public bool TryAdd(CampaignId campaign, string address)
    {
        var folded = address.ToLowerInvariant();
        if (has.Start().With((CampaignId?)campaign).With(folded).Scalar() == 1) return false;
        insert.Start().With((CampaignId?)campaign).With(folded).Run();
        return true;
    }

    /// <summary>Emails of a lane that wait.</summary>
    public List<EmailId> Waiting(long lane, int most) => Ids(waiting.Start().With(lane).With(most));

    /// <summary>Emails of a campaign that were paused one by one. Looks through the whole campaign.</summary>
    public List<EmailId> Paused(CampaignId campaign, int most) => Ids(paused.Start().With((CampaignId?)campaign).With(most));

    private static List<EmailId> Ids(Statement statement)
    {
        var ids = new List<EmailId>();
        while (statement.Step()) ids.Add(statement.Id());
        return ids;
    }
}
