using System.Globalization;
using System.Text;

namespace Nightmail.Core.Emails;

/// <summary>
/// Reads the address grammar of RFC 5322 section 3.4 in one pass from left to right. Of the obsolete forms it takes names with dots
/// (<c>John Q. Public</c>), local parts that mix atoms and quoted strings, and empty places in lists; source routes and blanks around
/// the dots of an address are refused, because there they are slips (<c>Dr. ada@example.org</c>).
/// </summary>
internal ref struct MailboxParser(string text)
{
    private readonly List<Token> tokens = [];
    private int position;
    private string? failure;

    private enum TokenKind
    {
        Atom,
        Quoted,
        Dot,
    }

    /// <summary>The one mailbox that is all of the text, or null and why not.</summary>
    public Mailbox? Single(out string? error)
    {
        var mailbox = AllowedThroughout() ? ReadMailbox(groupsToo: false, out _) : null;
        if (mailbox is not null && position < text.Length) Fail("the end");
        error = failure;
        return failure is null ? mailbox : null;
    }

    /// <summary>The mailboxes of the list that is all of the text, or null and why not.</summary>
    public List<Mailbox>? List(out string? error)
    {
        var mailboxes = new List<Mailbox>();
        if (AllowedThroughout()) ReadList(mailboxes);
        error = failure;
        return failure is null ? mailboxes : null;
    }

    private void ReadList(List<Mailbox> mailboxes)
    {
        var inGroup = false;
        var any = false;
        while (SkipBlanksAndComments() && position < text.Length)
        {
            if (text[position] == ',')
            {
                position++;
                continue;
            }

            if (inGroup && text[position] == ';')
            {
                position++;
                inGroup = false;
                if (SkipBlanksAndComments() && position < text.Length && text[position] != ',') Fail("a comma or the end");
                if (failure is not null) return;
                continue;
            }

            var mailbox = ReadMailbox(groupsToo: !inGroup, out var opensGroup);
            if (failure is not null) return;
            any = true;
            inGroup |= opensGroup;
            if (mailbox is null) continue;
            mailboxes.Add(mailbox);
            if (position < text.Length && text[position] != ',' && !(inGroup && text[position] == ';')) Fail(inGroup ? "a comma or ';'" : "a comma or the end");
            if (failure is not null) return;
        }

        if (failure is not null) return;
        if (inGroup) Fail("';' at the end of the group");
        else if (!any) Fail("an address");
    }

    /// <summary>Reads a mailbox, or (null, opensGroup) the name and colon of a group. Blanks and comments after it are passed over.</summary>
    private Mailbox? ReadMailbox(bool groupsToo, out bool opensGroup)
    {
        opensGroup = false;
        ReadWords();
        if (failure is not null) return null;
        var next = position < text.Length ? text[position] : '\0';
        switch (next)
        {
            case '@' when tokens.Count > 0:
                return ReadAddress("", closing: null);
            case '<':
                var name = Name();
                position++;
                ReadWords();
                if (failure is not null) return null;
                if (tokens.Count == 0) return Fail(next == '<' && position < text.Length && text[position] == '@' ? "the local part of an address, not a source route" : "the local part of an address");
                if (position >= text.Length || text[position] != '@') return Fail("'@'");
                return ReadAddress(name, closing: '>');
            case ':' when groupsToo && tokens.Count > 0:
                position++;
                opensGroup = true;
                return null;
            case ':' when tokens.Count > 0:
                return Fail("one mailbox, not a group");
            default:
                return Fail(tokens.Count > 0 ? "'@' or '<'" : "an address");
        }
    }

    private Mailbox? ReadAddress(string name, char? closing)
    {
        var localPart = LocalPart();
        if (localPart is null) return null;
        position++;
        var domain = ReadDomain();
        if (domain is null || !SkipBlanksAndComments()) return null;
        if (closing is { } bracket)
        {
            if (position >= text.Length || text[position] != bracket) return Fail($"'{bracket}'");
            position++;
            if (!SkipBlanksAndComments()) return null;
        }
        else if (position < text.Length && text[position] == '<')
        {
            return Fail("a comma or the end; a name that holds '@' stands in double quotes");
        }

        return new Mailbox(name, localPart, domain);
    }

    private string? ReadDomain()
    {
        if (!SkipBlanksAndComments()) return null;
        var start = position;
        if (position < text.Length && text[position] == '[') return ReadLiteral();
        var labelStart = position;
        while (position < text.Length)
        {
            if (text[position] == '.')
            {
                if (!EndsLabel(labelStart)) return null;
                labelStart = ++position;
                continue;
            }

            Rune.DecodeFromUtf16(text.AsSpan(position), out var rune, out var length);
            if (!DomainName.IsLabelCharacter(rune)) break;
            position += length;
        }

        // What stands directly behind a label and cannot end an address is a wrong character of the domain.
        if (position < text.Length && text[position] is not (' ' or '\t' or ',' or ';' or '>' or '(' or '<' or '@' or ':'))
            return FailText(position == labelStart ? "a letter or digit" : "a letter, a digit or the end of the domain");
        if (!EndsLabel(labelStart)) return null;
        var domain = text[start..position];
        if (DomainName.TryToAscii(domain, out _)) return domain;
        position = start;
        return FailText($"a domain of at most {DomainName.MaxDomain} octets with labels of at most 63");
    }

    private bool EndsLabel(int labelStart)
    {
        if (position == labelStart)
        {
            Fail("a letter or digit of the domain");
            return false;
        }

        if (text[labelStart] != '-' && text[position - 1] != '-') return true;
        if (text[labelStart] == '-') position = labelStart;
        else position--;
        Fail("a letter or digit; a part of a domain neither starts nor ends with a hyphen");
        return false;
    }

    private string? ReadLiteral()
    {
        var literal = new StringBuilder("[");
        for (position++; position < text.Length && text[position] is > ' ' and < '\u007f' and not ('[' or '\\' or ']') or ' '; position++)
        {
            if (text[position] != ' ') literal.Append(text[position]);
        }

        if (position >= text.Length || text[position] != ']') return FailText("']'");
        if (literal.Length == 1) return FailText("an address literal such as 192.0.2.1 or IPv6:2001:db8::1");
        position++;
        if (literal.Length < DomainName.MaxDomain) return literal.Append(']').ToString();
        return FailText($"a domain of at most {DomainName.MaxDomain} octets");
    }

    /// <summary>Reads atoms, quoted strings and dots up to anything else, with the blanks and comments around them.</summary>
    private void ReadWords()
    {
        tokens.Clear();
        while (true)
        {
            var before = position;
            if (!SkipBlanksAndComments() || position >= text.Length) return;
            var start = position;
            var apart = position > before;
            if (text[start] == '.')
            {
                position++;
                tokens.Add(new Token(TokenKind.Dot, ".", start, apart));
            }
            else if (text[start] == '"')
            {
                var content = ReadQuoted();
                if (content is null) return;
                tokens.Add(new Token(TokenKind.Quoted, content, start, apart));
            }
            else if (Quoting.IsAtomCharacter(text[start]))
            {
                while (position < text.Length && Quoting.IsAtomCharacter(text[position])) position++;
                tokens.Add(new Token(TokenKind.Atom, text[start..position], start, apart));
            }
            else
            {
                return;
            }
        }
    }

    private string? ReadQuoted()
    {
        var content = new StringBuilder();
        for (position++; position < text.Length; position++)
        {
            if (text[position] == '"')
            {
                position++;
                return content.ToString();
            }

            if (text[position] == '\\' && ++position == text.Length) break;
            content.Append(text[position]);
        }

        return FailText("a closing double quote");
    }

    private readonly string Name()
    {
        var name = new StringBuilder();
        foreach (var token in tokens)
        {
            if (token.Apart && name.Length > 0) name.Append(' ');
            name.Append(token.Text);
        }

        // A tab has no business in a name, and folding could not keep it.
        return name.Replace('\t', ' ').ToString();
    }

    private string? LocalPart()
    {
        var wantsWord = true;
        for (var index = 0; index < tokens.Count; index++)
        {
            var token = tokens[index];
            if (index > 0 && token.Apart) return FailAt(token.Start, "'@' or '<'; an address has no blanks around its dots");
            if (wantsWord == (token.Kind == TokenKind.Dot)) return FailAt(token.Start, wantsWord ? "a letter, not a dot; or quote the part before the '@'" : "a dot or '@'");
            wantsWord = !wantsWord;
        }

        if (wantsWord) return FailText("a letter after the dot; or quote the part before the '@'");
        var start = tokens[0].Start;
        var localPart = string.Concat(tokens.Select(token => token.Text));
        if (Encoding.UTF8.GetByteCount(localPart) > Mailbox.MaxLocalPart) return FailAt(start, $"a local part of at most {Mailbox.MaxLocalPart} octets");
        for (var index = 0; index < localPart.Length;)
        {
            Rune.DecodeFromUtf16(localPart.AsSpan(index), out var rune, out var length);
            if (IsInvisible(rune)) return FailAt(start, $"a local part without invisible characters (U+{rune.Value:X4})");
            index += length;
        }

        return localPart;
    }

    /// <summary>Blanks other than the plain one, and marks that change how the text around them looks: copied by accident or to deceive.</summary>
    private static bool IsInvisible(Rune rune) => rune.Value != ' ' && rune.Value is not (0x200c or 0x200d) && Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Control or UnicodeCategory.Format;

    private bool SkipBlanksAndComments()
    {
        var depth = 0;
        var opened = position;
        for (; position < text.Length; position++)
        {
            var character = text[position];
            if (character == '(')
            {
                if (depth++ == 0) opened = position;
            }
            else if (depth == 0)
            {
                if (character is not (' ' or '\t')) break;
            }
            else if (character == ')')
            {
                depth--;
            }
            else if (character == '\\' && position + 1 < text.Length)
            {
                position++;
            }
        }

        if (depth == 0) return true;
        FailText($"')' for the '(' at {opened + 1}");
        return false;
    }

    /// <summary>Controls can be no part of an address, quoted or not, nor can half a character.</summary>
    private bool AllowedThroughout()
    {
        for (position = 0; position < text.Length;)
        {
            var status = Rune.DecodeFromUtf16(text.AsSpan(position), out var rune, out var length);
            if (status != System.Buffers.OperationStatus.Done || (Rune.IsControl(rune) && rune.Value != '\t'))
            {
                Fail("no line break, NUL or other control character");
                return false;
            }

            position += length;
        }

        position = 0;
        return true;
    }

    private Mailbox? Fail(string expected)
    {
        FailText(expected);
        return null;
    }

    private string? FailText(string expected) => FailAt(position, expected);

    private string? FailAt(int at, string expected)
    {
        var found = at >= text.Length ? "the end" : text[at] is > ' ' and < '\u007f' ? $"'{text[at]}'" : text[at] == ' ' ? "a blank" : $"U+{(int)text[at]:X4}";
        failure ??= $"at position {at + 1}: expected {expected}, found {found}";
        return null;
    }

    private sealed record Token(TokenKind Kind, string Text, int Start, bool Apart);
}
