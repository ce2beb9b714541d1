namespace Nightmail.Cli.Configuration;

/// <summary>Where things are unless somebody says otherwise.</summary>
internal static class Paths
{
    /// <summary>The variable that names the queue file.</summary>
    public const string QueueVariable = "HIMALAYA_QUEUE_FILE";

    /// <summary>The configuration file, unless --config names another.</summary>
    public static string Config(Func<string, string?> variable) => Path.Combine(ConfigHome(variable), "nightmail", "config.json");

    /// <summary>The configuration of himalaya.</summary>
    public static string Himalaya(Func<string, string?> variable) => Path.Combine(ConfigHome(variable), "himalaya", "config.toml");

    /// <summary>The queue: what was asked for, <c>HIMALAYA_QUEUE_FILE</c>, the configuration, himalaya's folder; in that order.</summary>
    /// <returns>Its full path, and what named it; null: nothing did.</returns>
    public static (string Path, string? Origin) Queue(string? asked, Settings settings, Func<string, string?> variable)
    {
        if (!string.IsNullOrEmpty(asked)) return (Path.GetFullPath(asked), "--queue");
        if (variable(QueueVariable) is { Length: > 0 } fromEnvironment) return (Path.GetFullPath(ExpandHome(fromEnvironment, variable)), QueueVariable);
        if (settings.Persistence.QueueFile is { Length: > 0 } configured)
        {
            return (Configured(configured, settings, variable), settings.File);
        }

        return (Path.Combine(ConfigHome(variable), "himalaya", "scheduled_emails.json"), null);
    }

    /// <summary>A path of the configuration. A relative one means the same wherever the program is started: it counts from the file's folder.</summary>
    public static string Configured(string path, Settings settings, Func<string, string?> variable) =>
        Path.GetFullPath(ExpandHome(path, variable), Path.GetDirectoryName(Path.GetFullPath(settings.File!))!);

    /// <summary>The path with a leading <c>~/</c> replaced by the home folder.</summary>
    public static string ExpandHome(string path, Func<string, string?> variable) =>
        path.StartsWith("~/", StringComparison.Ordinal) && variable("HOME") is { Length: > 0 } home ? Path.Combine(home, path[2..]) : path;

    /// <summary>A path as the configuration words it. A relative one is beside the configuration file: the same wherever the program is started.</summary>
    public static string InConfiguration(ConfigSection section, string path, Func<string, string?> variable) => Path.GetFullPath(ExpandHome(path, variable), section.Folder);

    /// <summary>A server's data folder, unless --data names another.</summary>
    public static string Data(Func<string, string?> variable)
    {
        if (variable("XDG_DATA_HOME") is { } home && Path.IsPathFullyQualified(home)) return Path.Combine(home, "nightmail");
        return Path.Combine(variable("HOME") is { Length: > 0 } user ? user : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share", "nightmail");
    }

    /// <summary>The folder of a user's own systemd units.</summary>
    public static string SystemdUser(Func<string, string?> variable) => Path.Combine(ConfigHome(variable), "systemd", "user");

    /// <summary>The folder for what this program keeps by the way, and which nothing depends on.</summary>
    public static string State(Func<string, string?> variable) => Path.Combine(
        variable("XDG_STATE_HOME") is { } state && Path.IsPathFullyQualified(state) ? state : Path.Combine(Home(variable), ".local", "state"), "nightmail");

    private static string ConfigHome(Func<string, string?> variable)
    {
        // The XDG base directory specification: a relative path is to be ignored.
        if (variable("XDG_CONFIG_HOME") is { } home && Path.IsPathFullyQualified(home)) return home;
        return Path.Combine(Home(variable), ".config");
    }

    private static string Home(Func<string, string?> variable) => variable("HOME") is { Length: > 0 } user ? user : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
