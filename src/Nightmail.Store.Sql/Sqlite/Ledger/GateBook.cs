using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>
/// The gates of campaigns, all in memory because each claim and each begin asks for them, and which campaign was given something last, so
/// that none starves another.
/// </summary>
internal sealed class GateBook
{
    private readonly Statement write, all;
    private readonly Dictionary<CampaignId, CampaignGate> gates = [];
    private readonly Dictionary<CampaignId, long> served = [];
    private readonly HashSet<CampaignId> changed = [];
    private long turn;

    public GateBook(Database ledger)
    {
        write = ledger.Prepare("INSERT OR REPLACE INTO gate (campaign, stance, opens) VALUES (?, ?, ?)");
        all = ledger.Prepare("SELECT campaign, stance, opens FROM gate");
        Load();
    }

    /// <summary>Whether an address gets no campaign mail; set from another thread. Nobody is suppressed until it is set.</summary>
    public volatile Func<string, bool> IsSuppressed = static _ => false;

    /// <summary>True when gates wait to be written.</summary>
    public bool HasChanges => changed.Count > 0;

    /// <summary>The gate of a campaign; closed where nobody has set it.</summary>
    public CampaignGate Of(CampaignId campaign) => gates.GetValueOrDefault(campaign) ?? CampaignGate.Closed;

    /// <summary>Sets a gate; it waits to be written.</summary>
    public void Put(CampaignId campaign, CampaignGate gate)
    {
        gates[campaign] = gate;
        changed.Add(campaign);
    }

    /// <summary>When the campaign was last given something, in turns.</summary>
    public long ServedAt(CampaignId campaign) => served.GetValueOrDefault(campaign);

    /// <summary>The campaign is given something: the others come first now.</summary>
    public void Serve(CampaignId campaign) => served[campaign] = ++turn;

    /// <summary>Writes the gates that wait.</summary>
    public void Write()
    {
        foreach (var campaign in changed) write.Start().With((CampaignId?)campaign).With((long)gates[campaign].Stance).With((DateTimeOffset?)gates[campaign].From).Run();
    }

    /// <summary>They are written.</summary>
    public void Written() => changed.Clear();

    /// <summary>Reads them anew.</summary>
    public void Load()
    {
        gates.Clear();
        changed.Clear();
        all.Start();
        while (all.Step()) gates[all.CampaignOrNull()!.Value] = new((CampaignStance)all.Int(), all.Instant());
    }
}
