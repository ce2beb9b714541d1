using System.Globalization;
using System.Text;
using System.Text.Json;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Printing;

/// <summary>Prints how much there is of everything, and what the send log says.</summary>
internal sealed class StatsPrinter(StoreOverview overview, SendStatistics all, IReadOnlyList<SendStatistics> accounts)
{
    private static readonly EmailStatus[] Statuses = [EmailStatus.Pending, EmailStatus.Sending, EmailStatus.Paused, EmailStatus.Sent, EmailStatus.Failed, EmailStatus.Cancelled, EmailStatus.InDoubt];

    /// <summary>Tables for people.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        var counts = new TextTable("STATUS", "EMAILS", "NO LONGER KEPT");
        foreach (var status in Statuses) counts.Add(status.Name(), Number(overview.Counts.GetValueOrDefault(status)), Number(overview.Pruned.GetValueOrDefault(status)));
        text.Append(counts.ToText(null)).Append("scheduled in all: ").Append(Number(overview.TotalScheduled)).Append('\n');
        if (overview.SendingPaused) text.Append("sending is paused\n");
        var attempts = new TextTable("SENT AND FAILED IN THE LAST", "HOUR", "DAY", "7 DAYS", "LATE: HALF", "99 IN 100", "AT MOST");
        foreach (var each in (SendStatistics[])[all, .. accounts])
        {
            attempts.Add(each.Account ?? "all accounts", Outcomes(each.Hour), Outcomes(each.Day), Outcomes(each.Week), Span(each.Lateness?.Median), Span(each.Lateness?.P99), Span(each.Lateness?.Max));
        }

        return text.Append('\n').Append(attempts.ToText(null)).ToString();
    }

    /// <summary>The same as a JSON object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject("counts");
        foreach (var status in Statuses) json.WriteNumber(status.Name(), overview.Counts.GetValueOrDefault(status));
        json.WriteEndObject();
        json.WriteNumber("totalScheduled", overview.TotalScheduled);
        json.WriteStartObject("pruned");
        foreach (var status in Statuses.Where(status => status.IsFinal())) json.WriteNumber(status.Name(), overview.Pruned.GetValueOrDefault(status));
        json.WriteEndObject();
        json.WriteBoolean("sendingPaused", overview.SendingPaused);
        WriteSending(json, all);
        json.WriteStartArray("accounts");
        foreach (var each in accounts)
        {
            json.WriteStartObject();
            json.WriteString("account", each.Account);
            WriteSending(json, each);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteSending(Utf8JsonWriter json, SendStatistics sending)
    {
        foreach (var (key, counts) in ((string, SendCounts)[])[("lastHour", sending.Hour), ("lastDay", sending.Day), ("last7Days", sending.Week)])
        {
            json.WriteStartObject(key);
            json.WriteNumber("attempts", counts.Attempts);
            json.WriteNumber("sent", counts.Sent);
            json.WriteNumber("failed", counts.Failed);
            json.WriteEndObject();
        }

        if (sending.Lateness is not { } late) return;
        json.WriteStartObject("lateness");
        json.WriteNumber("emails", late.Emails);
        json.WriteNumber("p50Ms", late.Median.TotalMilliseconds);
        json.WriteNumber("p99Ms", late.P99.TotalMilliseconds);
        json.WriteNumber("maxMs", late.Max.TotalMilliseconds);
        json.WriteEndObject();
    }

    private static string Outcomes(SendCounts counts) => $"{Number(counts.Sent)}/{Number(counts.Failed)}";

    private static string Span(TimeSpan? span) => span switch
    {
        null => "-",
        { TotalSeconds: < 1 } => $"{span.Value.TotalMilliseconds:0} ms",
        { TotalMinutes: < 10 } => $"{span.Value.TotalSeconds:0.0} s",
        _ => $"{span.Value.TotalMinutes:0} min",
    };

    private static string Number(long count) => count.ToString(CultureInfo.InvariantCulture);
}
