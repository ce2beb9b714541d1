using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>
/// How many emails of a campaign began through an account. Only what somebody asked for is counted, so that nothing is done for accounts
/// without such a limit: the first time from the entries, then along with every begin.
/// </summary>
internal sealed class CampaignBegins
{
    /// <summary>A campaign's emails began after it was made, and a clock is set back by no more than this.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromDays(1);

    private readonly Statement write, all, begins, campaignOf;
    private readonly Dictionary<(string Account, CampaignId Campaign), long> counts = [];
    private readonly HashSet<(string Account, CampaignId Campaign)> changed = [];

    public CampaignBegins(Database ledger, Database emails)
    {
        write = ledger.Prepare("INSERT OR REPLACE INTO campaign_begins (account, campaign, begun) VALUES (?, ?, ?)");
        all = ledger.Prepare("SELECT account, campaign, begun FROM campaign_begins");
        // One an attempt, however many transactions it took.
        begins = ledger.Prepare("""
            SELECT e.at, e.account, e.email FROM entry e
            WHERE e.kind = 0 AND NOT EXISTS (SELECT 1 FROM entry o WHERE o.email = e.email AND o.attempt = e.attempt AND o.step < e.step AND o.kind = 0)
            ORDER BY e.sequence DESC
            """);
        campaignOf = emails.Prepare("SELECT campaign FROM email WHERE id = ?");
        Load();
    }

    /// <summary>What is counted.</summary>
    public IReadOnlyDictionary<(string Account, CampaignId Campaign), long> Counts => counts;

    /// <summary>True when there is anything to count.</summary>
    public bool IsCounting => counts.Count > 0;

    /// <summary>True when counts wait to be written.</summary>
    public bool HasChanges => changed.Count > 0;

    /// <summary>How many emails of the campaign began through the account. From here on they are counted.</summary>
    public long Of(string account, CampaignId campaign)
    {
        if (counts.TryGetValue((account, campaign), out var count)) return count;
        changed.Add((account, campaign));
        return counts[(account, campaign)] = CountEntries(account, campaign);
    }

    /// <summary>An attempt is about to be written as begun; its count waits to be written with it.</summary>
    public void Begun(string account, CampaignId campaign)
    {
        if (!counts.TryGetValue((account, campaign), out var count)) return;
        counts[(account, campaign)] = count + 1;
        changed.Add((account, campaign));
    }

    /// <summary>Writes the counts that wait.</summary>
    public void Write()
    {
        foreach (var (account, campaign) in changed) write.Start().With(account).With((CampaignId?)campaign).With(counts[(account, campaign)]).Run();
    }

    /// <summary>They are written.</summary>
    public void Written() => changed.Clear();

    /// <summary>Reads them anew.</summary>
    public void Load()
    {
        counts.Clear();
        changed.Clear();
        all.Start();
        while (all.Step()) counts[(all.Text()!, all.CampaignOrNull()!.Value)] = all.Long();
    }

    private long CountEntries(string account, CampaignId campaign)
    {
        var (count, since) = (0L, campaign.MadeAt - Margin);
        begins.Start();
        while (begins.Step() && begins.Instant() >= since)
        {
            if (begins.Text() == account && CampaignOf(begins.Id()) == campaign) count++;
        }

        begins.Start();
        return count;
    }

    private CampaignId? CampaignOf(EmailId email)
    {
        var campaign = campaignOf.Start().With(email).Step() ? campaignOf.CampaignOrNull() : null;
        campaignOf.Start();
        return campaign;
    }
}
