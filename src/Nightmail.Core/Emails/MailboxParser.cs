using System.Globalization;
using System.Text;

namespace Nightmail.Core.Emails;

/// <summary>
/// Reads the address grammar of RFC 5322 section 3.4 in one pass from left to right. Of the obsolete forms it takes names with dots
/// (<c>John Q. Public</c>), local parts that mix atoms and quoted strings, and empty places in lists; source routes and blanks around
/// the dots of an address are refused, because there they are slips (<c>Dr. ada@example.org</c>).
/// </summary>
internal sealed class MailboxParser(string text)
{
    private readonly AddressScanner scanner = new(text);

    /// <summary>The one mailbox that is all of the text, or null and why not.</summary>
    public Mailbox? Single(out string? error)
    {
        var mailbox = scanner.AllowedThroughout() ? ReadMailbox(groupsToo: false, out _) : null;
        if (mailbox is not null && !scanner.AtEnd) Fail("the end");
        error = scanner.Failure;
        return error is null ? mailbox : null;
    }

    /// <summary>The mailboxes of the list that is all of the text, or null and why not.</summary>
    public List<Mailbox>? List(out string? error)
    {
        var mailboxes = new List<Mailbox>();
        if (scanner.AllowedThroughout()) ReadList(mailboxes);
        error = scanner.Failure;
        return error is null ? mailboxes : null;
    }

    private void ReadList(List<Mailbox> mailboxes)
    {
        var inGroup = false;
        var any = false;
        while (scanner.SkipBlanksAndComments() && !scanner.AtEnd)
        {
            if (scanner.Next == ',')
            {
                scanner.Position++;
                continue;
            }

            if (inGroup && scanner.Next == ';')
            {
                scanner.Position++;
                inGroup = false;
                if (scanner.SkipBlanksAndComments() && scanner.Next is not (',' or '\0')) Fail("a comma or the end");
                if (scanner.Failure is not null) return;
                continue;
            }

            var mailbox = ReadMailbox(groupsToo: !inGroup, out var opensGroup);
            if (scanner.Failure is not null) return;
            any = true;
            inGroup |= opensGroup;
            if (mailbox is null) continue;
            mailboxes.Add(mailbox);
            if (scanner.Next is not (',' or '\0') && !(inGroup && scanner.Next == ';')) Fail(inGroup ? "a comma or ';'" : "a comma or the end");
            if (scanner.Failure is not null) return;
        }

        if (scanner.Failure is not null) return;
        if (inGroup) Fail("';' at the end of the group");
        else if (!any) Fail("an address");
    }

    /// <summary>Reads a mailbox, or (null, opensGroup) the name and colon of a group. Blanks and comments after it are passed over.</summary>
    private Mailbox? ReadMailbox(bool groupsToo, out bool opensGroup)
    {
        opensGroup = false;
        scanner.ReadWords();
        if (scanner.Failure is not null) return null;
        switch (scanner.Next)
        {
            case '@' when scanner.Words.Count > 0:
                return ReadAddress("", closing: null);
            case '<':
                var name = Name();
                scanner.Position++;
                scanner.ReadWords();
                if (scanner.Failure is not null) return null;
                if (scanner.Words.Count == 0) return Fail(scanner.Next == '@' ? "the local part of an address, not a source route" : "the local part of an address");
                if (scanner.Next != '@') return Fail("'@'");
                return ReadAddress(name, closing: '>');
            case ':' when groupsToo && scanner.Words.Count > 0:
                scanner.Position++;
                opensGroup = true;
                return null;
            case ':' when scanner.Words.Count > 0:
                return Fail("one mailbox, not a group");
            default:
                return Fail(scanner.Words.Count > 0 ? "'@' or '<'" : "an address");
        }
    }

    private Mailbox? ReadAddress(string name, char? closing)
    {
        var localPart = LocalPart();
        if (localPart is null) return null;
        scanner.Position++;
        var domain = ReadDomain();
        if (domain is null || !scanner.SkipBlanksAndComments()) return null;
        if (closing is { } bracket)
        {
            if (scanner.Next != bracket) return Fail($"'{bracket}'");
            scanner.Position++;
            if (!scanner.SkipBlanksAndComments()) return null;
        }
        else if (scanner.Next == '<')
        {
            return Fail("a comma or the end; a name that holds '@' stands in double quotes");
        }

        return new Mailbox(name, localPart, domain);
    }

    private string? ReadDomain()
    {
        if (!scanner.SkipBlanksAndComments()) return null;
        var start = scanner.Position;
        if (scanner.Next == '[') return ReadLiteral();
        var labelStart = scanner.Position;
        while (!scanner.AtEnd)
        {
            if (scanner.Next == '.')
            {
                if (!EndsLabel(labelStart)) return null;
                labelStart = ++scanner.Position;
                continue;
            }

            Rune.DecodeFromUtf16(text.AsSpan(scanner.Position), out var rune, out var length);
            if (!DomainName.IsLabelCharacter(rune)) break;
            scanner.Position += length;
        }

        // What stands directly behind a label and cannot end an address is a wrong character of the domain.
        if (scanner.Next is not ('\0' or ' ' or '\t' or ',' or ';' or '>' or '(' or '<' or '@' or ':'))
            return scanner.Fail(scanner.Position == labelStart ? "a letter or digit" : "a letter, a digit or the end of the domain");
        if (!EndsLabel(labelStart)) return null;
        var domain = text[start..scanner.Position];
        if (DomainName.TryToAscii(domain, out _)) return domain;
        scanner.Position = start;
        return scanner.Fail($"a domain of at most {DomainName.MaxDomain} octets with labels of at most 63");
    }

    private bool EndsLabel(int labelStart)
    {
        if (scanner.Position == labelStart)
        {
            Fail("a letter or digit of the domain");
            return false;
        }

        if (text[labelStart] != '-' && text[scanner.Position - 1] != '-') return true;
        if (text[labelStart] == '-') scanner.Position = labelStart;
        else scanner.Position--;
        Fail("a letter or digit; a part of a domain neither starts nor ends with a hyphen");
        return false;
    }

    private string? ReadLiteral()
    {
        var literal = new StringBuilder("[");
        for (scanner.Position++; scanner.Next is > ' ' and < '\u007f' and not ('[' or '\\' or ']') or ' '; scanner.Position++)
        {
            if (scanner.Next != ' ') literal.Append(scanner.Next);
        }

        if (scanner.Next != ']') return scanner.Fail("']'");
        if (literal.Length == 1) return scanner.Fail("an address literal such as 192.0.2.1 or IPv6:2001:db8::1");
        scanner.Position++;
        if (literal.Length < DomainName.MaxDomain) return literal.Append(']').ToString();
        return scanner.Fail($"a domain of at most {DomainName.MaxDomain} octets");
    }

    private string Name()
    {
        var name = new StringBuilder();
        foreach (var word in scanner.Words)
        {
            if (word.Apart && name.Length > 0) name.Append(' ');
            name.Append(word.Text);
        }

        // A tab has no business in a name, and folding could not keep it.
        return name.Replace('\t', ' ').ToString();
    }

    private string? LocalPart()
    {
        var wantsWord = true;
        for (var index = 0; index < scanner.Words.Count; index++)
        {
            var word = scanner.Words[index];
            if (index > 0 && word.Apart) return scanner.FailAt(word.Start, "'@' or '<'; an address has no blanks around its dots");
            if (wantsWord == (word.Kind == WordKind.Dot)) return scanner.FailAt(word.Start, wantsWord ? "a letter, not a dot; or quote the part before the '@'" : "a dot or '@'");
            wantsWord = !wantsWord;
        }

        if (wantsWord) return scanner.Fail("a letter after the dot; or quote the part before the '@'");
        var start = scanner.Words[0].Start;
        var localPart = string.Concat(scanner.Words.Select(word => word.Text));
        if (Encoding.UTF8.GetByteCount(localPart) > Mailbox.MaxLocalPart) return scanner.FailAt(start, $"a local part of at most {Mailbox.MaxLocalPart} octets");
        for (var index = 0; index < localPart.Length;)
        {
            Rune.DecodeFromUtf16(localPart.AsSpan(index), out var rune, out var length);
            if (IsInvisible(rune)) return scanner.FailAt(start, $"a local part without invisible characters (U+{rune.Value:X4})");
            index += length;
        }

        return localPart;
    }

    /// <summary>Blanks other than the plain one, and marks that change how the text around them looks: copied by accident or to deceive.</summary>
    private static bool IsInvisible(Rune rune) => rune.Value != ' ' && rune.Value is not (0x200c or 0x200d) && Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Control or UnicodeCategory.Format;

    private Mailbox? Fail(string expected)
    {
        scanner.Fail(expected);
        return null;
    }
}
