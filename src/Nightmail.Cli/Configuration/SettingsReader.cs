using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Scheduling;

namespace Nightmail.Cli.Configuration;

/// <summary>Reads the sections of the configuration file. One line a key: what it is called, what it is made of, its default.</summary>
internal static class SettingsReader
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    /// <summary>What the bytes of the configuration file at <paramref name="path"/> say.</summary>
    /// <exception cref="ConfigException">They cannot be used.</exception>
    public static Settings Read(string path, byte[] content, Func<string, string?> variable)
    {
        var document = ConfigDocument.Parse(path, content);
        return Read(document, path, variable);
    }

    /// <summary>What is in force without a file.</summary>
    public static Settings Defaults(Func<string, string?> variable) => Read(ConfigDocument.Parse("", []), null, variable);

    private static Settings Read(ConfigDocument document, string? path, Func<string, string?> variable)
    {
        var readings = new ConfigReadings();
        var root = new ConfigSection(document, document.Root, "", readings);
        var defaults = new Settings();
        var retention = root.Duration("retention", defaults.Retention);
        var settings = defaults with
        {
            File = path,
            Accounts = AccountReader.ReadAll(root.Section("accounts"), variable),
            Persistence = Persistence(root.Section("scheduler"), retention),
            UndoDelay = root.Duration("undoDelay", defaults.UndoDelay, Second),
            Delivery = new()
            {
                InDoubt = root.Choice("inDoubt", "hold", "hold", "retry") == "retry" ? DoubtPolicy.Retry : DoubtPolicy.Hold,
                Retry = Retry(root.Section("retry")),
                Deferral = Deferral(root.Section("deferral")),
            },
            Circuit = Circuit(root.Section("circuit")),
            Worker = Worker(root.Section("worker")),
            Retention = retention,
            TimeZone = root.Text("timeZone"),
            Server = ServerReader.Read(root.Section("server"), variable),
            Logging = Logging(root.Section("logging"), variable),
        };
        root.Done();
        if (settings.TimeZone is { } zone && !TimeZoneRules.Default.TryFind(zone, out _, out var error)) throw root.Error("timeZone", error);
        return settings with { Readings = readings.All };
    }

    private static PersistenceSettings Persistence(ConfigSection scheduler, TimeSpan retention)
    {
        var section = scheduler.Section("persistence");
        scheduler.Done();
        var defaults = new PersistenceSettings();
        var persistence = new PersistenceSettings
        {
            Enabled = section.Boolean("enabled", defaults.Enabled),
            QueueFile = section.Text("queueFile"),
            BackupCount = section.Number("backupCount", defaults.BackupCount, 0, 1000),
            SyncInterval = section.Duration("syncInterval", defaults.SyncInterval, Second, Second),
            LockTimeout = section.Duration("lockTimeout", defaults.LockTimeout, Millisecond),
            CleanupInterval = section.Duration("cleanupInterval", defaults.CleanupInterval, Second, Second),
            BackupDirectory = section.Text("backupDir"),
            Retention = section.Duration("retention", retention),
            AllowNetworkFileSystem = section.Boolean("allowNetworkFileSystem", defaults.AllowNetworkFileSystem),
        };
        section.Done();
        return persistence;
    }

    private static RetryPolicy Retry(ConfigSection section)
    {
        var defaults = new RetryPolicy();
        var retry = new RetryPolicy
        {
            MaxAttempts = section.Number("maxAttempts", defaults.MaxAttempts, 1, 100),
            BaseDelay = section.Duration("baseDelay", defaults.BaseDelay),
            MaxDelay = section.Duration("maxDelay", defaults.MaxDelay),
        };
        section.Done();
        return retry;
    }

    private static DeferralPolicy Deferral(ConfigSection section)
    {
        var defaults = new DeferralPolicy();
        var deferral = new DeferralPolicy
        {
            First = section.Duration("first", defaults.First, least: Second),
            Max = section.Duration("max", defaults.Max, least: Second),
            GiveUpAfter = section.Duration("giveUpAfter", defaults.GiveUpAfter),
            Jitter = section.Share("jitter", defaults.Jitter),
        };
        section.Done();
        return deferral;
    }

    private static CircuitOptions Circuit(ConfigSection section)
    {
        var defaults = new CircuitOptions();
        var circuit = new CircuitOptions
        {
            FailureThreshold = section.Number("failureThreshold", defaults.FailureThreshold, 1, 1000),
            Cooldown = section.Duration("cooldown", defaults.Cooldown, least: Second),
            CooldownMax = section.Duration("cooldownMax", defaults.CooldownMax, least: Second),
            NetworkCooldown = section.Duration("networkCooldown", defaults.NetworkCooldown, least: Second),
            NetworkCooldownMax = section.Duration("networkCooldownMax", defaults.NetworkCooldownMax, least: Second),
        };
        section.Done();
        return circuit;
    }

    private static WorkerSettings Worker(ConfigSection section)
    {
        var defaults = new WorkerSettings();
        var worker = new WorkerSettings
        {
            Lease = section.Duration("lease", defaults.Lease, least: Second),
            Connections = section.Number("connections", defaults.Connections, 1, 1000),
        };
        section.Done();
        return worker;
    }

    private static LoggingSettings Logging(ConfigSection section, Func<string, string?> variable)
    {
        var logging = new LoggingSettings
        {
            Level = LevelOf(section.Choice("level", "information", "debug", "information", "warning", "error")),
            // A relative path means the same log wherever the program is started.
            File = section.Text("file") is { Length: > 0 } file ? Path.GetFullPath(Paths.ExpandHome(file, variable), section.Folder) : null,
        };
        section.Done();
        return logging;
    }

    private static LogLevel LevelOf(string word) => word switch
    {
        "debug" => LogLevel.Debug,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        _ => LogLevel.Information,
    };
}
