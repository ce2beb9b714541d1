using System.Text.Json;
using Nightmail.Store.File.Exchange;

namespace Nightmail.Cli.Printing;

/// <summary>What stays behind where an export is made.</summary>
/// <param name="Place">The queue file or the server.</param>
/// <param name="SetAside">Entries that are no emails.</param>
/// <param name="Campaigns">True where there are campaigns: their emails are made from what all of them share.</param>
internal sealed record LeftOut(string Place, IReadOnlyList<SetAsideEntry> SetAside, bool Campaigns);

/// <summary>Says what an export holds and what it does not, to people and to programs.</summary>
internal static class ExportWords
{
    /// <summary>All of it in one line.</summary>
    public static string Sentence(string path, ExportReport report, LeftOut leftOut) =>
        $"{report.Emails} {(report.Emails == 1 ? "email" : "emails")} and {report.Blobs} {(report.Blobs == 1 ? "attachment" : "attachments")} exported to {path}"
        + (leftOut.SetAside.Count > 0 ? $"; {leftOut.SetAside.Count} {(leftOut.SetAside.Count == 1 ? "entry is" : "entries are")} not in it" : "");

    /// <summary>What a person should know, and do next.</summary>
    public static IEnumerable<string> Notes(ExportReport report, LeftOut leftOut, Func<string, string> command)
    {
        foreach (var entry in leftOut.SetAside)
            yield return $"warning: not exported, because it cannot be read as an email: '{entry.Key}' at {entry.Place} of {leftOut.Place}: {entry.Why}; mend or remove it there, then export again";
        foreach (var missing in report.Missing) yield return $"warning: exported without an attachment: {missing}";
        if (leftOut.Campaigns) yield return $"emails of campaigns are not in it; campaigns move with a backup of their server: {command("backup create")}, then {command("backup download latest")}";
        if (report.Waiting > 0)
            yield return $"{report.Waiting} of the {report.Emails} emails still {(report.Waiting == 1 ? "waits" : "wait")} here too; before another store sends them, keep this one from doing so: {command("pause --all")}";
    }

    /// <summary>The same for programs.</summary>
    public static void Write(Utf8JsonWriter json, string path, ExportReport report, LeftOut leftOut)
    {
        json.WriteStartObject();
        json.WriteString("file", path);
        json.WriteNumber("emails", report.Emails);
        json.WriteNumber("waiting", report.Waiting);
        json.WriteNumber("attachments", report.Blobs);
        json.WriteNumber("missing", report.Missing.Count);
        json.WriteString("sha256", report.Sha256);
        json.WriteStartArray("setAside");
        foreach (var entry in leftOut.SetAside)
        {
            json.WriteStartObject();
            json.WriteString("id", entry.Key);
            json.WriteString("place", entry.Place);
            json.WriteString("error", entry.Why);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (leftOut.Campaigns) json.WriteBoolean("campaignsLeftOut", true);
        json.WriteEndObject();
    }
}
