using System.Buffers;

namespace Nightmail.Core.Emails;

/// <summary>
/// Reads the mailboxes that nearly all are, <c>ada@example.org</c> and <c>Ada Lovelace &lt;ada@example.org&gt;</c> in plain ASCII, as
/// <see cref="MailboxParser"/> does but without a token for each word. Whatever is not as plain as that it leaves to the parser.
/// </summary>
internal static class PlainMailbox
{
    private const int MaxLabel = 63;
    private static readonly SearchValues<char> Atoms = SearchValues.Create("!#$%&'*+-/0123456789=?ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~");
    private static readonly SearchValues<char> Labels = SearchValues.Create("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    /// <summary>The mailbox, or null where the parser has to look.</summary>
    public static Mailbox? Read(string text)
    {
        if (text.Length > Mailbox.MaxLocalPart + DomainName.MaxDomain) return null;
        var address = text.AsSpan();
        var name = "";
        if (text.Length > 0 && text[^1] == '>')
        {
            var open = text.IndexOf('<', StringComparison.Ordinal);
            if (open < 2 || text[open - 1] != ' ' || !AreParts(address[..(open - 1)], ' ', Atoms)) return null;
            name = text[..(open - 1)];
            address = address[(open + 1)..^1];
        }

        var at = address.IndexOf('@');
        if (at is < 1 or > Mailbox.MaxLocalPart || !AreParts(address[..at], '.', Atoms)) return null;
        var domain = address[(at + 1)..];
        return domain.Length <= DomainName.MaxDomain && AreParts(domain, '.', Labels) && AreLabels(domain) ? new(name, address[..at].ToString(), domain.ToString()) : null;
    }

    /// <summary>True for parts of these characters, none of them empty, with one separator between each two.</summary>
    private static bool AreParts(ReadOnlySpan<char> text, char separator, SearchValues<char> characters)
    {
        while (true)
        {
            var end = text.IndexOf(separator);
            var part = end < 0 ? text : text[..end];
            if (part.IsEmpty || part.ContainsAnyExcept(characters)) return false;
            if (end < 0) return true;
            text = text[(end + 1)..];
        }
    }

    private static bool AreLabels(ReadOnlySpan<char> domain)
    {
        foreach (var range in domain.Split('.'))
        {
            var label = domain[range];
            if (label.Length > MaxLabel || label[0] == '-' || label[^1] == '-') return false;
        }

        return true;
    }
}
