using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Mail.Mime.Reencoding;

/// <summary>Writes header fields in ASCII: encoded-words in names and free text (RFC 2047), domains as A-labels.</summary>
internal static class AsciiFields
{
    private static readonly HashSet<string> Addresses = new(StringComparer.OrdinalIgnoreCase)
    {
        "From", "Sender", "Reply-To", "To", "Cc", "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Mail-Followup-To", "Mail-Reply-To", "Disposition-Notification-To",
    };

    /// <summary>Fields in which machines look for something; encoded-words have no place there.</summary>
    private static readonly HashSet<string> Structured = new(StringComparer.OrdinalIgnoreCase)
    {
        "Date", "Message-ID", "In-Reply-To", "References", "Received", "Return-Path", "MIME-Version", "DKIM-Signature", "Authentication-Results", "Resent-Date", "Resent-Message-ID", "Auto-Submitted",
    };

    private static readonly string[] StructuredBeginnings = ["Content-", "List-", "ARC-"];

    /// <summary>True when the field names an address that no ASCII can write.</summary>
    public static bool NamesInternational(RawField field) =>
        !Ascii.IsValid(field.Raw.Span) && Addresses.Contains(field.Name) && Mailbox.TryParseList(field.Value, out var mailboxes, out _) && mailboxes.Any(mailbox => mailbox.NeedsSmtpUtf8);

    /// <summary>The field in ASCII where it can be written so; otherwise as it came.</summary>
    public static RawField Mended(RawField field)
    {
        try
        {
            return field with { Raw = Write(field) };
        }
        catch (MessageInvalidException)
        {
            return field;
        }
    }

    /// <summary>The field in ASCII; as it came where it is that.</summary>
    /// <exception cref="MessageInvalidException">It cannot be written so.</exception>
    public static ReadOnlyMemory<byte> Write(RawField field)
    {
        if (Ascii.IsValid(field.Raw.Span)) return field.Raw;
        if (field.Name.Length == 0) throw new MessageInvalidException("a line of its header is no field and holds bytes above 127");
        if (Structured.Contains(field.Name) || Array.Exists(StructuredBeginnings, beginning => field.Name.StartsWith(beginning, StringComparison.OrdinalIgnoreCase)))
            throw new MessageInvalidException($"its header '{field.Name}' holds bytes above 127");
        var builder = new FieldBuilder(field.Name);
        if (!Addresses.Contains(field.Name)) return Encoding.ASCII.GetBytes(builder.Text(EncodedWords.Decode(field.Value)).Finish());

        if (!Mailbox.TryParseList(field.Value, out var mailboxes, out var error)) throw new MessageInvalidException($"its header '{field.Name}' cannot be read: {error}");
        if (mailboxes.Any(mailbox => mailbox.NeedsSmtpUtf8)) throw new MessageInvalidException($"its header '{field.Name}' names an international address");
        if (mailboxes.Count == 0) builder.Word("undisclosed-recipients:;");
        return Encoding.ASCII.GetBytes(builder.Mailboxes([.. mailboxes.Select(EmlReader.Decoded)]).Finish());
    }
}
