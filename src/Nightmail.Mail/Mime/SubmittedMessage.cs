using System.Buffers;
using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Mail.Mime;

/// <summary>A message that a program handed over, made complete.</summary>
/// <param name="Bytes">The message.</param>
/// <param name="SendAt">What its header said of the time to send, as worded; null: nothing. It is no longer in it.</param>
/// <param name="SendAtDate">The same where it is written as a Date is.</param>
public sealed record Submission(byte[] Bytes, string? SendAt, DateTimeOffset? SendAtDate);

/// <summary>
/// Makes a complete message of what a program hands to <c>sendmail</c>: such programs leave out header, sender or the domain of local
/// users, and name the time to send in fields of their own. Everything else keeps its bytes.
/// </summary>
public static class SubmittedMessage
{
    private static readonly string[] TimeFields = ["X-Send-At", "Deferred-Delivery"];
    private static readonly string[] AddressFields = ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"];

    /// <summary>The message as it is to be kept.</summary>
    /// <param name="message">The bytes that came.</param>
    /// <param name="domain">What is added to addresses that have none.</param>
    /// <param name="to">The recipients of a message that has no header at all, for its To.</param>
    /// <param name="sender">What a local user, who had no domain, may send as.</param>
    /// <exception cref="MessageInvalidException">Its header cannot be read.</exception>
    public static Submission Complete(byte[] message, string domain, IReadOnlyList<string> to, Func<Mailbox, Mailbox> sender)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(sender);
        if (!HasHeader(message)) message = [.. Encoding.UTF8.GetBytes(to.Count == 0 ? "Subject: \r\n\r\n" : $"To: {string.Join(", ", to)}\r\n\r\n"), .. message];
        var scanner = new HeaderScanner();
        scanner.Add(message);
        var section = scanner.Finish();
        var whole = new ArrayBufferWriter<byte>(message.Length + 256);
        var sendAt = TimeFields.SelectMany(section.Named).Select(field => field.Value).FirstOrDefault(value => value.Length > 0);
        foreach (var field in section.Fields)
        {
            if (TimeFields.Any(field.Is)) continue;
            if (AddressFields.Any(field.Is) && Qualified(field, domain, sender) is { } value) whole.Write(Encoding.UTF8.GetBytes($"{field.Name}: {value}\r\n"));
            else whole.Write(field.Raw.Span);
        }

        whole.Write("\r\n"u8);
        whole.Write(message.AsSpan((int)section.BodyOffset));
        return new(whole.WrittenSpan.ToArray(), sendAt, sendAt is not null && InternetDate.TryParse(sendAt, out var date) ? date : null);
    }

    /// <summary>The message up to a line with a single dot, by which old programs end it.</summary>
    public static byte[] UpToDot(byte[] message)
    {
        ArgumentNullException.ThrowIfNull(message);
        for (var start = 0; start < message.Length;)
        {
            var end = Array.IndexOf(message, (byte)'\n', start) is >= 0 and var found ? found + 1 : message.Length;
            if (message.AsSpan(start, end - start).TrimEnd("\r\n"u8).SequenceEqual("."u8)) return message[..start];
            start = end;
        }

        return message;
    }

    /// <summary>A mailbox with the domain where it has none; null when it is none even so.</summary>
    public static string? Qualify(string mailbox, string domain)
    {
        if (Mailbox.TryParse(mailbox, out _, out _)) return mailbox.Trim();
        var text = mailbox.Trim();
        // "root (Cron Daemon)" and "Cron <root>" as well as "root".
        var (name, user) = ("", text);
        if (text.EndsWith(')') && text.IndexOf(" (", StringComparison.Ordinal) is > 0 and var open) (name, user) = (text[(open + 2)..^1], text[..open]);
        else if (text.EndsWith('>') && text.IndexOf('<', StringComparison.Ordinal) is >= 0 and var angle) (name, user) = (text[..angle].Trim(' ', '"'), text[(angle + 1)..^1]);
        return Mailbox.TryParse($"{user}@{domain}", out var found, out _) ? (found with { DisplayName = name }).ToString() : null;
    }

    private static string? Qualified(RawField field, string domain, Func<Mailbox, Mailbox> sender)
    {
        var value = field.Value;
        if (value.Length == 0 || Mailbox.TryParseList(value, out _, out _)) return null;
        var parts = value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part => Qualify(part, domain)).ToList();
        // What is not understood stays as it is, and whoever reads it says where it is wrong.
        if (parts.Contains(null)) return null;
        return field.Is("From") && Mailbox.TryParse(parts[0]!, out var user, out _) ? sender(user).ToString() : string.Join(", ", parts);
    }

    /// <summary>True when the message begins with a field; text alone has no header.</summary>
    private static bool HasHeader(byte[] message)
    {
        var text = message.AsSpan();
        if (text.StartsWith("From "u8) || text.StartsWith(">From "u8)) return true;
        var end = text.IndexOf((byte)'\n') is >= 0 and var found ? found : text.Length;
        var colon = text[..end].IndexOf((byte)':');
        return colon > 0 && !text[..colon].TrimEnd(" \t"u8).ContainsAnyExceptInRange((byte)'!', (byte)'~');
    }
}
