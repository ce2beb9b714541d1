using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Mail.Mime;

/// <summary>
/// Writes messages (RFC 5322, 2045 to 2049, 2231, 6532). What it composes is 7-bit throughout, in lines of at most 998 octets, and the
/// same bytes in every attempt. Attachments are streamed from the blob store whenever the message is written.
/// </summary>
/// <param name="blobs">Where attachments and complete messages lie.</param>
public sealed class MessageComposer(IBlobStore blobs) : IMessageComposer
{
    /// <summary>Characters of an ordinary header.</summary>
    private const int HeaderRoom = 1024;

    /// <summary>A header's room is not kept beyond this: one with a thousand recipients need not stay in memory.</summary>
    private const int HeaderKept = 16 * 1024;

    private readonly FileParts files = new(blobs);

    /// <summary>Where the last header was written; whoever composes takes it, so that two at once do not share it.</summary>
    private StringBuilder? spare;

    /// <inheritdoc/>
    public async ValueTask<IOutgoingMessage> ComposeAsync(ScheduledEmail email, MessageIdentity identity, CancellationToken cancellationToken)
    {
        var content = email.Content;
        if (content.Eml is { } eml) return await CompleteMessage.OpenAsync(blobs, eml, identity, cancellationToken);
        var header = Interlocked.Exchange(ref spare, null) ?? new(HeaderRoom);
        try
        {
            WriteHeader(header.Clear(), content, identity);
            if (PlainMessage.Of(content, header) is { } plain) return plain;
            var writer = new PartWriter();
            writer.Write(header.ToString());
            writer.Write("MIME-Version: 1.0\r\n");
            writer.Write(await BodyAsync(content, identity, cancellationToken));
            return new OutgoingMessage(writer.Finish(), is8Bit: false, needsSmtpUtf8: !IsAscii(header));
        }
        finally
        {
            if (header.Capacity <= HeaderKept) spare = header;
        }
    }

    private static void WriteHeader(StringBuilder header, EmailContent content, MessageIdentity identity)
    {
        if (content.Subject.AsSpan().ContainsAny('\r', '\n', '\0')) throw new MessageInvalidException("the subject holds a line break or NUL; write it in one line");
        if (!ExtraFields.Bring(content.Headers, "Date")) new FieldBuilder("Date", header).Word(InternetDate.Format(identity.Date)).End();
        new FieldBuilder("From", header).Mailboxes([Identities.From(identity)]).End();
        WriteMailboxes(header, "To", content.To);
        WriteMailboxes(header, "Cc", content.Cc);
        // Some servers write a To of their own, with everybody in it, into a message without any.
        if (content.To.Count == 0 && content.Cc.Count == 0) new FieldBuilder("To", header).Word("undisclosed-recipients:;").End();
        new FieldBuilder("Subject", header).Text(content.Subject).End();
        if (!ExtraFields.Bring(content.Headers, "Message-ID")) new FieldBuilder("Message-ID", header).Word(Identities.MessageId(identity)).End();
        foreach (var field in ExtraFields.Write(content.Headers)) header.Append(field);
    }

    private static void WriteMailboxes(StringBuilder header, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return;
        var mailboxes = new Mailbox[texts.Count];
        for (var index = 0; index < mailboxes.Length; index++) mailboxes[index] = Identities.Mailbox(texts[index], name, index + 1);
        new FieldBuilder(name, header).Mailboxes(mailboxes).End();
    }

    private static bool IsAscii(StringBuilder text)
    {
        foreach (var chunk in text.GetChunks())
        {
            if (!Ascii.IsValid(chunk.Span)) return false;
        }

        return true;
    }

    /// <summary>Text and HTML as alternatives, the HTML with what it shows, and all of it before the attachments.</summary>
    private async ValueTask<Part> BodyAsync(EmailContent content, MessageIdentity identity, CancellationToken cancellationToken)
    {
        var boundaries = new Boundaries(content, identity);
        var (html, ids) = ContentIds.Settle(content, boundaries);
        var inline = new List<Part>();
        var attached = new List<Part>();
        for (var index = 0; index < content.Attachments.Count; index++)
        {
            var shown = html is not null && ids[index] is not null;
            var part = await files.OfAsync(content.Attachments[index], shown ? ids[index] : null, cancellationToken);
            (shown ? inline : attached).Add(part);
        }

        var text = content.Text is null ? null : new Part.Text("plain", TextBody.Of(content.Text));
        var hypertext = html is null ? null : Join("related", new Part.Text("html", TextBody.Of(html)), inline);
        var body = (text, hypertext) switch
        {
            (null, null) => new Part.Text("plain", TextBody.Of("")),
            (null, _) => hypertext,
            (_, null) => text,
            _ => new Part.Multi("alternative", boundaries.Next(), [text, hypertext]),
        };
        return Join("mixed", body, attached);

        Part Join(string subtype, Part first, List<Part> rest) => rest.Count == 0 ? first : new Part.Multi(subtype, boundaries.Next(), [first, .. rest]);
    }
}
