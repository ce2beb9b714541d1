using Nightmail.Core.Accounts;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Storage;

/// <summary>
/// The emails of campaigns, where the emails are. A campaign's gate is one fact that claim and begin look at; its emails' rows follow.
/// </summary>
public interface ICampaignEmails
{
    /// <summary>
    /// Keeps recipients of a campaign, all or none, durable when it returns. An address that the campaign has already, letter case
    /// aside, is left out.
    /// </summary>
    /// <returns>How many are new.</returns>
    /// <exception cref="RecipientsRefusedException">The campaign's gate is no draft's; nothing was changed.</exception>
    ValueTask<int> AddRecipientsAsync(CampaignId campaign, IReadOnlyList<ScheduledEmail> recipients, CancellationToken cancellationToken);

    /// <summary>
    /// Sets whether and from when a campaign's emails are sent. Durable when it returns, and from then on no claim is given and no begin
    /// is granted against it. A campaign whose gate was never set is closed.
    /// </summary>
    ValueTask SetGateAsync(CampaignId campaign, CampaignGate gate, CancellationToken cancellationToken);

    /// <summary>The gate as it is; closed for a campaign that nobody knows.</summary>
    ValueTask<CampaignGate> GateAsync(CampaignId campaign, CancellationToken cancellationToken);

    /// <summary>
    /// Lets the rows of cancelled campaigns follow their gates, some at a time so that no write takes long.
    /// </summary>
    /// <returns>How many rows changed; 0: none is left.</returns>
    ValueTask<int> FollowGatesAsync(CancellationToken cancellationToken);

    /// <summary>The campaign's recipients by status, at one moment.</summary>
    ValueTask<CampaignCounts> CountAsync(CampaignId campaign, CancellationToken cancellationToken);

    /// <summary>
    /// How many emails of campaigns have begun, or are claimed and may, through accounts with <see cref="AccountLimits.PerCampaign"/>. Of
    /// <paramref name="campaign"/> all; of others where they have come to be counted, which is no later than their first claim under such a limit.
    /// </summary>
    ValueTask<IReadOnlyDictionary<(string Account, CampaignId Campaign), long>> TakenAsync(IReadOnlyList<Account> accounts, CampaignId? campaign, CancellationToken cancellationToken);

    /// <summary>Recipients in the order in which they came, at most <paramref name="most"/>, those after <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<ScheduledEmail>> RecipientsAsync(CampaignId campaign, EmailStatus? status, EmailId? after, int most, CancellationToken cancellationToken);

    /// <summary>
    /// From here on a campaign's recipient whose address <paramref name="isSuppressed"/> names is cancelled in the place of being claimed.
    /// It is asked for every claim on the thread that writes: it must answer from memory.
    /// </summary>
    void SuppressBy(Func<string, bool> isSuppressed);

    /// <summary>The campaign's recipient of that address, letter case aside; null: there is none.</summary>
    ValueTask<ScheduledEmail?> FindRecipientAsync(CampaignId campaign, string address, CancellationToken cancellationToken);
}

/// <summary>A campaign that is no draft any more takes no recipients.</summary>
public sealed class RecipientsRefusedException() : Exception("it is no draft any more; only a draft takes recipients");

/// <summary>Whether and from when a campaign's emails are sent.</summary>
/// <param name="Stance">What a person wants.</param>
/// <param name="From">Not before this, while it is released.</param>
public sealed record CampaignGate(CampaignStance Stance, DateTimeOffset From)
{
    /// <summary>The gate of a draft.</summary>
    public static CampaignGate Closed { get; } = new(CampaignStance.Draft, DateTimeOffset.MaxValue);

    /// <summary>True when its emails may be claimed and begun.</summary>
    public bool IsOpen(DateTimeOffset now) => Stance == CampaignStance.Released && From <= now;
}
