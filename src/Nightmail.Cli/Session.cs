using Nightmail.Cli.Configuration;
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
/// <param name="works">True for a command that sends.</param>
internal sealed class Session(Surroundings surroundings, GlobalValues globals, bool works = false) : IAsyncDisposable
{
    private Settings? settings;
    private DateTimeZone? zone;
    private OpenedStore? opened;
    private LogFile? log;

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

    /// <summary>What a command that is named needs to work on the same queue when it is pasted: the options that named it here.</summary>
    public string CommandOptions => string.Join(' ', new[] { PathOption("--queue", globals.Queue), PathOption("--config", globals.Config) }.Where(option => option is not null));

    /// <summary>The store.</summary>
    public IEmailStore Store => Opened.Store;

    /// <summary>The bytes of attachments and complete messages.</summary>
    public IBlobStore Blobs => Opened.Blobs;

    /// <summary>False in the mode without persistence: everything is in memory only.</summary>
    public bool Keeps => Settings.Persistence.Enabled && surroundings.Variable("HIMALAYA_NO_PERSISTENCE") is not ("1" or "true");

    /// <summary>The record of every attempt.</summary>
    public ISendLog SendLog => Opened.SendLog;

    /// <summary>The queue file, for what only a file has: backups, its lock, its folder.</summary>
    public Nightmail.Store.File.FileEmailStore QueueFile => Opened.File ?? throw CommandFailure.Refused("this works on a queue file only; leave --server away");

    private OpenedStore Opened => opened ??= OpenStore();

    /// <summary>Reads words for a time; what they come to is an error of usage when they cannot be read.</summary>
    public WhenResult.Understood When(string words, bool allowPast = false) =>
        new WhenParser(Zone, surroundings.Time).Parse(words, allowPast) switch
        {
            WhenResult.Understood understood => understood,
            WhenResult.Refused refused => throw CommandFailure.Usage(refused.Error),
            var other => throw new InvalidOperationException($"unknown result {other.GetType().Name}"),
        };

    /// <summary>The accounts of the configuration.</summary>
    /// <exception cref="CommandFailure">There is none, so that nobody could send anything.</exception>
    public IReadOnlyList<Account> RequireAccounts() => Settings.Accounts.Count > 0 ? Settings.Accounts
        : throw CommandFailure.Refused($"no account to send through: add one to the section \"accounts\" of {Settings.File ?? Settings.ExpectedFile} (config.sample.json shows how), or try nightmail demo");

    /// <summary>What is needed to put the state of emails into words.</summary>
    public async Task<WhyContext> WhyContextAsync(CancellationToken cancellationToken) => new()
    {
        Now = Now,
        Zone = Zone,
        WorkerRuns = (await Store.WorkersAsync(cancellationToken)).Count > 0,
        SendingPaused = (await Store.OverviewAsync(cancellationToken)).SendingPaused,
        Accounts = Settings.Accounts,
        Standings = await Store.AccountsAsync(Settings.Accounts, cancellationToken),
        CommandOptions = CommandOptions,
    };

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

    private OpenedStore OpenStore()
    {
        if (!Keeps) Note("warning: persistence is switched off (HIMALAYA_NO_PERSISTENCE, or scheduler.persistence.enabled in the configuration): everything works in memory only and is gone when this command ends");
        var backups = Settings.Persistence.BackupDirectory is { Length: > 0 } folder ? Paths.Configured(folder, Settings, surroundings.Variable) : null;
        return Composition.OpenStore(QueuePath, backups, Settings, works, surroundings.Time, Keeps, new StoreLog(Log, Note, globals.Verbose));
    }
}
