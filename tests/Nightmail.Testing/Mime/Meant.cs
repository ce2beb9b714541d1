using Nightmail.Core.Emails;

namespace Nightmail.Testing.Mime;

/// <summary>Compares what was meant with what a reader understood.</summary>
public static class Meant
{
    /// <summary>
    /// Every difference, a line each; none when the reader got exactly what was meant: names, addresses, subject, extra headers, texts,
    /// and of every file its name, type and bytes. Line ends of texts count as one kind, and a missing last one does not count.
    /// </summary>
    public static IReadOnlyList<string> Differences(EmailContent meant, string from, ReadMail read)
    {
        var differences = new List<string>();
        if (read.Error is not null) return [read.Error];
        differences.AddRange(read.Defects);
        Compare("From", Mailboxes([from]), Mailboxes(read.From));
        Compare("To", Mailboxes(meant.To), Mailboxes(read.To));
        Compare("Cc", Mailboxes(meant.Cc), Mailboxes(read.Cc));
        Compare("Subject", meant.Subject, read.Subject);
        Compare("Bcc", "", string.Join('|', read.Headers.Where(field => field.Name.Contains("bcc", StringComparison.OrdinalIgnoreCase))));
        foreach (var field in meant.Headers) Compare(field.Name, field.Value, read.Header(field.Name) ?? "(none)");
        Compare("Text", Lines(meant.Text ?? (meant.Html is null ? "" : null)), Lines(TextOf("text/plain")));
        Compare("Html", Lines(meant.Html), Lines(TextOf("text/html")));
        Compare("Files", string.Join('\n', meant.Attachments.OrderBy(file => file.FileName, StringComparer.Ordinal).Select(Describe)),
            string.Join('\n', read.Parts.Where(part => part.FileName is not null).OrderBy(part => part.FileName, StringComparer.Ordinal).Select(Describe)));
        return differences;

        string? TextOf(string type) => read.Parts.FirstOrDefault(part => part.Type == type && part.FileName is null)?.Text;

        void Compare(string what, string? wanted, string? found)
        {
            if (wanted != found) differences.Add($"{what}: meant '{wanted}', read '{found}'");
        }
    }

    private static string Mailboxes(IEnumerable<string> mailboxes) => string.Join('|', mailboxes.Select(text =>
        Mailbox.TryParse(text, out var mailbox, out var error) ? $"{mailbox.DisplayName} <{mailbox.Address}>" : error));

    private static string Mailboxes(IEnumerable<ReadMailbox> mailboxes) => string.Join('|', mailboxes.Select(mailbox => $"{mailbox.Name} <{mailbox.Address}>"));

    private static string? Lines(string? text) => text?.ReplaceLineEndings("\n").TrimEnd('\n');

    private static string Describe(Attachment file) => $"{file.FileName} {file.Blob.Size} {file.Blob.Sha256} {(file.ContentId is null ? "attachment" : $"inline <{file.ContentId}>")}";

    private static string Describe(ReadPart part) => $"{part.FileName} {part.Size} {part.Sha256} {part.Disposition}{(part.ContentId is null ? "" : " " + part.ContentId)}";
}
