using System.Net.Http.Headers;
using System.Text.Json;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;

namespace Nightmail.Cli.Remote;

/// <summary>The backups that a command works on: the queue file's, or the server's where one is named. So that each verb is written once.</summary>
internal sealed class BackupPlace(Session session)
{
    private const string Route = "api/backups";

    private bool IsRemote => session.Server is not null;

    /// <summary>Where they lie, for people.</summary>
    public string Folder => IsRemote ? $"the data folder of {session.Server!.Text}" : session.QueueFile.Backups.Folder;

    /// <summary>All of them, the newest first.</summary>
    public async Task<IReadOnlyList<BackupDescription>> ListAsync(CancellationToken cancellationToken) => IsRemote
        ? [.. (await session.Client.AskAsync(ServerRequest.Get(Route) with { IsSlow = true }, cancellationToken)).ItemsOf("backups").Select(Read)]
        : await session.QueueFile.Backups.ListAsync(cancellationToken);

    /// <summary>Makes one. A lost answer is asked for again, and one backup is made.</summary>
    public async Task<BackupDescription> CreateAsync(CancellationToken cancellationToken) => IsRemote
        ? Read(await session.Client.AskAsync(Slow(Route) with { IdempotencyKey = Guid.CreateVersion7(session.Now).ToString("N") }, cancellationToken))
        : await session.QueueFile.Backups.CreateAsync(cancellationToken);

    /// <summary>Removes those that are more than are to be kept.</summary>
    public async Task<IReadOnlyList<string>> PruneAsync(CancellationToken cancellationToken) => IsRemote
        ? [.. (await session.Client.AskAsync(Slow($"{Route}/prune"), cancellationToken)).Items().Select(name => name.GetString() ?? "")]
        : await session.QueueFile.Backups.PruneAsync(cancellationToken);

    /// <summary>Checks one as far as that goes: a server reads all of it.</summary>
    public async Task<BackupDescription> VerifyAsync(BackupDescription backup, CancellationToken cancellationToken) =>
        IsRemote ? Read(await session.Client.AskAsync(Slow($"{PathOf(backup)}/verify"), cancellationToken)) : backup;

    /// <summary>Brings one back.</summary>
    public async Task<RestoreReport> RestoreAsync(BackupDescription backup, CancellationToken cancellationToken)
    {
        if (!IsRemote) return await session.QueueFile.Backups.RestoreAsync(backup.Name, cancellationToken);
        var answer = await session.Client.AskAsync(Slow($"{PathOf(backup)}/restore"), cancellationToken);
        int Of(string name) => (int)answer.NumberOf(name);
        return new(Of("returned"), Of("reverted"), Of("stayed"), Of("newer"), Of("held"), Unreadable: 0, answer.TextOf("ledgerBroken"))
        {
            Reconciled = Of("reconciled"), Accounts = answer.TextsOf("accounts"), Templates = Of("templates"), Campaigns = Of("campaigns"), Before = answer.TextOf("before"),
        };
    }

    /// <summary>Writes the bytes of one of a server's into a file.</summary>
    /// <returns>Their SHA-256.</returns>
    public Task<string> DownloadAsync(BackupDescription backup, Stream file, CancellationToken cancellationToken) => session.Client.DownloadAsync(PathOf(backup), file, cancellationToken);

    /// <summary>When a server makes them: as it is, or as it is to be.</summary>
    public Task<JsonElement> TimesAsync(Action<Utf8JsonWriter>? change, CancellationToken cancellationToken) =>
        session.Client.AskAsync(change is null ? ServerRequest.Get("api/scheduled-work/backup") : ServerRequest.Of(HttpMethod.Put, "api/scheduled-work/backup", change), cancellationToken);

    private static string PathOf(BackupDescription backup) => $"{Route}/{Uri.EscapeDataString(backup.Name)}";

    /// <summary>A request that may take as long as it takes.</summary>
    private static ServerRequest Slow(string path) => new(HttpMethod.Post, path)
    {
        Content = () => new ByteArrayContent("{}"u8.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
    };

    private static BackupDescription Read(JsonElement backup) =>
        new(backup.TextOf("filename") ?? "", backup.NumberOf("size"), backup.TimeOf("createdAt") ?? default, backup.TextOf("sha256") ?? "", backup.TextOf("problem"), backup.TextOf("reason") ?? "") { Emails = backup.TryGetProperty("emails", out var emails) && emails.ValueKind == JsonValueKind.Number ? emails.GetInt64() : null };
}
