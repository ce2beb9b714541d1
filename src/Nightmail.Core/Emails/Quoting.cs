using System.Buffers;
using System.Text;

namespace Nightmail.Core.Emails;

/// <summary>The character classes of RFC 5322 section 3.2, widened by RFC 6532, and the quoting they make necessary.</summary>
public static class Quoting
{
    private static readonly SearchValues<char> AsciiAtomCharacters =
        SearchValues.Create("!#$%&'*+-/0123456789=?ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~");

    /// <summary>True for a character that an atom may hold: RFC 5322 atext, or anything above ASCII that is no control.</summary>
    public static bool IsAtomCharacter(char character) => AsciiAtomCharacters.Contains(character) || character > '\u009f';

    /// <summary>The local part as an address needs it: bare where it is atoms joined by dots, otherwise a quoted string.</summary>
    public static string LocalPart(string localPart) => IsDotAtom(localPart) ? localPart : Quoted(localPart);

    /// <summary>The display name as a mailbox needs it: bare where it is atoms joined by single spaces, otherwise a quoted string.</summary>
    public static string Phrase(string phrase) => IsAtoms(phrase, ' ') ? phrase : Quoted(phrase);

    /// <summary>A quoted string (RFC 5322 3.2.4) of that content.</summary>
    public static string Quoted(string content)
    {
        var quoted = new StringBuilder(content.Length + 8).Append('"');
        foreach (var character in content)
        {
            if (character is '"' or '\\') quoted.Append('\\');
            quoted.Append(character);
        }

        return quoted.Append('"').ToString();
    }

    private static bool IsDotAtom(string text) => IsAtoms(text, '.');

    private static bool IsAtoms(string text, char separator)
    {
        if (text.Length == 0 || text[0] == separator || text[^1] == separator) return false;
        for (var index = 0; index < text.Length; index++)
        {
            if (IsAtomCharacter(text[index])) continue;
            if (text[index] != separator || text[index + 1] == separator) return false;
        }

        return true;
    }
}
