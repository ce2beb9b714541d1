using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Nightmail.Core.Emails;

/// <summary>What a mail domain may look like (RFC 5321 4.1.2, RFC 5891), and its form in ASCII.</summary>
public static class DomainName
{
    /// <summary>Longest domain in octets, as A-labels (RFC 5321 4.5.3.1.2).</summary>
    public const int MaxDomain = 255;

    private const int MaxLabel = 63;

    // Not limited to host names by the mapping itself: underscores occur in real domains, and the parser has checked the characters.
    private static readonly IdnMapping Mapping = new() { AllowUnassigned = true, UseStd3AsciiRules = false };

    /// <summary>
    /// The domain with every international label as an A-label (<c>bücher.example</c>: <c>xn--bcher-kva.example</c>). Letters of such a
    /// domain are made lower case; an ASCII domain and a domain literal stay as they are.
    /// </summary>
    /// <returns>False when there is no such form: a label of more than 63 octets, a domain of more than 255.</returns>
    public static bool TryToAscii(string domain, [NotNullWhen(true)] out string? ascii)
    {
        ascii = null;
        if (domain.Length is 0 or > MaxDomain) return false;
        try
        {
            ascii = Ascii.IsValid(domain) ? domain : Mapping.GetAscii(domain.ToLowerInvariant());
        }
        catch (ArgumentException)
        {
            return false;
        }

        if (ascii.Length <= MaxDomain && (ascii[0] == '[' || HasShortLabels(ascii))) return true;
        ascii = null;
        return false;
    }

    private static bool HasShortLabels(ReadOnlySpan<char> domain)
    {
        foreach (var label in domain.Split('.'))
        {
            if (domain[label].Length > MaxLabel) return false;
        }

        return true;
    }

    /// <summary>
    /// True for a character that a label may hold. The text cannot be normalised here (no ICU tables), so what normalisation would change,
    /// full-width forms and combining accents, is not taken: its A-label would name another domain.
    /// </summary>
    internal static bool IsLabelCharacter(Rune rune)
    {
        if (rune.IsAscii) return Rune.IsLetterOrDigit(rune) || rune.Value is '-' or '_';
        if (rune.Value is (>= 0x300 and <= 0x36f) or (>= 0xff00 and <= 0xffef)) return false;
        return Rune.IsLetterOrDigit(rune)
            || rune.Value is 0xb7 or 0x30fb
            || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.OtherSymbol;
    }
}
