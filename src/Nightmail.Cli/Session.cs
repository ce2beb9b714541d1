using Nightmail.Cli.Configuration;
using Nightmail.Cli.Remote;
using Nightmail.Cli.Running;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using NodaTime;

namespace Nightmail.Cli;

/// <summary>What one command works with. Each part is made when it is first asked for: most commands need few of them.</summary>
/// <param name="surroundings">What is outside.</param>
/// <param name="globals">The options that every command takes.</param>
/// <param name="reach">What the command works on.</param>
/// <param name="works">True for a command that sends.</param>
internal sealed class Session(Surroundings surroundings, GlobalValues globals, Reach reach = Reach.Both, bool works = false) : IAsyncDisposable
{
    private Settings? settings;
    private DateTimeZone? zone;
    private OpenedStore? opened;
    private LogFile? log;
    private ServerClient? client;
    private (bool Looked, ServerAddress? Address) server;
    private bool expectsMany;

    /// <summary>What is outside.</summary>
    public Surroundings Surroundings => surroundings;

    /// <summary>The options that every command takes.</summary>
    public GlobalValues Globals => globals;

    /// <summary>The present.</summary>
    public DateTimeOffset Now => surroundings.Time.GetUtcNow();

    /// <summary>The configuration.</summary>
    /// <exception cref="ConfigException">It cannot be used.</exception>
    public Settings Settings => settings ??= WithZones(SettingsFile.Load(globals.Config, surroundings.Variable));

    /// <summary>The zone in which times are read and shown.</summary>
    public DateTimeZone Zone => zone ??= ZoneOf(Settings);

    /// <summary>The queue file.</summary>
    public string QueuePath => Paths.Queue(globals.Queue, Settings, surroundings.Variable).Path;

    /// <summary>What named the queue file; null: nothing did.</summary>
    public string? QueueOrigin => Paths.Queue(globals.Queue, Settings, surroundings.Variable).Origin;

    /// <summary>The log.</summary>
    /// <exception cref="CommandFailure">It cannot be written.</exception>
    public LogFile Log => log ??= LogFile.Open(globals.Log ?? Settings.Logging.File, globals.Verbose ? LogLevel.Debug : Settings.Logging.Level, surroundings.Time);

    /// <summary>
    /// What a command that is named needs to work on the same store when it is pasted into the same shell: the options that named it here. Where this
    /// command passes over a server that the environment or the configuration names, the queue file is named: the pasted one might not pass over it.
    /// </summary>
    public string CommandOptions => string.Join(' ', new[] { PathOption("--queue", globals.Queue ?? (PassesOverServer ? QueuePath : null)), PathOption("--config", globals.Config), globals.Server is null ? null : $"--server {ShellWord.Quote(globals.Server)}" }.Where(option => option is not null));

    /// <summary>The store.</summary>
    public IEmailQueue Store => Opened.Store;

    /// <summary>The server that the command works on; null: the queue file.</summary>
    /// <exception cref="CommandFailure">What names it cannot be used.</exception>
    public ServerAddress? Server => server.Looked ? server.Address : (server = (true, reach == Reach.Here ? null : ServerChoice.Of(this))).Address;

    /// <summary>Asks the server; only where there is one.</summary>
    public ServerClient Client => client ??= OpenClient(Server ?? throw CommandFailure.Refused("this works on a server only; name it with --server"));

    /// <summary>The bytes of attachments and complete messages.</summary>
    public IBlobStore Blobs => Opened.Blobs;

    /// <summary>False in the mode without persistence: everything is in memory only.</summary>
    public bool Keeps => Settings.Persistence.Enabled && surroundings.Variable("HIMALAYA_NO_PERSISTENCE") is not ("1" or "true");

    /// <summary>The record of every attempt.</summary>
    public ISendLogView SendLog => Opened.SendLog;

    /// <summary>The server's emails, for what only a server does; null: the queue file.</summary>
    public RemoteQueue? Remote => Server is null ? null : Opened.Remote;

    /// <summary>Where a worker writes down its attempts.</summary>
    public ISendLog WorkerLog => Opened.Log ?? throw CommandFailure.Refused("a worker runs on a queue file only; a server has its own");

    /// <summary>The queue file, for what only a file has: backups, its lock, its folder.</summary>
    public Nightmail.Store.File.FileEmailStore QueueFile => Opened.File ?? throw CommandFailure.Refused($"this works on a queue file only, and {Server?.Origin} names a server: {(globals.Server is null ? $"say --queue {ShellWord.Quote(QueuePath)}" : "leave --server away")}");

    private bool PassesOverServer => reach == Reach.Here && ServerChoice.IsNamed(this);

    private OpenedStore Opened => opened ??= OpenStore();

    /// <summary>Many changes are about to be made: they share writes, as a worker's do. Only before the store is first asked for.</summary>
    public void ExpectMany() => expectsMany = true;

    /// <summary>Reads words for a time; what they come to is an error of usage when they cannot be read.</summary>
    public WhenResult.Understood When(string words, bool allowPast = false) =>
        new WhenParser(Zone, surroundings.Time).Parse(words, allowPast) switch
        {
            WhenResult.Understood understood => understood,
            WhenResult.Refused refused => throw CommandFailure.Usage(refused.Error),
            var other => throw new InvalidOperationException($"unknown result {other.GetType().Name}"),
        };

    /// <summary>Sees that the command can work on what is named.</summary>
    /// <param name="verb">The command.</param>
    public void RequireReach(string verb)
    {
        if (reach == Reach.Here && globals.Server is not null) throw CommandFailure.Refused($"{verb} works on this machine only; leave --server away");
        if (reach == Reach.Server && Server is null) throw CommandFailure.Refused($"{verb} needs a server: name it with --server {ServerAddress.Usual} or NIGHTMAIL_SERVER; nightmail serve starts one");
    }

    /// <summary>What starts to send what waits, for people.</summary>
    public string Starter => Server is null ? Command("run") : WhyContext.ServerStarter;

    /// <summary>Those that send: the server's accounts, or the configuration's.</summary>
    /// <exception cref="CommandFailure">There is none, so that nobody could send anything.</exception>
    public async Task<IReadOnlyList<Account>> RequireAccountsAsync(CancellationToken cancellationToken)
    {
        if (Remote is not { } remote) return RequireAccounts();
        var standings = await remote.StandingsAsync(cancellationToken);
        return standings.Count > 0 ? [.. standings.Select(use => use.Standing.Account)] : throw CommandFailure.Refused($"the server at {Server!.Text} has no account to send through: {Command("account add")} makes one");
    }

    /// <summary>The accounts that send and how they stand.</summary>
    public async Task<IReadOnlyList<AccountUse>> AccountsAsync(CancellationToken cancellationToken) => Remote is { } remote
        ? await remote.StandingsAsync(cancellationToken)
        : [.. (await Store.AccountsAsync(Settings.Accounts, cancellationToken)).Select(standing => AccountUse.Of(standing, Now))];

    /// <summary>The accounts of the configuration.</summary>
    /// <exception cref="CommandFailure">There is none, so that nobody could send anything.</exception>
    public IReadOnlyList<Account> RequireAccounts() => Settings.Accounts.Count > 0 ? Settings.Accounts
        : throw CommandFailure.Refused($"no account to send through: add one to the section \"accounts\" of {Settings.File ?? Settings.ExpectedFile} (config.sample.json shows how), or try nightmail demo");

    /// <summary>What is needed to put the state of emails into words.</summary>
    public async Task<WhyContext> WhyContextAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<AccountStanding> standings = [.. (await AccountsAsync(cancellationToken)).Select(use => use.Standing)];
        return new()
        {
            Now = Now,
            Zone = Zone,
            WorkerRuns = (await Store.WorkersAsync(cancellationToken)).Count > 0,
            SendingPaused = (await Store.OverviewAsync(cancellationToken)).SendingPaused,
            Accounts = Server is null ? Settings.Accounts : [.. standings.Select(standing => standing.Account)],
            Standings = standings,
            CommandOptions = CommandOptions,
            Starter = Server is null ? null : WhyContext.ServerStarter,
        };
    }

    /// <summary>A command of this program as it can be pasted, for the queue that is worked on here.</summary>
    public string Command(string words) => CommandOptions is { Length: > 0 } options ? $"nightmail {words} {options}" : $"nightmail {words}";

    /// <summary>Writes data. Where it cannot be written any more, <paramref name="instead"/> goes to standard error: what was done must not be lost with it.</summary>
    public void Print(string data, string? instead = null)
    {
        surroundings.Output.Write(data);
        if (instead is not null && surroundings.OutputFailure() is not null) Note(instead);
    }

    /// <summary>Says something that is not data.</summary>
    public void Note(string line) => surroundings.Error.Write($"{Printing.Printable.OneLine(line)}\n");

    /// <summary>Says what the configuration's reader noticed.</summary>
    public void NoteWarnings()
    {
        foreach (var warning in Settings.Warnings) Note($"warning: {warning}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (opened is not null) await opened.Store.DisposeAsync();
        client?.Dispose();
        log?.Dispose();
    }

    /// <summary>Only a limit by the day needs a zone, and to find the machine's takes time.</summary>
    private Settings WithZones(Settings loaded) => loaded.Accounts.All(account => account.Limits.PerDay is null || account.Zone is not null) ? loaded : loaded with
    {
        Accounts = [.. loaded.Accounts.Select(account => account with { Zone = account.Zone ?? ZoneOf(loaded) })],
    };

    private DateTimeZone ZoneOf(Settings loaded) =>
        loaded.TimeZone is { } name && TimeZoneRules.Default.TryFind(name, out var named, out _) ? named : surroundings.MachineZone();

    private static string? PathOption(string name, string? path) => path is null ? null : $"{name} {ShellWord.Quote(Path.GetFullPath(path))}";

    private ServerClient OpenClient(ServerAddress address) =>
        new(address, ServerKey.FindAsync(address, this, CancellationToken.None).GetAwaiter().GetResult(), Settings.Server.Timeout, surroundings.Time);

    private OpenedStore OpenStore()
    {
        if (Server is not null) return Composition.OpenRemote(Client, surroundings.Time);
        if (!Keeps) Note("warning: persistence is switched off (HIMALAYA_NO_PERSISTENCE, or scheduler.persistence.enabled in the configuration): everything works in memory only and is gone when this command ends");
        var backups = Settings.Persistence.BackupDirectory is { Length: > 0 } folder ? Paths.Configured(folder, Settings, surroundings.Variable) : null;
        return Composition.OpenStore(QueuePath, backups, Settings, works || expectsMany, surroundings.Time, Keeps, new StoreLog(Log, Note, globals.Verbose), Command);
    }
}
