using System.Text.Json;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Remote;

/// <summary>The send log of a server.</summary>
internal sealed class RemoteSendLog(RemoteQueue queue) : ISendLogView
{
    private const int PageSize = 1000;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SendLogEntry>> ListAsync(SendLogFilter filter, int most, CancellationToken cancellationToken)
    {
        if (most <= 0) return [];
        var query = $"api/logs?limit={Math.Min(most, PageSize)}";
        if (filter.Email is { } email) query += $"&email={email}";
        if (filter.Campaign is { } campaign) query += $"&campaign={campaign}";
        if (filter.Account is { } account) query += $"&account={Uri.EscapeDataString(account)}";
        if (filter.Outcome is { } outcome) query += $"&outcome={outcome.Name()}";
        if (filter.After is > 0 and var after) query += $"&after={after}";
        if (filter.Before is { } before) query += $"&cursor={before}";
        return await queue.PagesAsync(query, Read, most, cancellationToken);
    }

    private static SendLogEntry Read(JsonElement json) => new()
    {
        Number = json.NumberOf("number"),
        At = json.TimeOf("at") ?? default,
        Email = EmailId.TryParse(json.TextOf("email") ?? "", out var id) ? id : throw CommandFailure.Refused("the server answered with something that is no row of a send log"),
        Campaign = CampaignId.TryParse(json.TextOf("campaignId"), out var campaign) ? campaign : null,
        Attempt = (int)json.NumberOf("attempt"),
        Account = json.TextOf("account") ?? "",
        Worker = json.TextOf("worker"),
        Recipient = json.TextOf("recipient") ?? "",
        Outcome = EmailStatusNames.ParseStatus(json.TextOf("outcome")) ?? EmailStatus.Sent,
        Words = json.TextOf("words"),
        Code = json.MaybeNumberOf("code"),
        Enhanced = json.TextOf("enhanced"),
        Took = json.Below("durationMs") is { ValueKind: JsonValueKind.Number } took ? TimeSpan.FromMilliseconds(took.GetDouble()) : default,
    };
}
