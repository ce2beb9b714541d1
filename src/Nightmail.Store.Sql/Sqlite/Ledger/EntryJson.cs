using System.Text.Json;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Rows;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>What an entry says beyond what it is found by, as JSON.</summary>
internal static class EntryJson
{
    /// <summary>True when there is anything to write.</summary>
    public static bool HasDetail(LedgerEntry entry) =>
        entry.Recipients.Count > 0 || entry.Fault is not null || entry.Reason is not null || entry.NextAttempt is not null || entry.Date is not null
        || entry.From is not null || entry.ScheduledFor is not null || entry.Wish is not null;

    /// <summary>Writes the detail.</summary>
    public static void Write(Utf8JsonWriter json, LedgerEntry entry)
    {
        json.WriteStartObject();
        if (entry.Recipients.Count > 0) WriteRecipients(json, entry.Recipients);
        if (entry.Fault is { } fault)
        {
            json.WriteStartArray("fault"u8);
            json.WriteNumberValue((int)fault.Reason);
            json.WriteStringValue(fault.Words);
            json.WriteEndArray();
        }

        if (entry.Reason is { } reason) json.WriteNumber("reason"u8, (int)reason);
        WriteInstant(json, "next_attempt"u8, entry.NextAttempt);
        WriteInstant(json, "date"u8, entry.Date);
        if (entry.From is { } from) json.WriteString("from"u8, from);
        WriteInstant(json, "scheduled_for"u8, entry.ScheduledFor);
        if (entry.Wish is { } wish)
        {
            json.WritePropertyName("wish"u8);
            WishJson.Write(json, wish);
        }

        json.WriteEndObject();
    }

    /// <summary>The entry with the detail taken in.</summary>
    public static LedgerEntry Read(LedgerEntry entry, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return entry;
        var json = new Utf8JsonReader(bytes);
        json.Read();
        IReadOnlyList<RecipientOutcome> recipients = [];
        AccountFault? fault = null;
        FailureReason? reason = null;
        DateTimeOffset? next = null, date = null, scheduled = null;
        string? from = null;
        Wish? wish = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("recipients"u8)) recipients = ReadRecipients(ref json);
            else if (json.ValueTextEquals("fault"u8)) fault = ReadFault(ref json);
            else if (json.ValueTextEquals("reason"u8)) reason = (FailureReason)ReadNumber(ref json);
            else if (json.ValueTextEquals("next_attempt"u8)) next = Instants.FromTicks(ReadNumber(ref json));
            else if (json.ValueTextEquals("date"u8)) date = Instants.FromTicks(ReadNumber(ref json));
            else if (json.ValueTextEquals("scheduled_for"u8)) scheduled = Instants.FromTicks(ReadNumber(ref json));
            else if (json.ValueTextEquals("from"u8)) from = ReadText(ref json);
            else if (json.ValueTextEquals("wish"u8)) wish = json.Read() ? WishJson.Read(ref json) : null;
            else json.Skip();
        }

        return entry with { Recipients = recipients, Fault = fault, Reason = reason, NextAttempt = next, Date = date, From = from, ScheduledFor = scheduled, Wish = wish };
    }

    private static void WriteRecipients(Utf8JsonWriter json, IReadOnlyList<RecipientOutcome> recipients)
    {
        json.WriteStartArray("recipients"u8);
        foreach (var recipient in recipients)
        {
            json.WriteStartArray();
            json.WriteStringValue(recipient.Address);
            json.WriteNumberValue((int)recipient.Verdict);
            if (recipient.Reply is { } reply)
            {
                json.WriteNumberValue(reply.Code);
                if (reply.Enhanced is { } enhanced) json.WriteStringValue(enhanced);
                else json.WriteNullValue();
                json.WriteStringValue(reply.Text);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static List<RecipientOutcome> ReadRecipients(ref Utf8JsonReader json)
    {
        var recipients = new List<RecipientOutcome>();
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.StartArray)
        {
            var address = ReadText(ref json)!;
            var verdict = (Verdict)ReadNumber(ref json);
            json.Read();
            Reply? reply = null;
            if (json.TokenType == JsonTokenType.Number)
            {
                reply = new(json.GetInt32(), ReadText(ref json), ReadText(ref json)!);
                json.Read();
            }

            recipients.Add(new(address, verdict, reply));
        }

        return recipients;
    }

    private static AccountFault ReadFault(ref Utf8JsonReader json)
    {
        json.Read();
        var fault = new AccountFault((AccountFaultReason)ReadNumber(ref json), ReadText(ref json)!);
        json.Read();
        return fault;
    }

    private static void WriteInstant(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? instant)
    {
        if (instant is { } value) json.WriteNumber(name, Instants.ToTicks(value));
    }

    private static long ReadNumber(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetInt64();
    }

    private static string? ReadText(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetString();
    }
}
