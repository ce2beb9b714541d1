using System.Text;

namespace Nightmail.Core.Emails;

/// <summary>What <see cref="AddressScanner.ReadWords"/> tells apart.</summary>
internal enum WordKind
{
    /// <summary>Characters that need no quoting.</summary>
    Atom,

    /// <summary>A quoted string.</summary>
    Quoted,

    /// <summary>A single dot.</summary>
    Dot,
}

/// <summary>One word of the address grammar.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Text">Its text, unquoted.</param>
/// <param name="Start">Where it starts.</param>
/// <param name="Apart">True when blanks or comments stand before it.</param>
internal readonly record struct Word(WordKind Kind, string Text, int Start, bool Apart);

/// <summary>The lexical half of the address grammar (RFC 5322 section 3.2): words, blanks, comments, and the first thing that went wrong.</summary>
internal sealed class AddressScanner(string text)
{
    private readonly List<Word> words = [];

    /// <summary>Where the next character is read.</summary>
    public int Position { get; set; }

    /// <summary>The first failure as one line; null while all is well.</summary>
    public string? Failure { get; private set; }

    /// <summary>What <see cref="ReadWords"/> read last.</summary>
    public IReadOnlyList<Word> Words => words;

    /// <summary>True when nothing is left.</summary>
    public bool AtEnd => Position >= text.Length;

    /// <summary>The next character, or NUL at the end, which no text that is parsed holds.</summary>
    public char Next => AtEnd ? '\0' : text[Position];

    /// <summary>Reads atoms, quoted strings and dots up to anything else, with the blanks and comments around them.</summary>
    public void ReadWords()
    {
        words.Clear();
        while (true)
        {
            var before = Position;
            if (!SkipBlanksAndComments() || Position >= text.Length) return;
            var start = Position;
            var apart = Position > before;
            if (text[start] == '.')
            {
                Position++;
                words.Add(new Word(WordKind.Dot, ".", start, apart));
            }
            else if (text[start] == '"')
            {
                var content = ReadQuoted();
                if (content is null) return;
                words.Add(new Word(WordKind.Quoted, content, start, apart));
            }
            else if (Quoting.IsAtomCharacter(text[start]))
            {
                while (Position < text.Length && Quoting.IsAtomCharacter(text[Position])) Position++;
                words.Add(new Word(WordKind.Atom, text[start..Position], start, apart));
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
        for (Position++; Position < text.Length; Position++)
        {
            if (text[Position] == '"')
            {
                Position++;
                return content.ToString();
            }

            if (text[Position] == '\\' && ++Position == text.Length) break;
            content.Append(text[Position]);
        }

        return Fail("a closing double quote");
    }

    /// <summary>Passes over blanks and comments.</summary>
    /// <returns>False when a comment is not closed.</returns>
    public bool SkipBlanksAndComments()
    {
        var depth = 0;
        var opened = Position;
        for (; Position < text.Length; Position++)
        {
            var character = text[Position];
            if (character == '(')
            {
                if (depth++ == 0) opened = Position;
            }
            else if (depth == 0)
            {
                if (character is not (' ' or '\t')) break;
            }
            else if (character == ')')
            {
                depth--;
            }
            else if (character == '\\' && Position + 1 < text.Length)
            {
                Position++;
            }
        }

        if (depth == 0) return true;
        Fail($"')' for the '(' at {opened + 1}");
        return false;
    }

    /// <summary>Controls can be no part of an address, quoted or not, nor can half a character.</summary>
    public bool AllowedThroughout()
    {
        for (Position = 0; Position < text.Length;)
        {
            var status = Rune.DecodeFromUtf16(text.AsSpan(Position), out var rune, out var length);
            if (status != System.Buffers.OperationStatus.Done || (Rune.IsControl(rune) && rune.Value != '\t'))
            {
                Fail("no line break, NUL or other control character");
                return false;
            }

            Position += length;
        }

        Position = 0;
        return true;
    }

    /// <summary>Notes that something else was expected at the position, unless something was wrong before. Always null, so that a reader can return it.</summary>
    public string? Fail(string expected) => FailAt(Position, expected);

    /// <summary>Notes that something else was expected there, unless something was wrong before. Always null.</summary>
    public string? FailAt(int at, string expected)
    {
        var found = at >= text.Length ? "the end" : text[at] is > ' ' and < '\u007f' ? $"'{text[at]}'" : text[at] == ' ' ? "a blank" : $"U+{(int)text[at]:X4}";
        Failure ??= $"at position {at + 1}: expected {expected}, found {found}";
        return null;
    }
}
