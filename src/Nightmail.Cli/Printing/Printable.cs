using System.Globalization;
using System.Text;

namespace Nightmail.Cli.Printing;

/// <summary>Makes text from emails and servers safe to print: nothing in it moves the cursor, ends the line or turns the reading direction.</summary>
internal static class Printable
{
    /// <summary>The text on one line, without control and direction characters.</summary>
    public static string OneLine(string text)
    {
        if (IsPlain(text)) return text;
        var clean = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (!IsUnsafe(letter)) clean.Append(letter);
            else if (clean.Length > 0 && clean[^1] != ' ') clean.Append(' ');
        }

        return clean.ToString().TrimEnd();
    }

    /// <summary>The text with its line breaks, each line as <see cref="OneLine"/> has it; tabs stay.</summary>
    public static string Lines(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var letter in text.ReplaceLineEndings("\n")) clean.Append(letter is '\n' or '\t' || !IsUnsafe(letter) ? letter : ' ');
        return clean.ToString();
    }

    /// <summary>The text on one line of at most so many columns, an ellipsis where something is missing; null: no limit.</summary>
    public static string Clip(string text, int? columns)
    {
        var line = OneLine(text);
        if (columns is not { } limit || Columns(line) <= limit) return line;
        var clipped = new StringBuilder();
        var used = 0;
        foreach (var rune in line.EnumerateRunes())
        {
            used += Columns(rune);
            if (used > limit - 1) break;
            clipped.Append(rune.ToString());
        }

        return clipped.Append('…').ToString();
    }

    /// <summary>The columns that the text takes in a terminal.</summary>
    public static int Columns(string text)
    {
        if (IsPlain(text)) return text.Length;
        var columns = 0;
        foreach (var rune in text.EnumerateRunes()) columns += Columns(rune);
        return columns;
    }

    // Nearly all text, and much faster to see than to walk through.
    private static bool IsPlain(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    // East Asian wide characters and emoji take two columns (Unicode TR 11, by blocks); marks take none.
    private static int Columns(Rune rune) => rune.Value switch
    {
        < 0x300 => 1,
        (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
            or (>= 0xFE30 and <= 0xFE4F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD) => 2,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? 0 : 1,
    };

    private static bool IsUnsafe(char letter) =>
        char.IsControl(letter) || letter is '\u2028' or '\u2029' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
