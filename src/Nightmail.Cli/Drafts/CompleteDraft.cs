using Nightmail.Cli.Printing;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Mime;

namespace Nightmail.Cli.Drafts;

/// <summary>A complete RFC 5322 message; its bytes are kept.</summary>
internal sealed class CompleteDraft : Draft
{
    private readonly EmailContent content;
    private readonly byte[] bytes;

    private CompleteDraft(EmailContent content, string? messageId, byte[] bytes)
    {
        this.content = content;
        this.bytes = bytes;
        MessageId = messageId;
    }

    /// <inheritdoc/>
    public override EmailContent Content => content;

    /// <inheritdoc/>
    public override string? MessageId { get; }

    /// <summary>Reads the message. Recipients that are given by options take the place of those that its header names.</summary>
    public static async Task<Draft> ReadAsync(MessageWords words, Session session, CancellationToken cancellationToken)
    {
        var name = $"--eml {words.Eml}";
        var bytes = await InputFiles.ReadAsync(words.Eml!, "--eml", InputFiles.MaxMessageSize, session.Surroundings, cancellationToken);
        if (bytes.Length == 0) throw CommandFailure.Refused($"{name}: it is empty");
        try
        {
            using var message = new MemoryStream(bytes, writable: false);
            var header = EmlReader.ReadHeader(message);
            var asked = words.To.Count + words.Cc.Count + words.Bcc.Count > 0;
            var content = new EmailContent
            {
                From = header.From.Count > 0 ? header.From[0].ToString() : null,
                To = asked ? MailboxWords.Read(words.To, "--to") : Worded(header.To),
                Cc = asked ? MailboxWords.Read(words.Cc, "--cc") : Worded(header.Cc),
                Bcc = asked ? MailboxWords.Read(words.Bcc, "--bcc") : Worded(header.Bcc),
                Subject = Printable.OneLine(header.Subject),
                Eml = new("", bytes.Length),
            };
            if (!content.AllMailboxes.Any()) throw CommandFailure.Refused($"{name}: its header names no recipient; give one with --to");
            return new CompleteDraft(content, header.MessageId, bytes);
        }
        catch (MessageInvalidException invalid)
        {
            throw CommandFailure.Refused($"{name}: {invalid.Message}");
        }
    }

    /// <inheritdoc/>
    public override async Task<EmailContent> KeepFilesAsync(Session session, CancellationToken cancellationToken)
    {
        using var message = new MemoryStream(bytes, writable: false);
        return content with { Eml = await session.Blobs.AddAsync(message, cancellationToken) };
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static IReadOnlyList<string> Worded(IReadOnlyList<Mailbox> mailboxes) => [.. mailboxes.Select(mailbox => mailbox.ToString())];
}
