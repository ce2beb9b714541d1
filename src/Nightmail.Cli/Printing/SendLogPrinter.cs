using System.Globalization;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using NodaTime;

namespace Nightmail.Cli.Printing;

/// <summary>Prints rows of the send log: lines for people, or one JSON object a line.</summary>
internal sealed class SendLogPrinter(Session session)
{
    /// <summary>The number of the newest row that was printed; 0: none was.</summary>
    public long Last { get; private set; }

    /// <summary>Prints rows, the oldest first.</summary>
    public void Print(IReadOnlyList<SendLogEntry> rows)
    {
        if (rows.Count == 0) return;
        session.Print(string.Concat(rows.Select(row => session.Globals.Json ? JsonText.Line(json => Write(json, row)) : Line(row))));
        session.Surroundings.Output.Flush();
        Last = Math.Max(Last, rows.Max(row => row.Number));
    }

    private string Line(SendLogEntry row)
    {
        var at = Instant.FromDateTimeOffset(row.At).InZone(session.Zone).LocalDateTime.ToString("uuuu-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        var line = $"{at}  {row.Email}  {row.Account}  {row.Attempt}  {row.Outcome.Name()}  {row.Took.TotalMilliseconds:0} ms  {row.Words}";
        return $"{Printable.Clip(line.TrimEnd(), session.Surroundings.Width)}\n";
    }

    private static void Write(Utf8JsonWriter json, SendLogEntry row)
    {
        json.WriteStartObject();
        json.WriteString("at", JsonText.Time(row.At));
        json.WriteString("id", row.Email.ToString());
        if (row.Campaign is { } campaign) json.WriteString("campaignId", campaign.ToString());
        json.WriteString("account", row.Account);
        json.WriteNumber("attempt", row.Attempt);
        json.WriteString("outcome", row.Outcome.Name());
        json.WriteString("recipient", row.Recipient);
        json.WriteNumber("tookMs", row.Took.TotalMilliseconds);
        if (row.Late is { } late) json.WriteNumber("lateMs", late.TotalMilliseconds);
        if (row.Code is { } code) json.WriteNumber("code", code);
        if (row.Enhanced is { } enhanced) json.WriteString("enhanced", enhanced);
        if (row.Words is { } words) json.WriteString("words", words);
        json.WriteEndObject();
    }
}
