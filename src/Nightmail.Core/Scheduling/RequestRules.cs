using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Scheduling;

/// <summary>Says whether a request can be taken. Pure; the first thing that is wrong is named.</summary>
internal static class RequestRules
{
    /// <summary>Recipients of one email. Ten transactions of the hundred that every server takes; more is a campaign.</summary>
    public const int MaxRecipients = 1_000;

    /// <summary>Text and HTML each, in characters. They lie in the queue itself, which is rewritten with every change; larger content is an attachment.</summary>
    public const int MaxBody = 2_000_000;

    /// <summary>All attachments, or the complete message, in bytes. Hardly any server takes more than 50 MB, and base64 adds a third.</summary>
    public const long MaxBytes = 100_000_000;

    /// <summary>Extra header fields.</summary>
    public const int MaxHeaders = 200;

    /// <summary>Attachments.</summary>
    public const int MaxAttachments = 500;

    /// <summary>One header field's value before folding; a References field of a long thread stays far below.</summary>
    public const int MaxHeaderValue = 16_384;

    /// <summary>A line of a message without its CRLF (RFC 5322 section 2.1.1); a word that cannot be folded must fit.</summary>
    public const int MaxLine = 998;

    /// <summary>An idempotency key.</summary>
    public const int MaxKey = 255;

    /// <summary>Header fields that the message gets by other means, and those means.</summary>
    private static readonly Dictionary<string, string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        ["From"] = "the sender (--from)",
        ["To"] = "the recipients (--to)",
        ["Cc"] = "the recipients (--cc)",
        ["Bcc"] = "the recipients (--bcc)",
        ["Subject"] = "the subject (--subject)",
        ["MIME-Version"] = "nothing: it is written by itself",
        ["Content-Type"] = "the text, the HTML and the attachments",
        ["Content-Transfer-Encoding"] = "nothing: it is written by itself",
    };

    /// <summary>Null when the request can be taken.</summary>
    public static ScheduleResult.Invalid? Check(ScheduleRequest request, IReadOnlyList<Account>? accounts, DateTimeOffset now) =>
        Recipients(request.Content) ?? Sender(request.Content.From) ?? Words(request.Content) ?? Headers(request.Content.Headers)
        ?? Files(request.Content) ?? Times(request, now) ?? Identity(request) ?? (accounts is null ? null : Route(request, accounts));

    private static ScheduleResult.Invalid? Recipients(EmailContent content)
    {
        var count = content.To.Count + content.Cc.Count + content.Bcc.Count;
        if (count == 0) return new("to", "there is no recipient: name one with --to");
        if (count > MaxRecipients) return new("to", $"there are {count} recipients, the most is {MaxRecipients}: split the email, or make it a campaign");
        foreach (var (field, mailboxes) in ((string, IReadOnlyList<string>)[])[("to", content.To), ("cc", content.Cc), ("bcc", content.Bcc)])
            foreach (var mailbox in mailboxes)
                if (!Mailbox.TryParse(mailbox, out _, out var error)) return new(field, $"'{WhenParser.Printable(mailbox)}' is no address: {error}");
        return null;
    }

    private static ScheduleResult.Invalid? Sender(string? from) =>
        from is null || Mailbox.TryParse(from, out _, out var error) ? null : new("from", $"'{WhenParser.Printable(from)}' is no address: {error}");

    private static ScheduleResult.Invalid? Words(EmailContent content) =>
        Line("subject", "Subject", content.Subject)
        ?? Body("text", content.Text)
        ?? Body("html", content.Html);

    private static ScheduleResult.Invalid? Body(string field, string? text)
    {
        if (text is null) return null;
        if (text.Length > MaxBody) return new(field, $"it has {text.Length} characters, the most is {MaxBody}: attach it as a file");
        return IsWellFormed(text) ? null : new(field, "it holds half a character (an unpaired surrogate)");
    }

    private static ScheduleResult.Invalid? Headers(IReadOnlyList<HeaderField> headers)
    {
        if (headers.Count > MaxHeaders) return new("headers", $"there are {headers.Count} header fields, the most is {MaxHeaders}");
        foreach (var header in headers)
        {
            if (header.Name.Length == 0 || header.Name.Any(letter => letter is < '!' or > '~' or ':'))
                return new("headers", $"'{WhenParser.Printable(header.Name)}' is no header name: letters, digits and hyphens, without space or colon");
            if (Reserved.TryGetValue(header.Name, out var means)) return new("headers", $"{header.Name} cannot be an extra header; it comes from {means}");
            if (Line("headers", header.Name, header.Value) is { } wrong) return wrong;
        }

        return null;
    }

    private static ScheduleResult.Invalid? Line(string field, string name, string value)
    {
        var shown = WhenParser.Printable(name);
        if (HoldsBreak(value)) return new(field, $"{shown} holds a line break or a NUL, which no header may");
        if (!IsWellFormed(value)) return new(field, $"{shown} holds half a character (an unpaired surrogate)");
        if (value.Length > MaxHeaderValue) return new(field, $"{shown} has {value.Length} characters, the most is {MaxHeaderValue}");
        var (start, room) = (0, MaxLine - name.Length - 2);
        while (start < value.Length)
        {
            var length = 0;
            while (start + length < value.Length && value[start + length] is not (' ' or '\t')) length++;
            if (length > room) return new(field, $"{shown} has a word of {length} characters; a header line holds {MaxLine}");
            start += length + 1;
            room = MaxLine - 1;
        }

        return name.Length > MaxLine - 3 ? new(field, $"the header name {shown} is too long") : null;
    }

    private static ScheduleResult.Invalid? Files(EmailContent content)
    {
        if (content.Attachments.Count > MaxAttachments) return new("attachments", $"there are {content.Attachments.Count} attachments, the most is {MaxAttachments}");
        foreach (var attachment in content.Attachments)
        {
            foreach (var text in (string?[])[attachment.FileName, attachment.ContentType, attachment.ContentId])
                if (text is not null && (text.Length > MaxKey || HoldsBreak(text) || !IsWellFormed(text)))
                    return new("attachments", $"the name or type of '{WhenParser.Printable(attachment.FileName)}' is too long, or holds a line break");
        }

        var bytes = content.Eml?.Size ?? 0;
        if (content.Eml is null)
        {
            foreach (var attachment in content.Attachments) bytes += attachment.Blob.Size;
        }

        return bytes > MaxBytes ? new(content.Eml is null ? "attachments" : "eml", $"that is {bytes:N0} bytes, the most is {MaxBytes:N0}: send a link instead") : null;
    }

    private static ScheduleResult.Invalid? Times(ScheduleRequest request, DateTimeOffset now)
    {
        if (request.ScheduledFor.Year is < WhenParser.FirstYear or > WhenParser.LastYear) return new("scheduledFor", $"the year must be between {WhenParser.FirstYear} and {WhenParser.LastYear}");
        if (request.NotAfter is not { } last) return null;
        if (last.Year is < WhenParser.FirstYear or > WhenParser.LastYear) return new("notAfter", $"the year must be between {WhenParser.FirstYear} and {WhenParser.LastYear}");
        if (last <= request.ScheduledFor) return new("notAfter", $"not after {Utc(last)} is not later than its time, {Utc(request.ScheduledFor)}: it could never be sent");
        return last < now ? new("notAfter", $"not after {Utc(last)} has passed already: it could never be sent") : null;
    }

    private static ScheduleResult.Invalid? Identity(ScheduleRequest request)
    {
        if (request.IdempotencyKey is { } key && (key.Length is 0 or > MaxKey || key.Any(char.IsControl) || !IsWellFormed(key)))
            return new("idempotencyKey", $"an idempotency key has 1 to {MaxKey} printable characters");
        if (request.MessageId is { } id && !IsMessageId(id)) return new("messageId", $"'{WhenParser.Printable(id)}' is no Message-ID: <something@domain>");
        return null;
    }

    private static ScheduleResult.Invalid? Route(ScheduleRequest request, IReadOnlyList<Account> accounts)
    {
        if (accounts.Count == 0) return new("account", "no account is configured: add one with 'nightmail account add', or in the configuration under 'accounts'");
        var names = string.Join(", ", accounts.Select(account => account.Name));
        var from = request.Content.From;
        if (request.Account is { } wanted)
        {
            var account = accounts.FirstOrDefault(each => each.Name == wanted);
            if (account is null) return new("account", $"there is no account '{WhenParser.Printable(wanted)}'; there are: {names}");
            return account.MaySend(from) ? null : new("from", $"account {account.Name} may not send as '{WhenParser.Printable(from!)}'; add the address to its maySendAs");
        }

        if (from is not null) return accounts.Any(account => account.MaySend(from)) ? null : new("from", $"no account may send as '{WhenParser.Printable(from)}'; add the address to an account's maySendAs ({names})");
        return accounts.Any(account => account.IsDefault) ? null : new("account", $"no account is the default one: name one with --account ({names}), or set \"default\": true");
    }

    private static bool IsMessageId(string id) =>
        id.Length is >= 5 and <= 250 && id[0] == '<' && id[^1] == '>' && id.IndexOf('@') is > 1 and var at && at < id.Length - 2
        && id[1..^1].All(letter => letter is >= '!' and <= '~' and not ('<' or '>'));

    /// <summary>A plain loop: the vectorised search would be compiled at run time, at each start.</summary>
    private static bool HoldsBreak(string text)
    {
        foreach (var letter in text) if (letter is '\r' or '\n' or '\0') return true;
        return false;
    }

    /// <summary>No file format or message can hold half a surrogate pair.</summary>
    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }

        return true;
    }

    private static string Utc(DateTimeOffset instant) => $"{instant.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";
}
