using Nightmail.Core.Accounts;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>What the accounts can take now.</summary>
internal static class Rooms
{
    private static readonly HashSet<string> None = [];

    /// <summary>The accounts with what all workers have on their way through them.</summary>
    /// <param name="transaction">What there is.</param>
    /// <param name="capacities">What the worker offers.</param>
    /// <param name="owner">The worker that asks; null: nobody in particular.</param>
    public static AccountRoom Of(Transaction transaction, AccountCapacities capacities, WorkerId? owner)
    {
        var claimed = new Dictionary<string, (int OnTheWay, int NotBegun)>(StringComparer.Ordinal);
        var limited = Limited(capacities.Offers);
        Dictionary<(string Account, CampaignId Campaign), long>? notBegunOf = limited.Count == 0 ? null : [];
        foreach (var slot in transaction.SlotsBeingSent())
        {
            var row = slot.Current;
            if (row is not { ClaimedBy: { } worker, LastAccount: { } account } || (worker != owner?.Text && !transaction.IsAlive(worker))) continue;
            var (onTheWay, notBegun) = claimed.GetValueOrDefault(account);
            var hasBegun = transaction.LedgerOf(row.Id).HasBegun(row.Attempts);
            claimed[account] = (onTheWay + 1, notBegun + (hasBegun ? 0 : 1));
            if (notBegunOf is not null && !hasBegun && row.Campaign is { } campaign && limited.Contains(account)) notBegunOf[(account, campaign)] = notBegunOf.GetValueOrDefault((account, campaign)) + 1;
        }

        return new(capacities, name =>
        {
            var (onTheWay, notBegun) = claimed.GetValueOrDefault(name);
            var circuit = transaction.CircuitOf(name);
            return new(circuit, onTheWay, notBegun, transaction.BeginsOf(name));
        }, transaction.Now, limited.Count == 0 ? null : (account, campaign) => transaction.CampaignBegins.Of(account, campaign) + notBegunOf!.GetValueOrDefault((account, campaign)));
    }

    /// <summary>How many emails of campaigns the accounts have taken whose limits name a campaign's.</summary>
    /// <param name="transaction">What there is.</param>
    /// <param name="accounts">The accounts.</param>
    /// <param name="campaign">The campaign of which all are counted; null: those that are counted already.</param>
    public static IReadOnlyDictionary<(string Account, CampaignId Campaign), long> Taken(Transaction transaction, IReadOnlyList<Account> accounts, CampaignId? campaign)
    {
        var limited = Limited([.. accounts.Select(account => (account, 0))]);
        if (campaign is { } one) foreach (var account in limited) transaction.CampaignBegins.Of(account, one);
        var taken = transaction.CampaignBegins.Counts.Where(each => limited.Contains(each.Key.Account)).ToDictionary();
        foreach (var row in transaction.BeingSent())
        {
            if (row is not { ClaimedBy: { } worker, LastAccount: { } account, Campaign: { } its } || !taken.ContainsKey((account, its)) || !transaction.IsAlive(worker)) continue;
            if (!transaction.LedgerOf(row.Id).HasBegun(row.Attempts)) taken[(account, its)]++;
        }

        return taken;
    }

    private static HashSet<string> Limited(IReadOnlyList<(Account Account, int Free)> offers)
    {
        HashSet<string>? limited = null;
        for (var index = 0; index < offers.Count; index++)
        {
            if (offers[index].Account.Limits.PerCampaign is not null) (limited ??= new(StringComparer.Ordinal)).Add(offers[index].Account.Name);
        }

        return limited ?? None;
    }
}
