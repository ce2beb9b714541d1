using System.CommandLine;
using System.Text.Json;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;
using Nightmail.Core.Scheduling;
using Nightmail.Store.File.Backups;

namespace Nightmail.Cli.Commands;

/// <summary><c>backup download</c>: fetches one of a server's.</summary>
internal sealed class BackupDownloadCommand : Verb
{
    private readonly Argument<string> name = BackupList.Name();
    private readonly Option<string?> output = new("--output", "-o") { Description = "The file to write (its own name, here)", HelpName = "FILE" };

    /// <summary>The command.</summary>
    public BackupDownloadCommand()
        : base("download", "Fetches a backup of a server, with its checksum beside it.", "nightmail backup download latest --server http://127.0.0.1:8025")
    {
        Add(name);
        Add(output);
    }

    /// <inheritdoc/>
    public override Reach Reach => Reach.Server;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var place = new BackupPlace(session);
        var backup = BackupList.Find(await place.ListAsync(cancellationToken), words.GetRequiredValue(name), session.Command);
        var path = Path.GetFullPath(words.GetValue(output) ?? backup.Name);
        if (Path.Exists(path)) throw CommandFailure.Refused($"{path} is there already; name another file with --output");
        await FetchAsync(place, backup, path, cancellationToken);
        await File.WriteAllTextAsync($"{path}.sha256", $"{backup.Sha256}  {Path.GetFileName(path)}\n", cancellationToken);
        session.Surroundings.Output.Write(session.Globals.Json ? JsonText.Line(json => BackupList.Write(json, backup)) : $"{path}\n");
        return ExitCodes.Done;
    }

    /// <summary>A file of its name is there only when all of it is.</summary>
    private static async Task FetchAsync(BackupPlace place, BackupDescription backup, string path, CancellationToken cancellationToken)
    {
        var part = path + ".part";
        // It holds all that the server keeps: for nobody else.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            File.Delete(part);
            await using (var file = new FileStream(part, options))
            {
                if (await place.DownloadAsync(backup, file, cancellationToken) != backup.Sha256) throw CommandFailure.Refused($"what came is not {backup.Name}: its checksum is another one; nothing was written");
                file.Flush(flushToDisk: true);
            }

            File.Move(part, path);
        }
        finally
        {
            File.Delete(part);
        }
    }
}

/// <summary><c>backup times</c>: shows or sets when a server makes them.</summary>
internal sealed class BackupTimesCommand : Verb
{
    private readonly Argument<string?> schedule = new("CRON") { Description = "When, as five fields of cron or a word like @daily", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<int?> keep = new("--keep") { Description = "How many stay", HelpName = "N" };
    private readonly Option<string?> zone = new("--zone") { Description = "The zone whose clock is meant", HelpName = "ZONE" };
    private readonly Option<string?> missed = new("--missed") { Description = "What becomes of times that pass while no server runs: once or skip", HelpName = "RULE" };

    /// <summary>The command.</summary>
    public BackupTimesCommand()
        : base("times", "Shows, or sets, when a server makes its backups and how many it keeps.", "nightmail backup times", "nightmail backup times '30 2 * * *' --keep 14 --zone Europe/Berlin")
    {
        Add(schedule);
        Add(keep);
        Add(zone);
        Add(missed);
    }

    /// <inheritdoc/>
    public override Reach Reach => Reach.Server;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var (cron, count, name, rule) = (words.GetValue(schedule), words.GetValue(keep), words.GetValue(zone), words.GetValue(missed));
        var changes = cron is not null || count is not null || name is not null || rule is not null;
        var times = await new BackupPlace(session).TimesAsync(!changes ? null : json =>
        {
            if (cron is not null) json.WriteString("schedule", cron);
            if (count is { } number) json.WriteNumber("keep", number);
            if (name is not null) json.WriteString("timeZone", name);
            if (rule is not null) json.WriteString("missed", rule);
        }, cancellationToken);
        session.Surroundings.Output.Write(session.Globals.Json ? JsonText.Line(times.WriteTo) : Text(session, times));
        return ExitCodes.Done;
    }

    private static string Text(Session session, JsonElement times)
    {
        var rule = times.TextOf("missed") == "skip" ? "are left out" : "are made up for once";
        List<string> lines = [$"{times.TextOf("words")} ({times.TextOf("schedule")}, {times.TextOf("timeZone")}); the newest {times.NumberOf("keep")} stay; missed times {rule}"];
        lines.AddRange(times.TextsOf("nextRuns").Select(run => DateTimeOffset.TryParse(run, System.Globalization.CultureInfo.InvariantCulture, out var at) ? $"  next  {TimeWords.Short(at, session.Zone, session.Now)}" : $"  next  {run}"));
        if (times.TextOf("lastResult") is { } result) lines.Add($"  last  {(times.FlagOf("failed") ? "failed: " : "")}{result}");
        return string.Join('\n', lines.Select(Printable.OneLine)) + "\n";
    }
}
