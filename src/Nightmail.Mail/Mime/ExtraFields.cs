using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Mail.Mime;

/// <summary>The extra header fields of an email: which may be given, and how they are written.</summary>
internal static class ExtraFields
{
    /// <summary>Longest name of a field, so that its first line holds a word too.</summary>
    private const int MaxName = 70;

    /// <summary>Longest word without a blank: a line has at most 998 octets, its name among them.</summary>
    private const int MaxWord = 900;

    /// <summary>Longest Date, a comment included; the longest that programs write has half of this.</summary>
    private const int MaxDate = 100;

    /// <summary>Longest value; real ones stay far below.</summary>
    private const int MaxValue = 64 * 1024;

    private static readonly HashSet<string> Ours = new(StringComparer.OrdinalIgnoreCase) { "From", "To", "Cc", "Subject", "MIME-Version" };

    private static readonly HashSet<string> AddressLists = new(StringComparer.OrdinalIgnoreCase)
    {
        "Reply-To", "Sender", "Mail-Followup-To", "Mail-Reply-To", "Disposition-Notification-To", "Return-Receipt-To", "Errors-To",
        "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc",
    };

    /// <summary>True when the extra fields bring this one, so that it is not written from the email's identity.</summary>
    public static bool Bring(IReadOnlyList<HeaderField> fields, string name) => fields.Count > 0 && fields.Any(field => Is(field, name));

    /// <summary>The fields in order, each with its CRLF.</summary>
    /// <exception cref="MessageInvalidException">One of them cannot be sent; the message names it and says what to do.</exception>
    public static IEnumerable<string> Write(IReadOnlyList<HeaderField> fields)
    {
        if (fields.Count == 0) return [];
        foreach (var once in (string[])["Date", "Message-ID"])
        {
            if (fields.Count(field => Is(field, once)) > 1) throw new MessageInvalidException($"the header '{once}' is given more than once; give it once");
        }

        return fields.Select(Write);
    }

    private static string Write(HeaderField field)
    {
        var (name, value) = (field.Name, field.Value);
        if (name.Length is 0 or > MaxName || name.AsSpan().ContainsAnyExceptInRange('!', '~') || name.Contains(':', StringComparison.Ordinal))
            throw new MessageInvalidException($"the name of an extra header has to be 1 to {MaxName} printable ASCII characters without blanks and colons");
        if (Is(field, "Bcc") || Is(field, "Resent-Bcc")) throw new MessageInvalidException($"the header '{name}' never leaves the house; give these recipients as bcc");
        if (Ours.Contains(name) || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
            throw new MessageInvalidException($"the header '{name}' is written from the email itself; take it out of the extra headers");
        if (value.AsSpan().ContainsAny('\r', '\n', '\0')) throw new MessageInvalidException($"the header '{name}' holds a line break or NUL; write it in one line");
        if (value.Length > MaxValue) throw new MessageInvalidException($"the header '{name}' is longer than {MaxValue / 1024} kB");
        return Build(name, value.Trim(' ', '\t')).Finish();
    }

    private static FieldBuilder Build(string name, string value)
    {
        var field = new FieldBuilder(name);
        if (string.Equals(name, "Message-ID", StringComparison.OrdinalIgnoreCase)) return field.Word(Identities.MessageId(value));
        if (string.Equals(name, "Date", StringComparison.OrdinalIgnoreCase))
        {
            return value.Length <= MaxDate && InternetDate.TryParse(value, out _) && Ascii.IsValid(value)
                ? field.Structured(value.Replace('\t', ' '))
                : throw new MessageInvalidException("the header 'Date' cannot be read; write it like 'Tue, 01 Dec 2026 09:00:00 +0100'");
        }

        if (AddressLists.Contains(name))
        {
            return Mailbox.TryParseList(value, out var mailboxes, out var error)
                ? field.Mailboxes(mailboxes)
                : throw new MessageInvalidException($"the header '{name}': {error}");
        }

        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~')) return field.Text(value);
        return value.Split(' ').All(word => word.Length <= MaxWord)
            ? field.Structured(value)
            : throw new MessageInvalidException($"the header '{name}' has a word of more than {MaxWord} characters, which no line can hold");
    }

    private static bool Is(HeaderField field, string name) => string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase);
}
