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
    private readonly FileParts files = new(blobs);

    /// <inheritdoc/>
    public async ValueTask<IOutgoingMessage> ComposeAsync(ScheduledEmail email, MessageIdentity identity, CancellationToken cancellationToken)
    {
        var content = email.Content;
        if (content.Eml is { } eml) return await CompleteMessage.OpenAsync(blobs, eml, identity, cancellationToken);
        var writer = new PartWriter();
        var header = Header(content, identity);
        writer.Write(header);
        writer.Write("MIME-Version: 1.0\r\n");
        writer.Write(await BodyAsync(content, identity, cancellationToken));
        return new OutgoingMessage(writer.Finish(), is8Bit: false, needsSmtpUtf8: !Ascii.IsValid(header));
    }

    private static string Header(EmailContent content, MessageIdentity identity)
    {
        if (content.Subject.AsSpan().ContainsAny('\r', '\n', '\0')) throw new MessageInvalidException("the subject holds a line break or NUL; write it in one line");
        var header = new StringBuilder();
        if (!ExtraFields.Bring(content.Headers, "Date")) Add(new FieldBuilder("Date").Word(InternetDate.Format(identity.Date)));
        Add(new FieldBuilder("From").Mailboxes([Identities.From(identity)]));
        AddMailboxes("To", content.To);
        AddMailboxes("Cc", content.Cc);
        // Some servers write a To of their own, with everybody in it, into a message without any.
        if (content.To.Count == 0 && content.Cc.Count == 0) Add(new FieldBuilder("To").Word("undisclosed-recipients:;"));
        Add(new FieldBuilder("Subject").Text(content.Subject));
        if (!ExtraFields.Bring(content.Headers, "Message-ID")) Add(new FieldBuilder("Message-ID").Word(Identities.MessageId(identity)));
        foreach (var field in ExtraFields.Write(content.Headers)) header.Append(field);
        return header.ToString();

        void Add(FieldBuilder field) => header.Append(field.Finish());

        void AddMailboxes(string name, IReadOnlyList<string> mailboxes)
        {
            if (mailboxes.Count > 0) Add(new FieldBuilder(name).Mailboxes([.. mailboxes.Select((text, index) => Identities.Mailbox(text, $"{name} {index + 1}"))]));
        }
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
