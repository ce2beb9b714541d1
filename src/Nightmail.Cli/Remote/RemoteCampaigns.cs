using System.Text.Json;
using Nightmail.Core.Campaigns;

namespace Nightmail.Cli.Remote;

/// <summary>The campaigns of a server.</summary>
internal sealed class RemoteCampaigns(Session session)
{
    /// <summary>More candidates than this are not listed.</summary>
    private const int ListedCandidates = 5;

    private ServerClient Server => session.Client;

    /// <summary>All of them, the newest first, as the server shows them.</summary>
    public Task<IReadOnlyList<JsonElement>> ListAsync(CancellationToken cancellationToken) =>
        session.Remote!.PagesAsync("api/campaigns?limit=1000", campaign => campaign, int.MaxValue, cancellationToken);

    /// <summary>The id of the campaign that a person names: by its id, as much of its end or beginning as is unique, or its name.</summary>
    /// <exception cref="CommandFailure">There is none, or more than one that could be meant.</exception>
    public async Task<string> IdOfAsync(string text, CancellationToken cancellationToken)
    {
        if (CampaignId.TryParse(text, out var whole)) return whole.ToString();
        var all = await ListAsync(cancellationToken);
        var found = all.Where(campaign => campaign.TextOf("name") == text).ToList();
        if (found.Count == 0) found = [.. all.Where(campaign => Names(text, campaign.TextOf("id") ?? ""))];
        return found.Count switch
        {
            1 => found[0].TextOf("id")!,
            0 => throw CommandFailure.NotFound($"there is no campaign '{text}'; see {session.Command("campaign list")}"),
            _ => throw CommandFailure.Usage($"'{text}' could be {string.Join(", ", found.Take(ListedCandidates).Select(campaign => campaign.TextOf("id")))}{(found.Count > ListedCandidates ? $" and {found.Count - ListedCandidates} more" : "")}; write more of the id"),
        };
    }

    /// <summary>The id of a template that a person names.</summary>
    public async Task<string> TemplateAsync(string text, CancellationToken cancellationToken)
    {
        var all = await session.Remote!.PagesAsync("api/templates?limit=1000", template => template, int.MaxValue, cancellationToken);
        var found = all.Where(template => template.TextOf("name") == text || template.TextOf("id") == text).ToList();
        return found.Count == 1 ? found[0].TextOf("id")! : throw CommandFailure.NotFound($"there is no template '{text}'{(all.Count > 0 ? $"; there are {string.Join(", ", all.Take(ListedCandidates).Select(template => template.TextOf("name")))}" : "")}");
    }

    /// <summary>Makes a draft. A lost answer is asked for again, and one draft is made.</summary>
    public Task<JsonElement> CreateAsync(Action<Utf8JsonWriter> write, CancellationToken cancellationToken) =>
        Server.AskAsync(ServerRequest.Of(HttpMethod.Post, "api/campaigns", write) with { IdempotencyKey = NewKey() }, cancellationToken);

    /// <summary>Reads something of a campaign: <c>""</c> itself, <c>/progress</c>, <c>/plan</c>.</summary>
    public Task<JsonElement> GetAsync(string id, string what, CancellationToken cancellationToken) => Server.AskAsync(ServerRequest.Get($"api/campaigns/{id}{what}"), cancellationToken);

    /// <summary>Does something to a campaign.</summary>
    public Task<JsonElement> DoAsync(string id, string what, Action<Utf8JsonWriter>? write, CancellationToken cancellationToken) =>
        Server.AskAsync(ServerRequest.Of(HttpMethod.Post, $"api/campaigns/{id}/{what}", write), cancellationToken);

    /// <summary>Does something to a campaign that makes something new; once, whatever becomes of the answer.</summary>
    public Task<JsonElement> MakeAsync(string id, string what, Action<Utf8JsonWriter>? write, CancellationToken cancellationToken) =>
        Server.AskAsync(ServerRequest.Of(HttpMethod.Post, $"api/campaigns/{id}/{what}", write) with { IdempotencyKey = NewKey() }, cancellationToken);

    /// <summary>Forgets a campaign.</summary>
    public Task<JsonElement> RemoveAsync(string id, CancellationToken cancellationToken) => Server.AskAsync(new(HttpMethod.Delete, $"api/campaigns/{id}"), cancellationToken);

    /// <summary>Sends recipients in; the server reads all of them before it keeps the first.</summary>
    public Task<JsonElement> ImportAsync(string id, Func<Stream> open, string contentType, Action<long> sent, CancellationToken cancellationToken) =>
        Server.AskAsync(new(HttpMethod.Post, $"api/campaigns/{id}/recipients") { Content = () => new WatchedContent(open(), contentType, sent) }, cancellationToken);

    private static bool Names(string text, string id)
    {
        var (wanted, unique) = (text.Replace("-", "", StringComparison.Ordinal), id[(id.IndexOf('_', StringComparison.Ordinal) + 1)..]);
        return wanted.Length > 0 && (id.StartsWith(wanted, StringComparison.OrdinalIgnoreCase) || unique.StartsWith(wanted, StringComparison.OrdinalIgnoreCase) || unique.EndsWith(wanted, StringComparison.OrdinalIgnoreCase));
    }

    private string NewKey() => $"cli-{CampaignId.New(session.Surroundings.Time)}";
}
