using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Remote;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;

namespace Nightmail.Cli.Commands;

/// <summary><c>backup restore</c>: brings the queue of a backup back, without sending anything again.</summary>
internal sealed class BackupRestoreCommand : Verb
{
    private readonly Argument<string> name = BackupList.Name();
    private readonly Flag yes = new("--yes", "Do not ask");

    /// <summary>The command.</summary>
    public BackupRestoreCommand()
        : base("restore", "Brings a backup back. What has left, was cancelled or changed since stays so; sending is paused until it is resumed.", "nightmail backup restore latest", "nightmail resume --all")
    {
        Add(name);
        Add(yes);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var backups = new BackupPlace(session);
        var backup = BackupList.Find(await backups.ListAsync(cancellationToken), words.GetRequiredValue(name), session.Command);
        if (!yes.IsSet(words) && session.Surroundings is { InputIsTerminal: true, OutputIsTerminal: true } && !Agrees(session, backup)) throw CommandFailure.Refused("nothing was changed");
        var report = await backups.RestoreAsync(backup, cancellationToken);
        session.Log.Write(Configuration.LogLevel.Warning, $"restored {backup.Name}: {Sentence(report)}");
        if (session.Globals.Json) session.Surroundings.Output.Write(JsonText.Line(json => Write(json, backup, report)));
        else session.Surroundings.Output.Write($"{backup.Name} restored: {Sentence(report)}\n");
        if (report.LedgerBroken is { } broken) session.Note($"warning: {broken}; what came back is paused: look at it ({session.Command("list --status paused")}), cancel what has left, then let the others go: {session.Command("resume --held")}");
        if (report.Before is { } before) session.Note($"what was there before is kept: {session.Command($"backup restore {before}")} takes this back");
        session.Note($"sending is paused; when all is well: {session.Command("resume --all")}");
        return ExitCodes.Done;
    }

    private static bool Agrees(Session session, BackupDescription backup)
    {
        session.Surroundings.Error.Write($"bring back the queue of {TimeWords.Short(backup.CreatedAt, session.Zone, session.Now)} ({backup.Name})? [y/N] ");
        using var input = new StreamReader(session.Surroundings.OpenInput());
        return input.ReadLine()?.Trim().ToUpperInvariant() is "Y" or "YES";
    }

    private static string Sentence(RestoreReport report)
    {
        List<string> parts = [$"{report.Returned} came back", $"{report.Reverted} are again as they were", $"{report.Stayed} have changed since and stay so", $"{report.Newer} were scheduled since and stay"];
        if (report.Held > 0) parts.Add($"{report.Held} are paused because it is not known whether they have left");
        if (report.Reconciled > 0) parts.Add($"{report.Reconciled} of those that came back have left, or were taken back, since, and are as the ledger says");
        if (report.Unreadable > 0) parts.Add($"{report.Unreadable} entries of the backup cannot be read");
        if (report.Accounts.Count > 0) parts.Add($"accounts that came back or have their former settings: {string.Join(", ", report.Accounts.Select(Printable.OneLine))}");
        if (report.Templates > 0) parts.Add($"{report.Templates} templates came back or have their former words");
        if (report.Campaigns > 0) parts.Add($"{report.Campaigns} campaigns came back or say what they said");
        return string.Join("; ", parts);
    }

    private static void Write(System.Text.Json.Utf8JsonWriter json, BackupDescription backup, RestoreReport report)
    {
        json.WriteStartObject();
        json.WriteString("filename", backup.Name);
        json.WriteNumber("returned", report.Returned);
        json.WriteNumber("reverted", report.Reverted);
        json.WriteNumber("stayed", report.Stayed);
        json.WriteNumber("newer", report.Newer);
        json.WriteNumber("held", report.Held);
        json.WriteNumber("reconciled", report.Reconciled);
        json.WriteNumber("unreadable", report.Unreadable);
        if (report.LedgerBroken is { } broken) json.WriteString("ledgerBroken", broken);
        json.WriteStartArray("accounts");
        foreach (var account in report.Accounts) json.WriteStringValue(account);
        json.WriteEndArray();
        json.WriteNumber("templates", report.Templates);
        json.WriteNumber("campaigns", report.Campaigns);
        if (report.Before is { } before) json.WriteString("before", before);
        json.WriteBoolean("sendingPaused", true);
        json.WriteEndObject();
    }
}
