using Nightmail.Cli.Remote;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime;
using Nightmail.Mail.Transports;
using Nightmail.Server.Hosting;
using Nightmail.Store.Sql;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Store.Sql.Sqlite.Backups;

namespace Nightmail.Tests.Cli.Remote;

/// <summary>A home folder, and a server on a data folder of its own whose clock is the home's; commands work on it through the environment.</summary>
internal sealed class RemoteWorld : IAsyncDisposable
{
    private readonly string data = Directory.CreateTempSubdirectory("nightmail-remote-").FullName;
    private readonly List<string> said = [];
    private readonly SqliteEmailStore store;
    private readonly ControlPlane plane;
    private readonly SqliteBackups backups;
    private NightmailServer? server;

    private RemoteWorld(TimeProvider? clock)
    {
        Home = new(clock);
        Clock = clock ?? Home.Time;
        store = SqliteEmailStore.Open(new() { Folder = data }, Clock);
        plane = ControlPlane.OpenSqlite(data);
        backups = new(store, plane, Clock, new Random(1));
    }

    public CliWorld Home { get; }

    public TimeProvider Clock { get; }

    public IEmailStore Emails => store;

    public ISendLog SendLog => plane.SendLog;

    public string Url => server!.Urls[0];

    public string KeyFile => Path.Combine(data, "api-key");

    /// <summary>Gets what the server said at its start.</summary>
    public IReadOnlyList<string> Said => said;

    public string Folder => data;

    public string Key => File.ReadAllText(KeyFile).Trim();

    /// <param name="clock">The clock of both; null: one that stands still.</param>
    /// <param name="sends">Whether the server sends.</param>
    public static async Task<RemoteWorld> StartAsync(TimeProvider? clock = null, bool sends = false)
    {
        var world = new RemoteWorld(clock);
        var (store, plane) = (world.store, world.plane);
        var parts = new Nightmail.Server.ServerParts
        {
            Emails = store, CampaignEmails = store.Campaigns, Blobs = store.Blobs, Accounts = plane.Accounts, Keys = plane.Keys, Templates = plane.Templates, Campaigns = plane.Campaigns,
            Suppressions = plane.Suppressions, SendLog = plane.SendLog, Settings = plane.Settings, RequestKeys = plane.RequestKeys, Work = plane.Work, LogRetention = plane.LogRetention, Backups = world.backups, Form = Nightmail.Store.File.Exchange.QueueFileForm.Instance, Composer = new MessageComposer(store.Blobs),
            Transport = (account, retry) => TransportFactory.Create(account, retry, world.Clock, new Random(1)),
            CheckAccount = async (account, cancellationToken) =>
            {
                var (fault, offers) = await AccountCheck.RunAsync(account, world.Clock, new Random(1), cancellationToken);
                return (fault, offers);
            },
            Time = world.Clock, Random = new Random(1),
        };
        world.server = await NightmailServer.StartAsync(parts, new() { Folder = world.data, Urls = ["http://127.0.0.1:0"], Sends = sends, Version = "9.9.9", Say = world.said.Add }, CancellationToken.None);
        world.Home.With("NIGHTMAIL_SERVER", world.Url).With("NIGHTMAIL_API_KEY", world.Key);
        return world;
    }

    /// <summary>Runs a command on the server.</summary>
    public Task<CliResult> RunAsync(params string[] arguments) => Home.RunAsync(arguments);

    /// <summary>The server's emails, as commands use them.</summary>
    public RemoteQueue Queue() => new(new(ServerAddress.Read(Url, "the test's server", allowsPlainHttp: false), Key, TimeSpan.FromSeconds(60), TimeProvider.System), Clock, Nightmail.Store.File.Exchange.QueueFileForm.Instance);

    /// <summary>The ids of a campaign's recipients.</summary>
    public async Task<IReadOnlyList<string>> RecipientsAsync(string campaign)
    {
        await using var queue = Queue();
        return await queue.PagesAsync($"api/campaigns/{campaign}/recipients?limit=1000", json => json.GetProperty("id").GetString()!, int.MaxValue, CancellationToken.None);
    }

    /// <summary>Makes an account that sends to a port of this machine.</summary>
    public Task<CliResult> AddAccountAsync(int port = 2525) =>
        RunAsync("account", "add", "work", "--from", "Ada <ada@example.org>", "--host", "127.0.0.1", "--port", $"{port}", "--security", "none");

    public async ValueTask DisposeAsync()
    {
        await server!.StopAsync(CancellationToken.None);
        await server.DisposeAsync();
        backups.Dispose();
        await plane.DisposeAsync();
        await store.DisposeAsync();
        Home.Dispose();
        Directory.Delete(data, recursive: true);
    }
}
