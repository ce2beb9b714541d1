using Nightmail.Core.Campaigns;

namespace Nightmail.Server.Campaigns;

/// <summary>One at a time for each campaign. This process owns the data folder, so a turn in memory is enough.</summary>
internal sealed class CampaignTurns
{
    private readonly Dictionary<CampaignId, Turn> taken = [];

    /// <summary>Waits for the turn; disposing ends it.</summary>
    public async Task<IDisposable> TakeAsync(CampaignId campaign, CancellationToken cancellationToken)
    {
        Turn? turn;
        lock (taken)
        {
            if (!taken.TryGetValue(campaign, out turn)) taken.Add(campaign, turn = new());
            turn.Wanted++;
        }

        try
        {
            await turn.Free.WaitAsync(cancellationToken);
        }
        catch
        {
            Leave(campaign, turn);
            throw;
        }

        return new Ending(() =>
        {
            turn.Free.Release();
            Leave(campaign, turn);
        });
    }

    /// <summary>True while somebody has the turn or waits for it.</summary>
    public bool IsTaken(CampaignId campaign)
    {
        lock (taken) return taken.ContainsKey(campaign);
    }

    private void Leave(CampaignId campaign, Turn turn)
    {
        lock (taken)
        {
            if (--turn.Wanted > 0) return;
            taken.Remove(campaign);
            turn.Free.Dispose();
        }
    }

    private sealed class Turn
    {
        public SemaphoreSlim Free { get; } = new(1, 1);

        public int Wanted { get; set; }
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
