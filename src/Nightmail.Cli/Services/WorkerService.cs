using Nightmail.Cli.Configuration;

namespace Nightmail.Cli.Services;

/// <summary>How the worker is started by the system.</summary>
/// <param name="Kind"><c>systemd</c> or <c>cron</c>.</param>
/// <param name="Place">Where it is written down.</param>
/// <param name="Text">What is written there.</param>
/// <param name="IsInstalled">True when it is.</param>
/// <param name="IsActive">True when it runs, or will by itself.</param>
internal sealed record WorkerService(string Kind, string Place, string Text, bool IsInstalled, bool IsActive)
{
    private const string Systemd = "systemd";
    private const string Crontab = "crontab";

    /// <summary>The command that a person may start instead.</summary>
    private string Starter { get; init; } = "nightmail run";

    /// <summary>What this machine has: a systemd of the user's own, or cron.</summary>
    public static async Task<WorkerService> FindAsync(Session session, CancellationToken cancellationToken)
    {
        string[] options = [.. Option("--queue", QueueOf(session)), .. Option("--config", session.Globals.Config)];
        var program = Environment.ProcessPath ?? "nightmail";
        if ((await SystemTool.RunAsync("systemctl", ["--user", "show-environment"], null, cancellationToken)).ExitCode == 0)
        {
            var file = Path.Combine(Paths.SystemdUser(session.Surroundings.Variable), SystemdUnit.Name);
            var active = await SystemTool.RunAsync("systemctl", ["--user", "is-active", SystemdUnit.Name], null, cancellationToken);
            return new(Systemd, file, SystemdUnit.Text([program, "run", .. options]), File.Exists(file), active.ExitCode == 0);
        }

        var table = await TableAsync(session.Starter, cancellationToken);
        return new("cron", Crontab, CronEntry.Line([program, "run", "--once", .. options]), CronEntry.IsIn(table), CronEntry.IsIn(table)) { Starter = session.Starter };
    }

    /// <summary>Installs and starts it.</summary>
    public async Task InstallAsync(CancellationToken cancellationToken)
    {
        if (Kind != Systemd)
        {
            await SystemTool.RequireAsync(Crontab, ["-"], CronEntry.With(await TableAsync(Starter, cancellationToken), Text), cancellationToken);
            return;
        }

        Write();
        await SystemTool.RequireAsync("systemctl", ["--user", "daemon-reload"], null, cancellationToken);
        await SystemTool.RequireAsync("systemctl", ["--user", "enable", SystemdUnit.Name], null, cancellationToken);
        await SystemTool.RequireAsync("systemctl", ["--user", "restart", SystemdUnit.Name], null, cancellationToken);
    }

    /// <summary>Stops it and takes it out.</summary>
    public async Task UninstallAsync(CancellationToken cancellationToken)
    {
        if (Kind != Systemd)
        {
            await SystemTool.RequireAsync(Crontab, ["-"], CronEntry.With(await TableAsync(Starter, cancellationToken), null), cancellationToken);
            return;
        }

        await SystemTool.RequireAsync("systemctl", ["--user", "disable", "--now", SystemdUnit.Name], null, cancellationToken);
        File.Delete(Place);
        await SystemTool.RequireAsync("systemctl", ["--user", "daemon-reload"], null, cancellationToken);
    }

    private void Write()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Place)!);
            File.WriteAllText(Place, Text);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Refused($"the unit cannot be written: {unwritable.Message.TrimEnd('.')}");
        }
    }

    // Nobody has a crontab at first, and crontab says so by its exit code; then there is nothing to keep.
    private static async Task<string> TableAsync(string starter, CancellationToken cancellationToken)
    {
        var (exitCode, output) = await SystemTool.RunAsync(Crontab, ["-l"], null, cancellationToken);
        if (exitCode == 127) throw CommandFailure.Refused($"there is neither a systemd for users nor cron here; start the worker by your own means: {starter}");
        if (exitCode == 0) return output;
        return output.Contains("no crontab", StringComparison.OrdinalIgnoreCase) ? "" : throw CommandFailure.Refused($"the crontab cannot be read: {output.Trim()}");
    }

    // What the system starts has not the variables of this shell.
    private static string? QueueOf(Session session) => session.QueueOrigin == Paths.QueueVariable ? session.QueuePath : session.Globals.Queue;

    private static string[] Option(string name, string? path) => path is null ? [] : [name, Path.GetFullPath(path)];
}
