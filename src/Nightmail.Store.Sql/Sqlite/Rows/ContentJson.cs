using System.Text.Encodings.Web;
using System.Text.Json;
using Nightmail.Core.Emails;

namespace Nightmail.Store.Sql.Sqlite.Rows;

/// <summary>The parts of an email that nothing is looked up by, as JSON. Written and read here alone, so it is strict.</summary>
internal static class ContentJson
{
    /// <summary>It never becomes part of a web page.</summary>
    public static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Everything of a content but its text and HTML, which lie beside it.</summary>
    public static void WriteHead(Utf8JsonWriter json, EmailContent content)
    {
        json.WriteStartObject();
        WriteTexts(json, "to"u8, content.To);
        WriteTexts(json, "cc"u8, content.Cc);
        WriteTexts(json, "bcc"u8, content.Bcc);
        json.WriteString("subject"u8, content.Subject);
        WriteText(json, "from"u8, content.From);
        if (content.Headers.Count > 0)
        {
            json.WriteStartArray("headers"u8);
            foreach (var header in content.Headers)
            {
                json.WriteStringValue(header.Name);
                json.WriteStringValue(header.Value);
            }

            json.WriteEndArray();
        }

        if (content.Attachments.Count > 0)
        {
            json.WriteStartArray("attachments"u8);
            foreach (var attachment in content.Attachments)
            {
                WriteBlob(json, attachment.Blob);
                json.WriteStringValue(attachment.FileName);
                if (attachment.ContentType is { } type) json.WriteStringValue(type);
                else json.WriteNullValue();
                if (attachment.ContentId is { } id) json.WriteStringValue(id);
                else json.WriteNullValue();
            }

            json.WriteEndArray();
        }

        if (content.Eml is { } eml)
        {
            json.WriteStartArray("eml"u8);
            WriteBlob(json, eml);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>The content.</summary>
    public static EmailContent Read(byte[]? text, string? html, ReadOnlySpan<byte> head)
    {
        var json = new Utf8JsonReader(head);
        json.Read();
        IReadOnlyList<string> to = [], cc = [], bcc = [];
        var (subject, from) = ("", (string?)null);
        IReadOnlyList<HeaderField> headers = [];
        IReadOnlyList<Attachment> attachments = [];
        BlobRef? eml = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("to"u8)) to = ReadTexts(ref json);
            else if (json.ValueTextEquals("cc"u8)) cc = ReadTexts(ref json);
            else if (json.ValueTextEquals("bcc"u8)) bcc = ReadTexts(ref json);
            else if (json.ValueTextEquals("subject"u8)) subject = ReadText(ref json) ?? "";
            else if (json.ValueTextEquals("from"u8)) from = ReadText(ref json);
            else if (json.ValueTextEquals("headers"u8)) headers = ReadHeaders(ref json);
            else if (json.ValueTextEquals("attachments"u8)) attachments = ReadAttachments(ref json);
            else if (json.ValueTextEquals("eml"u8)) eml = ReadEml(ref json);
            else json.Skip();
        }

        return new()
        {
            From = from, To = to, Cc = cc, Bcc = bcc, Subject = subject, TextUtf8 = text, Html = html,
            Headers = headers, Attachments = attachments, Eml = eml,
        };
    }

    /// <summary>Recipients that differ; written only then.</summary>
    public static void WriteRecipients(Utf8JsonWriter json, IReadOnlyList<Recipient> recipients)
    {
        json.WriteStartArray();
        foreach (var recipient in recipients)
        {
            json.WriteStringValue(recipient.Address);
            json.WriteNumberValue((int)recipient.Status);
            if (recipient.Reply is { } reply) json.WriteStringValue(reply);
            else json.WriteNullValue();
        }

        json.WriteEndArray();
    }

    /// <summary>The same, read.</summary>
    public static IReadOnlyList<Recipient> ReadRecipients(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return [];
        var json = new Utf8JsonReader(bytes);
        json.Read();
        var recipients = new List<Recipient>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            var address = json.GetString()!;
            json.Read();
            var status = (RecipientStatus)json.GetInt32();
            recipients.Add(new(address, status, ReadText(ref json)));
        }

        return recipients;
    }

    /// <summary>Names of accounts as one text: a name holds no blank.</summary>
    public static string? Accounts(IReadOnlyList<string> names) => names.Count == 0 ? null : string.Join(' ', names);

    /// <summary>The same, read.</summary>
    public static IReadOnlyList<string> ReadAccounts(string? text) => text is null ? [] : text.Split(' ');

    private static void WriteTexts(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? text)
    {
        if (text is not null) json.WriteString(name, text);
    }

    private static void WriteBlob(Utf8JsonWriter json, BlobRef blob)
    {
        json.WriteStringValue(blob.Sha256);
        json.WriteNumberValue(blob.Size);
    }

    private static string? ReadText(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetString();
    }

    private static string[] ReadTexts(ref Utf8JsonReader json)
    {
        json.Read();
        json.Read();
        if (json.TokenType == JsonTokenType.EndArray) return [];
        var first = json.GetString()!;
        json.Read();
        if (json.TokenType == JsonTokenType.EndArray) return [first];
        List<string> texts = [first];
        for (; json.TokenType != JsonTokenType.EndArray; json.Read()) texts.Add(json.GetString()!);
        return [.. texts];
    }

    private static List<HeaderField> ReadHeaders(ref Utf8JsonReader json)
    {
        var headers = new List<HeaderField>();
        json.Read();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray) headers.Add(new(json.GetString()!, ReadText(ref json)!));
        return headers;
    }

    private static List<Attachment> ReadAttachments(ref Utf8JsonReader json)
    {
        var attachments = new List<Attachment>();
        json.Read();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            var blob = ReadBlob(ref json);
            attachments.Add(new(ReadText(ref json)!, blob) { ContentType = ReadText(ref json), ContentId = ReadText(ref json) });
        }

        return attachments;
    }

    private static BlobRef ReadEml(ref Utf8JsonReader json)
    {
        json.Read();
        json.Read();
        var blob = ReadBlob(ref json);
        json.Read();
        return blob;
    }

    private static BlobRef ReadBlob(ref Utf8JsonReader json)
    {
        var hash = json.GetString()!;
        json.Read();
        return new(hash, json.GetInt64());
    }
}
