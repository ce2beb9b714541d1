using System.Text;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Exchange;

/// <summary>Emails as the queue file has them, each by itself: its entry, which says its own id.</summary>
public sealed class QueueFileForm : IEmailForm
{
    /// <summary>The one.</summary>
    public static readonly QueueFileForm Instance = new();

    private static readonly string[] IdName = ["id"];

    private QueueFileForm()
    {
    }

    /// <inheritdoc/>
    public void Write(Utf8JsonWriter json, ImportedEmail email)
    {
        using var unknown = email.Unknown is { } text ? JsonDocument.Parse(text, new JsonDocumentOptions { AllowTrailingCommas = true }) : null;
        EmailWriter.Write(json, email.Email, unknown?.RootElement ?? default);
    }

    /// <inheritdoc/>
    public ImportedEmail Read(ReadOnlySpan<byte> json)
    {
        try
        {
            var id = IdOf(json) ?? throw new FormatException("an email has no id; a whole line may belong to another file");
            if (!EmailId.TryParse(id, out var parsed)) throw new FormatException($"id: '{id}' is not an email's id");
            var email = EmailReader.Read(json, parsed, out var hasUnknown);
            return new(email) { Unknown = hasUnknown ? Encoding.UTF8.GetString(json) : null };
        }
        catch (InvalidOperationException broken)
        {
            throw new FormatException(broken.Message, broken);
        }
    }

    private static string? IdOf(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        string? id = null;
        while (Lenient.NextProperty(ref json, IdName) is { } index)
        {
            if (index == 0) id = Lenient.Text(ref json);
            else json.Skip();
        }

        return id;
    }
}
