using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime;

namespace Nightmail.Cli.Editing;

/// <summary>Edits a complete message as its own bytes, below a line with its time.</summary>
internal sealed class CompleteEdit(ScheduledEmail email, BlobRef eml, string sendAt, IBlobStore blobs) : MessageEdit
{
    private static readonly byte[] TimeField = Encoding.ASCII.GetBytes($"{EditableText.SendAt}:");
    private byte[] original = [];

    /// <inheritdoc/>
    public override async Task<byte[]> WriteAsync(CancellationToken cancellationToken)
    {
        await using var source = blobs.Open(eml);
        using var message = new MemoryStream();
        await source.CopyToAsync(message, cancellationToken);
        original = message.ToArray();

        // The line ends as the message's own lines do, or an editor would show one of them wrongly.
        var first = original.AsSpan().IndexOf((byte)'\n');
        var end = first > 0 && original[first - 1] == '\r' ? "\r\n" : "\n";
        return [.. TimeField, .. Encoding.UTF8.GetBytes($" {sendAt}{end}"), .. original];
    }

    /// <inheritdoc/>
    public override EditedMessage Read(byte[] bytes)
    {
        var (time, message) = TakeTime(bytes);
        var before = Header(original);
        var after = Header(message);
        if (after.MessageId != before.MessageId) throw new FormatException("the Message-ID cannot be changed: it is the email's for ever; put it back");
        var readdressed = !(Same(before.To, after.To) && Same(before.Cc, after.Cc) && Same(before.Bcc, after.Bcc));
        var content = email.Content with
        {
            From = after.From.Count > 0 ? after.From[0].ToString() : null,
            Subject = Printing.Printable.OneLine(after.Subject),
            Eml = new("", message.Length),
        };

        // Recipients that were given beside the message stay; who changes those in its header means them.
        if (readdressed) content = content with { To = Worded(after.To), Cc = Worded(after.Cc), Bcc = Worded(after.Bcc) };
        return message.AsSpan().SequenceEqual(original)
            ? new(email.Content, Changed(time))
            : new(content, Changed(time)) { Complete = message };
    }

    private string? Changed(string? time) => time is { Length: > 0 } && time != sendAt ? time : null;

    private static (string? Time, byte[] Message) TakeTime(byte[] bytes)
    {
        for (var start = 0; start < bytes.Length;)
        {
            var length = bytes.AsSpan(start).IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : bytes.Length - start;
            var line = bytes.AsSpan(start, length);
            if (line.Trim("\r\n"u8).Length == 0) break;
            if (line.Length >= TimeField.Length && Ascii.EqualsIgnoreCase(line[..TimeField.Length], TimeField))
                return (Encoding.UTF8.GetString(line[TimeField.Length..]).Trim(), [.. bytes.AsSpan(0, start), .. bytes.AsSpan(start + length)]);
            start += length;
        }

        return (null, bytes);
    }

    private static EmlHeader Header(byte[] message)
    {
        using var stream = new MemoryStream(message, writable: false);
        try
        {
            return EmlReader.ReadHeader(stream);
        }
        catch (MessageInvalidException invalid)
        {
            throw new FormatException(invalid.Message, invalid);
        }
    }

    private static bool Same(IReadOnlyList<Mailbox> one, IReadOnlyList<Mailbox> other) => one.SequenceEqual(other);

    private static IReadOnlyList<string> Worded(IReadOnlyList<Mailbox> mailboxes) => [.. mailboxes.Select(mailbox => mailbox.ToString())];
}
