using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;
using NodaTime;

namespace Nightmail.Cli.Printing;

/// <summary>Backups as people and programs see and name them.</summary>
internal static class BackupList
{
    private const string Latest = "latest";

    /// <summary>The word that names one.</summary>
    public static Argument<string> Name() => new("NAME") { Description = $"A backup's file name, as much of it as is unique, or '{Latest}': the newest good one that holds emails and that no restore made of what it replaced" };

    /// <summary>The one that a word names.</summary>
    /// <param name="newestFirst">All of them.</param>
    /// <param name="word">What a person wrote.</param>
    /// <param name="command">A command of this program, as it can be pasted.</param>
    /// <exception cref="CommandFailure">There is none, or more than one that could be meant.</exception>
    public static BackupDescription Find(IReadOnlyList<BackupDescription> newestFirst, string word, Func<string, string> command)
    {
        var good = newestFirst.Where(backup => backup.Damage is null && !BackupReason.IsBeforeRestore(backup.Reason)).ToList();
        if (word == Latest) return good.Find(backup => backup.Emails != 0) ?? good.FirstOrDefault() ?? throw CommandFailure.NotFound($"there is no good backup; see {command("backup list")}");
        var named = Path.GetFileName(word);
        if (newestFirst.FirstOrDefault(backup => backup.Name == named) is { } exact) return exact;
        var found = newestFirst.Where(backup => named.Length > 0 && backup.Name.Contains(named, StringComparison.Ordinal)).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw CommandFailure.NotFound($"there is no backup '{word}'; see {command("backup list")}"),
            _ => throw CommandFailure.Usage($"'{word}' could be any of {found.Count} backups; write more of its name ({command("backup list")})"),
        };
    }

    /// <summary>A table for people.</summary>
    public static TextTable Table(IReadOnlyList<BackupDescription> backups, DateTimeZone zone, DateTimeOffset now)
    {
        var counts = backups.Any(backup => backup.Emails is not null);
        var table = new TextTable(["NAME", "MADE", "SIZE", .. counts ? ["EMAILS"] : (string[])[], "STATE", "WHY"]);
        foreach (var backup in backups)
            table.Add([backup.Name, TimeWords.Short(backup.CreatedAt, zone, now), Number(backup.Size), .. counts ? [Number(backup.Emails)] : (string[])[], backup.Damage ?? "good", backup.Reason]);
        return table;
    }

    private static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    /// <summary>One as a JSON object.</summary>
    public static void Write(Utf8JsonWriter json, BackupDescription backup)
    {
        json.WriteStartObject();
        json.WriteString("filename", backup.Name);
        json.WriteNumber("size", backup.Size);
        json.WriteString("createdAt", JsonText.Time(backup.CreatedAt));
        json.WriteString("sha256", backup.Sha256);
        json.WriteBoolean("verified", backup.Damage is null);
        if (backup.Damage is { } damage) json.WriteString("error", damage);
        if (backup.Emails is { } emails) json.WriteNumber("emails", emails);
        json.WriteString("reason", backup.Reason);
        json.WriteEndObject();
    }
}
