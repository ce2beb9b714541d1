using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Remote;

/// <summary>The emails of a server, asked for and changed over its API. What it refuses is a <see cref="CommandFailure"/> with the exit code that the same refusal has on a queue file.</summary>
internal sealed class RemoteQueue(ServerClient server, TimeProvider time, IEmailForm form) : IEmailQueue
{
    private readonly RemoteExchange exchange = new(server, time, form);

    /// <summary>As many as the server gives at once.</summary>
    private const int PageSize = 1000;

    /// <summary>A moment that is meant as the present is the server's present, whatever its clock says.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    /// <summary>What keys begin with that nobody has chosen.</summary>
    private const string OwnKey = "cli-";

    /// <summary>A key for a call that has none.</summary>
    public static string NewKey(TimeProvider time) => OwnKey + EmailId.New(time).Unique;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<AddResult>> AddAsync(IReadOnlyList<ScheduledEmail> emails, CancellationToken cancellationToken)
    {
        var results = new List<AddResult>();
        foreach (var email in emails) results.Add(await AddAsync(email, cancellationToken));
        return results;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ImportResult>> ImportAsync(IReadOnlyList<ImportedEmail> emails, CancellationToken cancellationToken) => await exchange.ImportAsync(emails, cancellationToken);

    /// <summary>Its emails that belong to no campaign, whole, for another store.</summary>
    public IAsyncEnumerable<ImportedEmail> ExportAsync(CancellationToken cancellationToken) => exchange.ExportAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ScheduledEmail?> FindAsync(EmailId id, CancellationToken cancellationToken)
    {
        var reply = await server.SendAsync(ServerRequest.Get($"api/emails/{id}"), cancellationToken);
        if (reply is { Status: 404, Detail: not null }) return null;
        return reply.IsDone ? EmailReading.Read(reply) : throw ServerRefusal.Of(reply, server.Address);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ScheduledEmail>> ListAsync(EmailFilter filter, CancellationToken cancellationToken)
    {
        var query = $"api/emails?limit={PageSize}";
        if (filter.Statuses.Count > 0) query += $"&status={string.Join(',', filter.Statuses.Select(status => status.Name()))}";
        if (filter.Account is { } account) query += $"&account={Uri.EscapeDataString(account)}";
        if (filter.Search is { } words) query += $"&search={Uri.EscapeDataString(words)}";
        return await PagesAsync(query, EmailReading.Read, int.MaxValue, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ScheduledEmail>> NamedAsync(string part, int most, CancellationToken cancellationToken)
    {
        var page = await server.AskAsync(ServerRequest.Get($"api/emails?named={Uri.EscapeDataString(part)}&limit={most}"), cancellationToken);
        return [.. page.ItemsOf("items").Select(EmailReading.Read).Where(email => email.Id.IsNamedBy(part))];
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ScheduledEmail>> HeldAsync(CancellationToken cancellationToken)
    {
        // An older server passes over the word and gives every email.
        var found = await PagesAsync($"api/emails?held=true&limit={PageSize}", EmailReading.Read, int.MaxValue, cancellationToken);
        return [.. found.Where(Settlement.MayHaveLeft)];
    }

    /// <inheritdoc/>
    public async ValueTask<ChangeResult> ChangeAsync(EmailId id, EmailChange change, CancellationToken cancellationToken)
    {
        var reply = await server.SendAsync(RequestFor(id, change), cancellationToken);
        if (reply.IsDone) return new(EmailReading.Read(reply), null);
        if (reply is { Status: 404, Detail: { } detail } && detail.Contains(id.ToString(), StringComparison.Ordinal)) return ChangeResult.NotFound;
        if (reply.Status == 412) return await OutdatedAsync(id, change, reply.WasRepeated, cancellationToken);
        if (reply is { Status: 409, Detail: { } refusal }) return new(await FindAsync(id, cancellationToken), refusal);
        throw ServerRefusal.Of(reply, server.Address);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<AccountStanding>> AccountsAsync(IReadOnlyList<Account> accounts, CancellationToken cancellationToken) =>
        [.. (await StandingsAsync(cancellationToken)).Select(use => use.Standing).Where(standing => accounts.Count == 0 || accounts.Any(account => account.Name == standing.Account.Name))];

    /// <summary>The server's accounts, how they stand, and what they have sent.</summary>
    public async Task<IReadOnlyList<AccountUse>> StandingsAsync(CancellationToken cancellationToken) =>
        [.. (await server.AskAsync(ServerRequest.Get("api/standings"), cancellationToken)).Items().Select(StandingReading.Read)];

    /// <inheritdoc/>
    public async ValueTask<bool> ResetAccountAsync(string account, CancellationToken cancellationToken)
    {
        var reply = await server.SendAsync(ServerRequest.Of(HttpMethod.Post, $"api/accounts/{Uri.EscapeDataString(account)}/circuit/reset"), cancellationToken);
        // There was nothing to close, or there is no such account.
        return reply.IsDone || (reply is { Status: 404 or 409, Detail: { } words } && !words.StartsWith("there is nothing", StringComparison.Ordinal) ? false : throw ServerRefusal.Of(reply, server.Address));
    }

    /// <inheritdoc/>
    public async ValueTask SetSendingPausedAsync(bool paused, CancellationToken cancellationToken) =>
        await server.AskAsync(ServerRequest.Of(HttpMethod.Post, paused ? "api/workers/pause" : "api/workers/resume"), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<StoreOverview> OverviewAsync(CancellationToken cancellationToken)
    {
        var stats = await server.AskAsync(ServerRequest.Get("api/stats"), cancellationToken);
        var (counts, pruned) = (stats.Below("emails"), stats.Below("pruned"));
        return new(Statuses().ToDictionary(each => each.Status, each => (int)counts.NumberOf(each.Name)), stats.NumberOf("totalScheduled"), stats.FlagOf("sendingPaused"))
        {
            Pruned = Statuses().Where(each => each.Status.IsFinal()).ToDictionary(each => each.Status, each => pruned.NumberOf(each.Name)),
        };
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<WorkerDescription>> WorkersAsync(CancellationToken cancellationToken) =>
        [.. (await server.AskAsync(ServerRequest.Get("api/workers"), cancellationToken)).ItemsOf("workers")
            .Select(worker => new WorkerDescription(new(worker.TextOf("id") ?? ""), (int)worker.NumberOf("processId"), worker.TextOf("host") ?? "", worker.TimeOf("since") ?? default))];

    /// <summary>Writes the message as it will go out.</summary>
    public Task WriteMessageAsync(EmailId id, Stream to, CancellationToken cancellationToken) => server.DownloadAsync($"api/emails/{id}/raw", to, cancellationToken);

    /// <summary>All pages of an answer, as far as they are wanted.</summary>
    public async Task<IReadOnlyList<T>> PagesAsync<T>(string query, Func<JsonElement, T> read, int most, CancellationToken cancellationToken)
    {
        var found = new List<T>();
        string? cursor = null;
        do
        {
            var page = await server.AskAsync(ServerRequest.Get(cursor is null ? query : $"{query}&cursor={Uri.EscapeDataString(cursor)}"), cancellationToken);
            found.AddRange(page.ItemsOf("items").Select(read));
            cursor = page.TextOf("next");
        }
        while (cursor is not null && found.Count < most);
        return found.Count > most ? found[..most] : found;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        server.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<AddResult> AddAsync(ScheduledEmail email, CancellationToken cancellationToken)
    {
        // Without a key of the caller's it gets one of ours: then a lost answer can be asked for again, and nothing is doubled. What is found under
        // such a key after a lost answer is what this very call has scheduled.
        var key = email.IdempotencyKey?.Key ?? NewKey(time);
        var request = ServerRequest.Of(HttpMethod.Post, "api/emails", json => EmailWriting.Write(json, email, time.GetUtcNow())) with { IdempotencyKey = key, WhenLost = $"say it again with --idempotency-key {key}, and it is done once" };
        var reply = await server.SendAsync(request, cancellationToken);
        if (reply.IsDone)
        {
            var kept = EmailReading.Read(reply.Body);
            return reply.Status == 200 && !(reply.WasRepeated && key.StartsWith(OwnKey, StringComparison.Ordinal)) ? new AddResult.Existing(kept.Id, kept) : new AddResult.Added(kept);
        }

        if (reply is { Status: 409, Detail: { } words } && Named(words) is { } first)
            return words.Contains("another request", StringComparison.Ordinal) ? new AddResult.KeyConflict(first) : new AddResult.Existing(first, null);
        throw ServerRefusal.Of(reply, server.Address);
    }

    /// <summary>Somebody else was first; or it was we, and only the answer to that was lost.</summary>
    private async Task<ChangeResult> OutdatedAsync(EmailId id, EmailChange change, bool wasRepeated, CancellationToken cancellationToken)
    {
        var present = await FindAsync(id, cancellationToken);
        var isOurs = wasRepeated && change is EmailChange.Edit { Content: var wanted } && present is not null && Json(wanted).SequenceEqual(Json(present.Content));
        return new(present, isOurs ? null : ChangeRules.ChangedSince);

        static byte[] Json(EmailContent content) => ServerRequest.Of(HttpMethod.Put, "", json => EmailWriting.WriteContent(json, content)).Json!;
    }

    private ServerRequest RequestFor(EmailId id, EmailChange change) => change switch
    {
        EmailChange.Reschedule { Wish: null, Seen: null } moment when (moment.ScheduledFor - time.GetUtcNow()).Duration() < Moment => ServerRequest.Of(HttpMethod.Post, $"api/emails/{id}/send-now"),
        EmailChange.Reschedule to => ServerRequest.Of(HttpMethod.Post, $"api/emails/{id}/reschedule", json => EmailWriting.WriteTime(json, to.ScheduledFor, to.Wish, time.GetUtcNow())) with { IfMatch = EmailReading.Version(to.Seen) },
        EmailChange.Edit edit => ServerRequest.Of(HttpMethod.Put, $"api/emails/{id}/content", json => EmailWriting.WriteContent(json, edit.Content)) with { IfMatch = EmailReading.Version(edit.Seen) },
        _ => ServerRequest.Of(HttpMethod.Post, $"api/emails/{id}/{change.Name}"),
    };

    private static IEnumerable<(EmailStatus Status, string Name)> Statuses() => Enum.GetValues<EmailStatus>().Select(status => (status, JsonNamingPolicy.CamelCase.ConvertName(status.ToString())));

    /// <summary>The email that a sentence names; null: it names none.</summary>
    private static EmailId? Named(string sentence) =>
        sentence.Split(' ', ',', ';').FirstOrDefault(word => word.StartsWith("email_", StringComparison.Ordinal)) is { } word && EmailId.TryParse(word, out var id) ? id : null;
}
