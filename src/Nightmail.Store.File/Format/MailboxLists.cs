namespace Nightmail.Store.File.Format;

/// <summary>Lists of mailboxes that somebody wrote as one string.</summary>
internal static class MailboxLists
{
    /// <summary>The mailboxes of a string, as worded: cut at commas that stand outside quotes, comments and angle brackets.</summary>
    public static IReadOnlyList<string> Split(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) return [];
        if (!text.Contains(',', StringComparison.Ordinal)) return [text.Trim()];
        var parts = new List<string>();
        var (start, depth, quoted) = (0, 0, false);
        for (var index = 0; index < text.Length; index++)
        {
            var character = text[index];
            if (character == '\\' && (quoted || depth > 0)) index++;
            else if (character == '"') quoted = !quoted;
            else if (quoted) continue;
            else if (character is '(' or '<') depth++;
            else if (character is ')' or '>') depth--;
            else if (character == ',' && depth <= 0)
            {
                Add(parts, text[start..index]);
                start = index + 1;
            }
        }

        Add(parts, text[start..]);
        return parts;
    }

    /// <summary>True when <see cref="Split"/> gives back exactly this one mailbox.</summary>
    public static bool IsPlain(string mailbox) => mailbox.Length > 0 && Split(mailbox) is [var only] && only == mailbox;

    private static void Add(List<string> parts, string part)
    {
        var trimmed = part.Trim();
        if (trimmed.Length > 0) parts.Add(trimmed);
    }
}
