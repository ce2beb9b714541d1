namespace Nightmail.Cli.Services;

/// <summary>The systemd user unit that runs the worker. Pure text.</summary>
internal static class SystemdUnit
{
    /// <summary>Its name.</summary>
    public const string Name = "nightmail.service";

    /// <summary>The unit for a worker that is started by these words.</summary>
    public static string Text(IReadOnlyList<string> command) => $"""
        [Unit]
        Description=Nightmail: sends scheduled emails at their time

        [Service]
        ExecStart={string.Join(' ', command.Select(Word))}
        Restart=on-failure
        RestartSec=5s
        # What is on its way at a stop is finished first; that may take 80 s.
        TimeoutStopSec=90s

        [Install]
        WantedBy=default.target

        """;

    // systemd.service(5): a percent sign begins a specifier, a dollar sign a variable; in quotes a backslash escapes.
    private static string Word(string word) =>
        $"\"{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal).Replace("$", "$$", StringComparison.Ordinal)}\"";
}

/// <summary>The line of a crontab that sends what is due, every minute. Pure text.</summary>
internal static class CronEntry
{
    private const string Mark = "# nightmail service";

    /// <summary>The line for these words.</summary>
    public static string Line(IReadOnlyList<string> command) =>
        // crontab(5): an unescaped percent sign ends the command.
        $"* * * * * {string.Join(' ', command.Select(ShellWord.Quote)).Replace("%", "\\%", StringComparison.Ordinal)} >/dev/null 2>&1 {Mark}";

    /// <summary>True when the crontab has such a line.</summary>
    public static bool IsIn(string crontab) => crontab.Split('\n').Any(IsOurs);

    /// <summary>The crontab without our line, and with that one at its end; null: without any.</summary>
    public static string With(string crontab, string? line)
    {
        var others = crontab.Split('\n').Where(each => !IsOurs(each)).ToList();
        while (others.Count > 0 && others[^1].Length == 0) others.RemoveAt(others.Count - 1);
        if (line is not null) others.Add(line);
        return string.Concat(others.Select(each => $"{each}\n"));
    }

    private static bool IsOurs(string line) => line.EndsWith(Mark, StringComparison.Ordinal);
}
