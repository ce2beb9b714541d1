using System.Buffers;
using System.Net;
using Nightmail.Core.Emails;

namespace Nightmail.Mail.Mime;

/// <summary>Finds the attachments that an HTML text shows in itself.</summary>
public static class InlineParts
{
    private const string Scheme = "cid:";
    private static readonly SearchValues<char> Ends = SearchValues.Create(" \t\r\n)>\"'");

    /// <summary>
    /// The attachments, where one whose file name the HTML refers to as <c>cid:NAME</c> (as it is, percent-encoded or with HTML
    /// entities) has become an inline part: its <see cref="Attachment.ContentId"/> is the name as the HTML words it. The first of
    /// several with one name is meant; one that has a content id keeps it.
    /// </summary>
    public static IReadOnlyList<Attachment> Assign(string? html, IReadOnlyList<Attachment> attachments)
    {
        if (html is null || attachments.Count == 0) return attachments;
        var assigned = attachments.ToList();
        foreach (var wording in References(html).Distinct(StringComparer.Ordinal))
        {
            var decoded = WebUtility.HtmlDecode(wording);
            var unescaped = Uri.UnescapeDataString(decoded);
            if (assigned.Exists(attachment => attachment.ContentId == wording)) continue;
            var index = assigned.FindIndex(attachment => attachment.ContentId is null
                && (attachment.FileName == wording || attachment.FileName == decoded || attachment.FileName == unescaped));
            if (index >= 0) assigned[index] = assigned[index] with { ContentId = wording };
        }

        return assigned;
    }

    /// <summary>What stands behind each <c>cid:</c>, up to the quote that opened before it, or up to a blank or bracket where none did.</summary>
    private static IEnumerable<string> References(string html)
    {
        for (var at = html.IndexOf(Scheme, StringComparison.OrdinalIgnoreCase); at >= 0; at = html.IndexOf(Scheme, at + Scheme.Length, StringComparison.OrdinalIgnoreCase))
        {
            var start = at + Scheme.Length;
            var quote = at > 0 && html[at - 1] is '"' or '\'' ? html[at - 1] : '\0';
            // A name is short: the limit keeps hostile HTML from costing quadratic time.
            var rest = html.AsSpan(start, Math.Min(html.Length - start, 1_000));
            var length = quote != '\0' ? rest.IndexOf(quote) : rest.IndexOfAny(Ends);
            if (length < 0) length = quote == '\0' && rest.Length < 1_000 ? rest.Length : 0;
            if (length > 0) yield return rest[..length].ToString();
        }
    }
}
