using System.Globalization;
using System.Text.Json;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Remote;

/// <summary>Writes what a server is asked to schedule or to change.</summary>
internal static class EmailWriting
{
    /// <summary>The email that is to be scheduled.</summary>
    /// <param name="json">Gets its fields.</param>
    /// <param name="email">The email.</param>
    /// <param name="now">The present: a time before it was meant.</param>
    public static void Write(Utf8JsonWriter json, ScheduledEmail email, DateTimeOffset now)
    {
        WriteContent(json, email.Content);
        WriteTime(json, email.ScheduledFor, email.Wish, now);
        if (email.NotAfter is { } last) json.WriteString("notAfter", Exact(last));
        Maybe(json, "account", email.Account);
        Maybe(json, "messageId", email.MessageId);
        Maybe(json, "createdBy", email.CreatedBy);
        if (email.IdempotencyKey is { } key) json.WriteString("wording", key.RequestHash);
    }

    /// <summary>When it is to leave: the wish as it was worded, so that it keeps its zone; without one, the instant.</summary>
    public static void WriteTime(Utf8JsonWriter json, DateTimeOffset scheduledFor, Wish? wish, DateTimeOffset now)
    {
        json.WriteString("scheduledFor", wish is null ? Exact(scheduledFor) : $"{wish.Local.Replace('T', ' ')} {wish.TimeZone}");
        if (scheduledFor < now) json.WriteBoolean("allowPast", true);
    }

    /// <summary>What it says and to whom.</summary>
    public static void WriteContent(Utf8JsonWriter json, EmailContent content)
    {
        Maybe(json, "from", content.From);
        Texts(json, "to", content.To);
        Texts(json, "cc", content.Cc);
        Texts(json, "bcc", content.Bcc);
        json.WriteString("subject", content.Subject);
        Maybe(json, "text", content.Text);
        Maybe(json, "html", content.Html);
        json.WriteStartArray("headers");
        foreach (var header in content.Headers)
        {
            json.WriteStartObject();
            json.WriteString("name", header.Name);
            json.WriteString("value", header.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("attachments");
        foreach (var file in content.Attachments)
        {
            json.WriteStartObject();
            json.WriteString("fileName", file.FileName);
            WriteBlob(json, file.Blob);
            Maybe(json, "contentType", file.ContentType);
            Maybe(json, "contentId", file.ContentId);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (content.Eml is not { } eml) return;
        json.WriteStartObject("message");
        WriteBlob(json, eml);
        json.WriteEndObject();
    }

    /// <summary>A text, where there is one.</summary>
    public static void Maybe(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null) json.WriteString(name, value);
    }

    /// <summary>A list of texts.</summary>
    public static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    /// <summary>An instant to the last digit that the clock has: rounded, it could lie before the one that was meant.</summary>
    public static string Exact(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static void WriteBlob(Utf8JsonWriter json, BlobRef blob)
    {
        json.WriteString("sha256", blob.Sha256);
        json.WriteNumber("size", blob.Size);
    }
}
