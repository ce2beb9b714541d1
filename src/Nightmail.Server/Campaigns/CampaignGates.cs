using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Campaigns;

/// <summary>
/// Makes a campaign's row and its gate say the same. They lie in two databases: a gate is closed before the row says so and opened after it,
/// nobody else changes either meanwhile, and once the first of the two is written nobody's leaving keeps the second from it.
/// </summary>
internal sealed class CampaignGates(ICampaignStore campaigns, ICampaignEmails emails)
{
    private readonly CampaignTurns turns = new();

    /// <summary>Nobody else changes what this campaign's row or gate says until the result is disposed.</summary>
    public Task<IDisposable> TurnAsync(CampaignId id, CancellationToken cancellationToken) => turns.TakeAsync(id, cancellationToken);

    /// <summary>Writes the changed row and its gate. To be called in the campaign's turn.</summary>
    /// <returns>False: somebody else changed the row since it was seen; then nothing is changed.</returns>
    public async Task<bool> WriteAsync(Campaign seen, Campaign changed)
    {
        var gate = GateOf(changed);
        try
        {
            // Held back, not yet cancelled: what is cancelled cannot be had back if the row is not written.
            if (Closes(GateOf(seen), gate)) await SetAsync(seen.Id, gate.Stance == CampaignStance.Cancelled ? gate with { Stance = CampaignStance.Paused } : gate);
            if (!await campaigns.UpdateAsync(changed, CancellationToken.None))
            {
                await FollowRowAsync(seen.Id);
                return false;
            }
        }
        catch (StoreException)
        {
            // As far as it goes; where it does not, the next alignment does it.
            await TryFollowRowAsync(seen.Id);
            throw;
        }

        await SetAsync(seen.Id, gate);
        return true;
    }

    /// <summary>Sets the gate to what the row says. To be called in the campaign's turn.</summary>
    public async Task FollowRowAsync(CampaignId id)
    {
        if (await campaigns.FindAsync(id, CancellationToken.None) is { } row) await SetAsync(id, GateOf(row));
    }

    /// <summary>Closes a gate for good, where there is no row any more. To be called in the campaign's turn.</summary>
    public Task CloseForGoodAsync(CampaignId id) => SetAsync(id, new(CampaignStance.Cancelled, DateTimeOffset.MaxValue.ToUniversalTime()));

    /// <summary>Sets all gates to what the campaigns say: where a process died, or a disk failed, between the two writes.</summary>
    public async Task AlignAsync(CancellationToken cancellationToken)
    {
        const int AtOnce = 500;
        CampaignId? after = null;
        while (await campaigns.ListAsync(after, AtOnce, cancellationToken) is { Count: > 0 } some)
        {
            foreach (var campaign in some)
            {
                if (await emails.GateAsync(campaign.Id, cancellationToken) == GateOf(campaign)) continue;
                using var turn = await TurnAsync(campaign.Id, cancellationToken);
                await FollowRowAsync(campaign.Id);
            }

            after = some[^1].Id;
        }
    }

    private static CampaignGate GateOf(Campaign campaign) => new(campaign.Stance, (campaign.ScheduledFor ?? DateTimeOffset.MaxValue).ToUniversalTime());

    private static bool Closes(CampaignGate from, CampaignGate to) => from.Stance == CampaignStance.Released && (to.Stance != CampaignStance.Released || to.From > from.From);

    private async Task TryFollowRowAsync(CampaignId id)
    {
        try
        {
            await FollowRowAsync(id);
        }
        catch (StoreException)
        {
            // What is thrown already says what is wrong.
        }
    }

    private async Task SetAsync(CampaignId id, CampaignGate gate)
    {
        if (await emails.GateAsync(id, CancellationToken.None) != gate) await emails.SetGateAsync(id, gate, CancellationToken.None);
    }
}
