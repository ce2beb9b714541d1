using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File;

/// <summary>One row of the send log as a line of JSON.</summary>
internal static class SendLogLine
{
    /// <summary>Writes the line and its line feed.</summary>
    public static void Write(ArrayBufferWriter<byte> to, SendLogEntry entry)
    {
        using (var json = new Utf8JsonWriter(to))
        {
            json.WriteStartObject();
            json.WriteString("at", entry.At.UtcDateTime);
            json.WriteString("email", entry.Email.ToString());
            if (entry.Campaign is { } campaign) json.WriteString("campaign", campaign.ToString());
            json.WriteNumber("attempt", entry.Attempt);
            json.WriteString("account", entry.Account);
            json.WriteString("recipient", entry.Recipient);
            json.WriteString("outcome", entry.Outcome.Name());
            if (entry.Words is { } words) json.WriteString("words", words);
            if (entry.Code is { } code) json.WriteNumber("code", code);
            if (entry.Enhanced is { } enhanced) json.WriteString("enhanced", enhanced);
            json.WriteNumber("took_ms", entry.Took.TotalMilliseconds);
            if (entry.Late is { } late) json.WriteNumber("late_ms", late.TotalMilliseconds);
            json.WriteEndObject();
        }

        to.Write("\n"u8);
    }

    /// <summary>Reads a line. One that somebody has damaged is no row.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> line, long number, [NotNullWhen(true)] out SendLogEntry? entry)
    {
        entry = null;
        try
        {
            using var document = JsonDocument.Parse(line);
            var row = document.RootElement;
            if (!EmailId.TryParse(row.GetProperty("email").GetString() ?? "", out var email) || EmailStatusNames.ParseStatus(row.GetProperty("outcome").GetString()) is not { } outcome) return false;
            entry = new()
            {
                Number = number,
                At = row.GetProperty("at").GetDateTimeOffset(),
                Email = email,
                Campaign = Text(row, "campaign") is { } text && CampaignId.TryParse(text, out var campaign) ? campaign : null,
                Attempt = row.GetProperty("attempt").GetInt32(),
                Account = row.GetProperty("account").GetString() ?? "",
                Recipient = Text(row, "recipient") ?? "",
                Outcome = outcome,
                Words = Text(row, "words"),
                Code = row.TryGetProperty("code", out var code) ? code.GetInt32() : null,
                Enhanced = Text(row, "enhanced"),
                Took = TimeSpan.FromMilliseconds(row.GetProperty("took_ms").GetDouble()),
                Late = row.TryGetProperty("late_ms", out var late) ? TimeSpan.FromMilliseconds(late.GetDouble()) : null,
            };
            return true;
        }
        catch (Exception damaged) when (damaged is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            return false;
        }
    }

    private static string? Text(JsonElement row, string key) => row.TryGetProperty(key, out var value) ? value.GetString() : null;
}
