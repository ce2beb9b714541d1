using Nightmail.Core.Accounts;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Ledger;
using Nightmail.Store.Sql.Sqlite.Operations;
using Nightmail.Store.Sql.Sqlite.Reading;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Campaigns;

/// <summary>The emails of campaigns, in the hands of the thread that writes all emails.</summary>
internal sealed class CampaignEmails(Writer writer, WrittenRows readers, GateBook gates) : ICampaignEmails
{
    private static readonly Dictionary<(string Account, CampaignId Campaign), long> Nothing = [];

    /// <inheritdoc/>
    public ValueTask<int> AddRecipientsAsync(CampaignId campaign, IReadOnlyList<ScheduledEmail> recipients, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Sweep, recipients.Count, transaction => Gates.AddRecipients(transaction, campaign, recipients), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask SetGateAsync(CampaignId campaign, CampaignGate gate, CancellationToken cancellationToken) =>
        await writer.RunAsync(RequestKind.Step, 1, transaction =>
        {
            transaction.PutGate(campaign, gate with { From = gate.From.ToUniversalTime() });
            return true;
        }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CampaignGate> GateAsync(CampaignId campaign, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Claim, 1, transaction => transaction.GateOf(campaign), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> FollowGatesAsync(CancellationToken cancellationToken) => writer.RunAsync(RequestKind.Sweep, 1, Gates.Follow, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CampaignCounts> CountAsync(CampaignId campaign, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Look, 1, transaction => transaction.CountsOf(campaign), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyDictionary<(string Account, CampaignId Campaign), long>> TakenAsync(IReadOnlyList<Account> accounts, CampaignId? campaign, CancellationToken cancellationToken) =>
        accounts.Any(account => account.Limits.PerCampaign is not null)
            ? await writer.RunAsync(RequestKind.Look, 1, transaction => Rooms.Taken(transaction, accounts, campaign), cancellationToken)
            : Nothing;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ScheduledEmail>> RecipientsAsync(CampaignId campaign, EmailStatus? status, EmailId? after, int most, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<ScheduledEmail>>(reader => reader.Recipients(campaign, status, after, most), cancellationToken);

    /// <inheritdoc/>
    public void SuppressBy(Func<string, bool> isSuppressed) => gates.IsSuppressed = isSuppressed;

    /// <inheritdoc/>
    public ValueTask<ScheduledEmail?> FindRecipientAsync(CampaignId campaign, string address, CancellationToken cancellationToken) =>
        readers.ReadAsync(reader => reader.Recipient(campaign, address), cancellationToken);
}
