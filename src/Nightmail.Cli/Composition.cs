using Nightmail.Cli.Configuration;
using Nightmail.Cli.Remote;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime;
using Nightmail.Mail.Transports;
using Nightmail.Server;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Exchange;
using Nightmail.Store.Sql;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Store.Sql.Sqlite.Backups;

namespace Nightmail.Cli;

/// <summary>The one place that names the stores and the transports.</summary>
internal static class Composition
{
    /// <summary>Opens the queue file; it is read when it is first needed.</summary>
    /// <param name="queuePath">The file.</param>
    /// <param name="backups">The folder of its backups; null: beside it.</param>
    /// <param name="settings">The configuration.</param>
    /// <param name="works">True for a worker, whose changes come many at a time.</param>
    /// <param name="time">The clock.</param>
    /// <param name="keeps">False keeps everything in memory only.</param>
    /// <param name="observer">Is told what happens to the files.</param>
    /// <param name="command">A command of this program, as it can be pasted.</param>
    public static OpenedStore OpenStore(string queuePath, string? backups, Settings settings, bool works, TimeProvider time, bool keeps, IStoreObserver observer, Func<string, string> command)
    {
        var persistence = settings.Persistence;
        var options = new QueueFileOptions
        {
            Path = queuePath, LockTimeout = persistence.LockTimeout, SyncInterval = persistence.SyncInterval, SharesWrites = works,
            BackupFolder = backups, BackupCount = persistence.BackupCount,
            AllowNetworkFileSystem = persistence.AllowNetworkFileSystem, Observer = observer, Command = command,
        };
        var store = FileEmailStore.Open(options, keeps ? RealDisk.Instance : new MemoryDisk(time), time);
        return new(store, store.Blobs, store.SendLog) { File = store, Log = store.SendLog };
    }

    /// <summary>Opens a server's data folder.</summary>
    public static OpenedServer OpenServer(string folder, Session session)
    {
        var (settings, surroundings) = (session.Settings, session.Surroundings);
        var store = SqliteEmailStore.Open(new() { Folder = folder }, surroundings.Time);
        var plane = ControlPlane.OpenSqlite(folder);
        var backups = new SqliteBackups(store, plane, surroundings.Time, surroundings.Random);
        return new(store, plane, backups, new()
        {
            Emails = store, CampaignEmails = store.Campaigns, Blobs = store.Blobs, Accounts = plane.Accounts, Keys = plane.Keys, Templates = plane.Templates, Campaigns = plane.Campaigns,
            Suppressions = plane.Suppressions, SendLog = plane.SendLog, Work = plane.Work, LogRetention = plane.LogRetention, Settings = plane.Settings, RequestKeys = plane.RequestKeys, Backups = backups, Form = QueueFileForm.Instance, Composer = Composer(store.Blobs),
            Transport = (account, retry) => TransportFactory.Create(account, retry, surroundings.Time, surroundings.Random, words => surroundings.Error.WriteLine($"nightmail: {words}")),
            CheckAccount = async (account, cancellationToken) =>
            {
                var (fault, offers) = await CheckAsync(account, surroundings, cancellationToken);
                return (fault, offers);
            },
            Delivery = settings.Delivery, Circuit = settings.Circuit, Time = surroundings.Time, Random = surroundings.Random,
        });
    }

    /// <summary>Writes messages whose files lie in <paramref name="blobs"/>.</summary>
    public static IMessageComposer Composer(IBlobStore blobs) => new MessageComposer(blobs);

    /// <summary>Opens a server's emails, over its API.</summary>
    public static OpenedStore OpenRemote(ServerClient server, TimeProvider time)
    {
        var queue = new RemoteQueue(server, time, QueueFileForm.Instance);
        return new(queue, new RemoteBlobs(server), new RemoteSendLog(queue)) { Remote = queue };
    }

    /// <summary>Reads a secret from where it lies.</summary>
    public static async Task<(string? Value, string? Error)> SecretAsync(SecretSource source, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var (value, error) = await new SecretReader(surroundings.Time).ReadAsync(source, cancellationToken);
        return (value, error);
    }

    /// <summary>Looks whether an account could send.</summary>
    public static Task<AccountCheckResult> CheckAsync(Account account, Surroundings surroundings, CancellationToken cancellationToken) =>
        AccountCheck.RunAsync(account, surroundings.Time, surroundings.Random, cancellationToken);

    /// <summary>The way out of an account; nothing is connected before its first email.</summary>
    public static ITransport Transport(Account account, DeliveryPolicy policy, Surroundings surroundings) =>
        TransportFactory.Create(account, policy.Retry, surroundings.Time, surroundings.Random, words => surroundings.Error.WriteLine($"nightmail: {words}"));
}

/// <summary>A server's data folder, open.</summary>
internal sealed record OpenedServer(SqliteEmailStore Store, ControlPlane Plane, SqliteBackups Backups, ServerParts Parts) : IAsyncDisposable
{
    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Backups.Dispose();
        await Plane.DisposeAsync();
        await Store.DisposeAsync();
    }
}

/// <summary>A store with the bytes that its emails refer to, and the record of its attempts.</summary>
internal sealed record OpenedStore(IEmailQueue Store, IBlobStore Blobs, ISendLogView SendLog)
{
    /// <summary>The queue file behind it, for what only a file has; null for another kind of store.</summary>
    public FileEmailStore? File { get; init; }

    /// <summary>Where the queue file's attempts are written down.</summary>
    public ISendLog? Log { get; init; }

    /// <summary>The server behind it; null for a queue file.</summary>
    public RemoteQueue? Remote { get; init; }
}
