using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Exchange;

namespace Nightmail.Cli.Printing;

/// <summary>Says what an import did, to people and to programs.</summary>
internal static class ImportWords
{
    /// <summary>More are not named one by one; programs get all of them.</summary>
    private const int NamedEmails = 20;

    /// <summary>All of it in one line.</summary>
    public static string Sentence(ImportReport report)
    {
        List<string> parts = [$"{report.Imported} imported"];
        var refused = report.KeysTaken.Count + report.NotTaken.Count;
        if (report.Held.Count > 0) parts.Add($"{report.Held.Count} of them paused");
        if (report.Existing.Count > 0) parts.Add($"{report.Existing.Count} {(report.Existing.Count == 1 ? "was here already and stays as it is" : "were here already and stay as they are")}");
        if (refused > 0) parts.Add($"{refused} {(refused == 1 ? "was" : "were")} not taken");
        return string.Join("; ", parts);
    }

    /// <summary>The end of a sentence about an import that was broken off.</summary>
    public static string SoFar(ImportReport report) => report.Imported == 0
        ? "; nothing was imported"
        : $"; {report.Imported} {(report.Imported == 1 ? "email was" : "emails were")} imported before that and stay: the same command goes on from there";

    /// <summary>What a person should know of single emails, and do next.</summary>
    public static IEnumerable<string> Notes(ImportReport report, Func<string, string> command)
    {
        var refused = report.KeysTaken.Select(taken => $"{taken.Id} was not imported: its idempotency key made {taken.Other} here")
            .Concat(report.NotTaken.Select(each => $"{each.Id} was not imported: {each.Why}")).ToList();
        foreach (var each in refused.Take(NamedEmails)) yield return $"nightmail: {each}";
        if (refused.Count > NamedEmails) yield return $"nightmail: {refused.Count - NamedEmails} more were not imported; --json names them";
        if (report.Held.Count > 0)
            yield return $"{report.Held.Count} {(report.Held.Count == 1 ? "is" : "are")} paused because nothing tells whether {(report.Held.Count == 1 ? "it has" : "they have")} left: {command("list --status paused")} shows them; cancel what has left, then {command("resume --held")} lets all others go";
    }

    /// <summary>The same for programs.</summary>
    public static void Write(Utf8JsonWriter json, ImportReport report)
    {
        json.WriteStartObject();
        json.WriteNumber("imported", report.Imported);
        json.WriteNumber("waiting", report.Waiting);
        WriteIds(json, "held", report.Held);
        WriteIds(json, "existing", report.Existing);
        WriteRefused(json, "keyTaken", report.KeysTaken.Select(taken => (taken.Id, "by", taken.Other.ToString())));
        WriteRefused(json, "notTaken", report.NotTaken.Select(each => (each.Id, "error", each.Why)));
        json.WriteEndObject();
    }

    private static void WriteIds(Utf8JsonWriter json, string name, IReadOnlyList<EmailId> ids)
    {
        json.WriteStartArray(name);
        foreach (var id in ids) json.WriteStringValue(id.ToString());
        json.WriteEndArray();
    }

    private static void WriteRefused(Utf8JsonWriter json, string name, IEnumerable<(EmailId Id, string Name, string Value)> refused)
    {
        json.WriteStartArray(name);
        foreach (var each in refused)
        {
            json.WriteStartObject();
            json.WriteString("id", each.Id.ToString());
            json.WriteString(each.Name, each.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
