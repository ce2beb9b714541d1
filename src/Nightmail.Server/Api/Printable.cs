namespace Nightmail.Server.Api;

/// <summary>A caller's own words in an answer: short, in one line.</summary>
internal static class Printable
{
    private const int Longest = 60;

    /// <summary>The words without control characters, cut where they are long.</summary>
    public static string OneLine(string text)
    {
        var shown = text.Length > Longest ? text[..Longest] + "…" : text;
        return string.Concat(shown.Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter));
    }
}
