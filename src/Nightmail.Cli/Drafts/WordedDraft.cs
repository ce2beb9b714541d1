using Nightmail.Core.Emails;
using Nightmail.Mail.Mime;

namespace Nightmail.Cli.Drafts;

/// <summary>A message that is worded by options.</summary>
internal sealed class WordedDraft : Draft
{
    private readonly EmailContent content;
    private readonly List<FileStream> attachments;

    private WordedDraft(EmailContent content, List<FileStream> attachments)
    {
        this.content = content;
        this.attachments = attachments;
    }

    /// <inheritdoc/>
    public override EmailContent Content => content;

    /// <summary>Reads the message that the options word.</summary>
    public static async Task<Draft> ReadAsync(MessageWords words, Session session, CancellationToken cancellationToken)
    {
        var html = words.Html is { } file ? await InputFiles.ReadTextAsync(file, "--html", session.Surroundings, cancellationToken) : null;
        var text = words.Body ?? (words.BodyFile is { } body ? await InputFiles.ReadTextAsync(body, "--body-file", session.Surroundings, cancellationToken) : null);
        if (words.IsMarkdown) html = MarkdownBody.ToHtml(text ?? "");
        var content = new EmailContent
        {
            From = words.From is { } from ? MailboxWords.Read([from], "--from")[0] : null,
            To = MailboxWords.Read(words.To, "--to"),
            Cc = MailboxWords.Read(words.Cc, "--cc"),
            Bcc = MailboxWords.Read(words.Bcc, "--bcc"),
            Subject = words.Subject ?? "",
            Text = text ?? (html is null ? "" : null),
            Html = html,
            Headers = [.. words.Headers.Select(Header)],
        };
        var files = OpenAll(words.Attachments);

        // The sizes are known, so that what is too large is refused before anything is kept; the hashes come with the keeping.
        return new WordedDraft(content with { Attachments = Named(html, files.Select(file => new BlobRef("", file.Length)), files) }, files);
    }

    /// <inheritdoc/>
    public override async Task<EmailContent> KeepFilesAsync(Session session, CancellationToken cancellationToken)
    {
        var blobs = new List<BlobRef>();
        foreach (var file in attachments) blobs.Add(await session.Blobs.AddAsync(file, cancellationToken));
        return content with { Attachments = Named(content.Html, blobs, attachments) };
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        foreach (var file in attachments) await file.DisposeAsync();
    }

    private static IReadOnlyList<Attachment> Named(string? html, IEnumerable<BlobRef> blobs, List<FileStream> files) =>
        InlineParts.Assign(html, [.. files.Zip(blobs, (file, blob) => new Attachment(Path.GetFileName(file.Name), blob))]);

    private static List<FileStream> OpenAll(IReadOnlyList<string> paths)
    {
        var opened = new List<FileStream>();
        try
        {
            foreach (var path in paths) opened.Add(InputFiles.Open(path, "--attach"));
            return opened;
        }
        catch
        {
            opened.ForEach(file => file.Dispose());
            throw;
        }
    }

    private static HeaderField Header(string field)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0) throw CommandFailure.Usage($"--header '{field}' has no name and value; write --header \"X-Name: value\"");
        return new(field[..colon], field[(colon + 1)..].TrimStart(' '));
    }
}
