using System.Globalization;
using System.Text;
using System.Text.Json;
using Nightmail.Cli.Printing;
using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Store.File.Health;
using NodaTime;

namespace Nightmail.Cli.Health;

/// <summary>Shows the health of a queue to people and to programs.</summary>
internal static class HealthPrinter
{
    private static readonly EmailStatus[] Statuses = Enum.GetValues<EmailStatus>();

    /// <summary>For people: what is not well first, then the numbers.</summary>
    public static string Text(HealthFacts facts, IReadOnlyList<HealthFinding> findings, DateTimeZone zone)
    {
        var text = new StringBuilder();
        void Line(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-9} {Printable.OneLine(value)}\n");
        string When(DateTimeOffset? moment) => moment is { } at ? $"{TimeWords.Short(at, zone, facts.Now)} ({TimeWords.Relative(at - facts.Now)})" : "never";
        text.Append(Status(findings)).Append('\n');
        foreach (var finding in findings) text.Append(Printable.OneLine($"  {finding.Gravity.ToString().ToLowerInvariant()}: {finding.Words}; {finding.Next}")).Append('\n');
        if (facts.File is { } queue) Line("queue", queue.Exists ? $"{queue.Path}, {queue.Size} bytes, revision {queue.Revision}, last written {When(queue.LastWritten)}" : $"{queue.Path} (not made yet)");
        if (facts.Server is { } server) Line("server", $"{server.Url}, version {server.Version}");
        Line("emails", string.Join(", ", Statuses.Select(status => $"{facts.Count(status)} {status.Name()}")));
        Line("next due", When(NextDue(facts)));
        if (facts.File is { } locked) Line("lock", locked.Lock switch { LockState.Free => "free", LockState.Held => $"held by {locked.Holder}", _ => $"left by {locked.Holder}" });
        Line("workers", facts.Workers.Count == 0 ? "none" : string.Join(", ", facts.Workers.Select(worker => $"pid {worker.ProcessId} on {worker.Host} since {TimeWords.Short(worker.Since, zone, facts.Now)}")));
        Line("accounts", facts.Accounts.Count == 0 ? "none" : string.Join(", ", facts.Accounts.Select(standing => $"{standing.Account.Name} ({(standing.Facts.Circuit.IsOpen ? "circuit open" : standing.Obstacle == AccountObstacle.Disabled ? "switched off" : "ready")})")));
        if (facts.File is { } file) Line("backups", $"{file.Backups}, newest good one {When(file.NewestGoodBackup)}");
        if (facts.File?.Volume is { } volume) Line("disk", $"{volume.FreeBytes / 1024 / 1024} MB free");
        if (LastError(facts) is { } failed) Line("error", $"{failed.Id} {When(failed.LastAttempt)}: {Running.Redaction.Mask(failed.LastError!, failed)}");
        return text.ToString();
    }

    /// <summary>For programs.</summary>
    public static string Json(HealthFacts facts, IReadOnlyList<HealthFinding> findings) => JsonText.Line(json =>
    {
        json.WriteStartObject();
        json.WriteString("status", Status(findings));
        json.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("code", finding.Code);
            json.WriteString("gravity", finding.Gravity.ToString().ToLowerInvariant());
            json.WriteString("message", finding.Words);
            json.WriteString("next", finding.Next);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (facts.File is { } file) WriteFile(json, facts, file);
        if (facts.Server is { } server)
        {
            json.WriteStartObject("server");
            json.WriteString("url", server.Url);
            json.WriteString("version", server.Version);
            json.WriteEndObject();
        }

        WriteEmails(json, facts);
        WriteWorkers(json, facts);
        json.WriteEndObject();
    });

    private static void WriteFile(Utf8JsonWriter json, HealthFacts facts, QueueFileFacts file)
    {
        json.WriteStartObject("queue");
        json.WriteString("path", file.Path);
        json.WriteBoolean("exists", file.Exists);
        json.WriteBoolean("readable", file.ReadError is null);
        json.WriteBoolean("writable", file.WriteError is null);
        json.WriteNumber("size", file.Size);
        json.WriteString("version", "1.0");
        json.WriteNumber("revision", file.Revision);
        Time(json, "lastModified", file.LastWritten);
        json.WriteEndObject();
        // Looking is what brings this process in step with the file; it is the last time that anybody here did, unless it failed.
        if (file.ReadError is null && file.Exists) Time(json, "lastSync", facts.Now);
        json.WriteStartObject("lock");
        json.WriteString("state", file.Lock.ToString().ToLowerInvariant());
        if (file.Lock != LockState.Free) json.WriteString("holder", file.Holder);
        if (file.Lock != LockState.Free) Time(json, "since", file.HeldSince);
        json.WriteEndObject();
        json.WriteStartObject("backups");
        json.WriteNumber("count", file.Backups);
        Time(json, "newest", file.NewestBackup);
        Time(json, "newestValid", file.NewestGoodBackup);
        json.WriteEndObject();
        if (file.Volume is not { } volume) return;
        json.WriteStartObject("disk");
        json.WriteNumber("freeBytes", volume.FreeBytes);
        json.WriteNumber("totalBytes", volume.TotalBytes);
        json.WriteEndObject();
    }

    private static void WriteEmails(Utf8JsonWriter json, HealthFacts facts)
    {
        json.WriteStartObject("emails");
        foreach (var status in Statuses) json.WriteNumber(JsonNamingPolicy.CamelCase.ConvertName(status.ToString()), facts.Count(status));
        json.WriteNumber("overdue", facts.Overdue.Count);
        json.WriteEndObject();
        Time(json, "nextDue", NextDue(facts));
        json.WriteBoolean("sendingPaused", facts.SendingPaused);
        if (LastError(facts) is not { } failed) return;
        json.WriteStartObject("lastError");
        json.WriteString("id", failed.Id.ToString());
        Time(json, "at", failed.LastAttempt);
        json.WriteString("error", Running.Redaction.Mask(failed.LastError!, failed));
        json.WriteEndObject();
    }

    private static void WriteWorkers(Utf8JsonWriter json, HealthFacts facts)
    {
        json.WriteStartArray("workers");
        foreach (var worker in facts.Workers)
        {
            json.WriteStartObject();
            json.WriteNumber("pid", worker.ProcessId);
            json.WriteString("host", worker.Host);
            Time(json, "since", worker.Since);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("accounts");
        foreach (var standing in facts.Accounts)
        {
            json.WriteStartObject();
            json.WriteString("name", standing.Account.Name);
            json.WriteString("circuit", standing.Facts.Circuit.IsOpen ? "open" : "closed");
            Time(json, "until", standing.Facts.Circuit.OpenUntil);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Status(IReadOnlyList<HealthFinding> findings) => findings.Count == 0 ? "well" : findings[0].Gravity.ToString().ToLowerInvariant();

    private static DateTimeOffset? NextDue(HealthFacts facts) => facts.Pending.Any() ? facts.Pending.Min(email => email.Due) : null;

    private static ScheduledEmail? LastError(HealthFacts facts) => facts.Emails.Where(email => email is { LastError: not null, LastAttempt: not null }).MaxBy(email => email.LastAttempt);

    private static void Time(Utf8JsonWriter json, string name, DateTimeOffset? moment)
    {
        if (moment is { } at) json.WriteString(name, JsonText.Time(at));
    }
}
