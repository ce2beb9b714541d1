using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime;
using Nightmail.Mail.Transports;
using Nightmail.Server;
using Nightmail.Server.Hosting;
using Nightmail.Store.Sql;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Store.Sql.Sqlite.Backups;

namespace Nightmail.Tests.Server;

/// <summary>A server on a data folder of its own, in this process, asked over real HTTP.</summary>
internal sealed class ServerWorld : IAsyncDisposable
{
    private readonly List<string> said = [];
    private string url = "";
    private bool behindProxy;
    private SqliteEmailStore? store;
    private ControlPlane? plane;
    private SqliteBackups? backups;
    private NightmailServer? server;

    private ServerWorld()
    {
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("nightmail-server-").FullName;

    /// <summary>Asks with the key of the first start.</summary>
    public HttpClient Client { get; private set; } = new();

    public IEmailStore Emails => store!;

    public IReadOnlyList<string> Said => said;

    /// <summary>What the next start has in the place of the usual parts.</summary>
    public Func<ServerParts, ServerParts> Change { get; set; } = parts => parts;

    public static async Task<ServerWorld> StartAsync(bool sends = true, string url = "http://127.0.0.1:0", bool behindProxy = false)
    {
        var world = new ServerWorld { url = url, behindProxy = behindProxy };
        try
        {
            await world.OpenAsync(sends);
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }

        return world;
    }

    /// <summary>The bytes of a file that the server has open, a letter each.</summary>
    public async Task<string> ReadAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return Encoding.Latin1.GetString(bytes.ToArray());
    }

    /// <summary>Ends the server in order and starts it again on the same folder.</summary>
    public async Task RestartAsync(bool sends = true)
    {
        await CloseAsync();
        await OpenAsync(sends);
    }

    /// <summary>Ends the server, lets somebody do something to its folder, and starts it again.</summary>
    public async Task WhileStoppedAsync(Action<string> change, bool sends = true)
    {
        await CloseAsync();
        change(Folder);
        await OpenAsync(sends);
    }

    /// <summary>Starts the server as if it had been away for so long when its scheduled work came round.</summary>
    public async Task ComeBackAsync(TimeSpan away, bool sends = true)
    {
        await CloseAsync();
        await RunSqlAsync("control.db", $"UPDATE scheduled_work SET since = since - {away.Ticks}, last_slot = last_slot - {away.Ticks}");
        await OpenAsync(sends);
    }

    /// <summary>Asks, with a JSON body where there is one.</summary>
    public async Task<(int Status, JsonNode? Body)> AskAsync(HttpMethod method, string path, string? json = null, string? key = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, contentType);
        if (key is not null) request.Headers.Authorization = key.Length == 0 ? null : new AuthenticationHeaderValue("Bearer", key);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var client = key is null ? null : new HttpClient { BaseAddress = Client.BaseAddress };
        using var response = await (client ?? Client).SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) is true;
        return ((int)response.StatusCode, isJson && text.Length > 0 ? JsonNode.Parse(text) : text.Length > 0 ? JsonValue.Create(text) : null);
    }

    public Task<(int Status, JsonNode? Body)> PostAsync(string path, string json) => AskAsync(HttpMethod.Post, path, json);

    public Task<(int Status, JsonNode? Body)> GetAsync(string path) => AskAsync(HttpMethod.Get, path);

    /// <summary>Makes an account that sends to the sink.</summary>
    public Task<(int Status, JsonNode? Body)> AddAccountAsync(int port, int connections = 4) => PostAsync("/api/accounts",
        $$$"""{"name":"work","from":"News <news@sender.example>","transport":{"type":"smtp","host":"127.0.0.1","port":{{{port}}},"security":"none"},"limits":{"connections":{{{connections}}}}}""");

    /// <summary>Reads an address as CSV, a list of values a row.</summary>
    public async Task<IReadOnlyList<string>> CsvAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/csv");
        using var response = await Client.SendAsync(request);
        response.EnsureSuccessStatusCode();
        if (response.Content.Headers.ContentType?.MediaType != "text/csv") throw new InvalidOperationException($"{path} answered {response.Content.Headers.ContentType}");
        return (await response.Content.ReadAsStringAsync()).TrimEnd().Split("\r\n");
    }

    /// <summary>A key with these scopes alone.</summary>
    public async Task<string> KeyAsync(params string[] scopes) =>
        (string)(await PostAsync("/api/keys", $$"""{"name":"test","scopes":[{{string.Join(',', scopes.Select(scope => $"\"{scope}\""))}}]}""")).Body!["key"]!;

    /// <summary>Waits until the campaign has that status.</summary>
    public Task WaitForStatusAsync(string campaign, string status) =>
        Eventually.HoldsAsync(async () => (string?)(await GetAsync($"/api/campaigns/{campaign}/progress")).Body!["status"] == status, $"the campaign to be {status}");

    /// <summary>Leaves a request as a crash in its middle leaves it: its key has no answer, and its campaign is a draft that lacks its last recipient and has no open gate.</summary>
    public async Task BreakOffAsync(string key, CampaignId id)
    {
        await CloseAsync();
        await RunSqlAsync("control.db", $"UPDATE request_key SET status = NULL, body = NULL WHERE name = '{key}'; UPDATE campaign SET stance = 0, scheduled_for = NULL WHERE id = '{id}'");
        await RunSqlAsync("nightmail.db", """
            CREATE TEMP TABLE gone AS SELECT max(number) AS number FROM email;
            DELETE FROM campaign_address WHERE address = 'b@example.org';
            UPDATE tally SET rows = rows - 1 WHERE lane = (SELECT lane FROM email WHERE number = (SELECT number FROM gone)) AND status = 0;
            DELETE FROM content WHERE number = (SELECT number FROM gone);
            DELETE FROM email WHERE number = (SELECT number FROM gone)
            """);
        await OpenAsync(sends: false);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task RunSqlAsync(string database, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(Folder, database)};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private async Task OpenAsync(bool sends)
    {
        store = SqliteEmailStore.Open(new() { Folder = Folder }, TimeProvider.System);
        plane = ControlPlane.OpenSqlite(Folder);
        backups = new SqliteBackups(store, plane, TimeProvider.System, new Random());
        var parts = new ServerParts
        {
            Emails = store, CampaignEmails = store.Campaigns, Blobs = store.Blobs, Accounts = plane.Accounts, Keys = plane.Keys, Templates = plane.Templates, Campaigns = plane.Campaigns,
            Suppressions = plane.Suppressions, SendLog = plane.SendLog, Work = plane.Work, LogRetention = plane.LogRetention, Settings = plane.Settings, RequestKeys = plane.RequestKeys, Backups = backups, Form = Nightmail.Store.File.Exchange.QueueFileForm.Instance, Composer = new MessageComposer(store.Blobs),
            Transport = (account, retry) => TransportFactory.Create(account, retry, TimeProvider.System, new Random(1)),
            CheckAccount = async (account, cancellationToken) =>
            {
                var (fault, offers) = await AccountCheck.RunAsync(account, TimeProvider.System, new Random(1), cancellationToken);
                return (fault, offers);
            },
            Time = TimeProvider.System, Random = new Random(1),
        };
        server = await NightmailServer.StartAsync(Change(parts), new() { Folder = Folder, Urls = [url], BehindProxy = behindProxy, Sends = sends, FreeFailures = 100_000, Say = said.Add }, CancellationToken.None);
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{new Uri(server.Urls[0].Replace("//*", "//localhost", StringComparison.Ordinal)).Port}"), Timeout = TimeSpan.FromMinutes(5) };
        Client.DefaultRequestHeaders.Authorization = new("Bearer", File.ReadAllText(Path.Combine(Folder, "api-key")).Trim());
    }

    private async Task CloseAsync()
    {
        Client.Dispose();
        if (server is not null)
        {
            await server.StopAsync(CancellationToken.None);
            await server.DisposeAsync();
        }
        backups?.Dispose();
        await plane!.DisposeAsync();
        await store!.DisposeAsync();
    }
}
