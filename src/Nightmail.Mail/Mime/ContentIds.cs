using Nightmail.Core.Emails;

namespace Nightmail.Mail.Mime;

/// <summary>The names by which HTML refers to the parts it shows (RFC 2392).</summary>
internal static class ContentIds
{
    private static readonly System.Buffers.SearchValues<char> Safe =
        System.Buffers.SearchValues.Create("-.0123456789@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz+");

    /// <summary>
    /// The HTML and the content id of every attachment, in order. A name that a Content-ID cannot hold as it stands (blanks, letters
    /// beyond ASCII, percent signs) is replaced, there and in the HTML, by one that it can.
    /// </summary>
    public static (string? Html, IReadOnlyList<string?> Ids) Settle(EmailContent content, Boundaries boundaries)
    {
        var ids = content.Attachments.Select(attachment => attachment.ContentId).ToArray();
        var html = content.Html;
        // The longest first, so that a name that begins like another is not cut in two.
        foreach (var unsafeId in ids.OfType<string>().Where(id => !IsSafe(id)).Distinct().OrderByDescending(id => id.Length).ToList())
        {
            var id = boundaries.Next().Replace('=', 'p') + "@nightmail";
            html = unsafeId.Length == 0 ? html : html?.Replace("cid:" + unsafeId, "cid:" + id, StringComparison.Ordinal);
            for (var index = 0; index < ids.Length; index++)
            {
                if (ids[index] == unsafeId) ids[index] = id;
            }
        }

        return (html, ids);
    }

    private static bool IsSafe(string id) => id.Length is > 0 and <= 200 && !id.AsSpan().ContainsAnyExcept(Safe);
}
