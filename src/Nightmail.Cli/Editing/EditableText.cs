using System.Text;
using Nightmail.Core.Emails;

namespace Nightmail.Cli.Editing;

/// <summary>
/// An email as text that a person can edit: header fields in plain UTF-8, an empty line, the text, and below a marker line the HTML.
/// What is written and read back unchanged gives the same email, to the byte.
/// </summary>
/// <param name="Fields">The header fields in order, unfolded.</param>
/// <param name="Text">The text, its lines ended by LF.</param>
/// <param name="Html">The HTML; null: there is none.</param>
internal sealed record EditableText(IReadOnlyList<HeaderField> Fields, string Text, string? Html)
{
    /// <summary>The field with the time.</summary>
    public const string SendAt = "X-Send-At";

    /// <summary>The field that names what is attached; only read by people.</summary>
    public const string Attached = "X-Attached";

    /// <summary>The field that says which line the HTML begins below.</summary>
    public const string HtmlBelow = "X-Html-Below";

    private static readonly string[] Known = ["To", "Cc", "Bcc", "Subject", "From", SendAt, Attached, HtmlBelow];

    /// <summary>The email as text.</summary>
    /// <param name="content">What it says.</param>
    /// <param name="sendAt">Its time, in words that are read back as the same.</param>
    public static EditableText Of(EmailContent content, string sendAt) => new(
        [
            new("To", string.Join(", ", content.To)),
            new("Cc", string.Join(", ", content.Cc)),
            new("Bcc", string.Join(", ", content.Bcc)),
            new("Subject", content.Subject),
            new("From", content.From ?? ""),
            new(SendAt, sendAt),
            .. content.Headers,
            .. content.Attachments.Select(attachment => new HeaderField(Attached, $"{attachment.FileName} ({attachment.Blob.Size} bytes), stays attached")),
        ],
        Lines(content.Text ?? ""),
        content.Html is { } html ? Lines(html) : null);

    /// <summary>The value of a field; null: it is not there.</summary>
    public string? this[string name] => Fields.FirstOrDefault(each => Is(each, name))?.Value;

    /// <summary>The fields that the message has besides those every email has.</summary>
    public IReadOnlyList<HeaderField> Extra => [.. Fields.Where(each => !Known.Any(name => Is(each, name)))];

    /// <summary>All of it, for a file.</summary>
    public string Write()
    {
        var text = new StringBuilder();
        foreach (var field in Fields) text.Append(field.Name).Append(field.Value.Length > 0 ? ": " : ":").Append(field.Value).Append('\n');
        var marker = Html is null ? null : Marker();
        if (marker is not null) text.Append(HtmlBelow).Append(": ").Append(marker).Append('\n');
        text.Append('\n').Append(Text);
        if (Text.Length > 0 && Text[^1] != '\n') text.Append('\n');
        if (marker is null) return text.ToString();
        text.Append(marker).Append('\n').Append(Html);
        if (Html!.Length > 0 && Html[^1] != '\n') text.Append('\n');
        return text.ToString();
    }

    /// <summary>Reads a file back.</summary>
    /// <exception cref="FormatException">It is no such text; the message names the line.</exception>
    public static EditableText Read(string file)
    {
        var lines = Lines(file).Split('\n');
        var fields = new List<HeaderField>();
        var at = 0;
        for (; at < lines.Length && lines[at].Length > 0; at++)
        {
            var line = lines[at];
            if (line[0] is ' ' or '\t' && fields.Count > 0)
            {
                // A folded line goes on with the field before it.
                fields[^1] = fields[^1] with { Value = $"{fields[^1].Value} {line.Trim()}".Trim() };
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0) throw new FormatException($"line {at + 1} is no header field; write \"Name: value\", and an empty line before the text");
            var name = line[..colon].TrimEnd();
            if (Known.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } once && once != Attached && fields.Any(field => Is(field, name)))
                throw new FormatException($"line {at + 1}: {once} stands here a second time; put everything into one field");
            fields.Add(new(name, line[(colon + 1)..].Trim()));
        }

        var body = at < lines.Length ? string.Join('\n', lines[(at + 1)..]) : "";
        return fields.FirstOrDefault(field => Is(field, HtmlBelow)) is { } below ? Parted(fields, body, below.Value) : new(fields, body, null);
    }

    private static EditableText Parted(List<HeaderField> fields, string body, string marker)
    {
        var start = $"\n{body}".IndexOf($"\n{marker}\n", StringComparison.Ordinal);
        if (start < 0) throw new FormatException($"the line \"{marker}\" that parts the text from the HTML is missing; put it back, or take out the field {HtmlBelow} together with the HTML");
        return new(fields, body[..start], body[(start + marker.Length + 1)..]);
    }

    // A line that the text does not have.
    private string Marker()
    {
        var marker = "----- HTML -----";
        while ($"\n{Text}\n".Contains($"\n{marker}\n", StringComparison.Ordinal)) marker = $"-{marker}-";
        return marker;
    }

    private static string Lines(string text) => text.ReplaceLineEndings("\n");

    private static bool Is(HeaderField field, string name) => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}
