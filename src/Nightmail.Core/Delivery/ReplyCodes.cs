namespace Nightmail.Core.Delivery;

/// <summary>Reads the codes out of a reply's words.</summary>
public static class ReplyCodes
{
    /// <summary>The three digits and the enhanced code at the beginning of <c>250 2.0.0 Ok</c>, where they are.</summary>
    public static (int? Code, string? Enhanced) Read(string? words)
    {
        if (words is null) return (null, null);
        var parts = words.Split(' ', 3);
        if (parts[0].Length != 3 || !int.TryParse(parts[0], out var code) || code is < 200 or > 599) return (null, null);
        return (code, parts.Length > 1 && IsEnhanced(parts[1]) ? parts[1] : null);
    }

    private static bool IsEnhanced(string word) =>
        word.Split('.') is { Length: 3 } digits && digits.All(part => part.Length is > 0 and <= 3 && part.All(char.IsAsciiDigit));
}
