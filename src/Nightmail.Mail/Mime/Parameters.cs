using System.Text;

namespace Nightmail.Mail.Mime;

/// <summary>Parameters of Content-Type and Content-Disposition as words that a header line can be folded between.</summary>
internal static class Parameters
{
    /// <summary>Longest piece of one parameter, so that a folded line holds it and the semicolon.</summary>
    private const int MaxPiece = 74;

    /// <summary>The parameter by RFC 2231: a token or quoted string where that can hold it, otherwise percent-encoded UTF-8, in numbered pieces where it is long.</summary>
    public static IReadOnlyList<string> Rfc2231(string name, string value)
    {
        if (Plain(name, value) is { } plain) return [plain];
        var encoded = value.EnumerateRunes().Select(Percent).ToList();
        var whole = $"{name}*=utf-8''{string.Concat(encoded)}";
        if (whole.Length <= MaxPiece) return [whole];
        var pieces = new List<string>();
        var piece = new StringBuilder($"{name}*0*=utf-8''");
        foreach (var rune in encoded)
        {
            if (piece.Length + rune.Length > MaxPiece)
            {
                pieces.Add(piece.ToString());
                piece.Clear().Append($"{name}*{pieces.Count}*=");
            }

            piece.Append(rune);
        }

        pieces.Add(piece.ToString());
        return pieces;
    }

    /// <summary>The parameter for readers that know no RFC 2231: encoded-words in a quoted string, which no standard allows and all of them read.</summary>
    public static IReadOnlyList<string> ForOldReaders(string name, string value)
    {
        if (Plain(name, value) is { } plain) return [plain];
        var words = new List<string>();
        var q = EncodedWords.PrefersQ(value);
        for (var position = 0; position < value.Length;)
        {
            var opening = position == 0 ? name + "=\"" : "";
            words.Add(opening + EncodedWords.Next(value.AsSpan(position), MaxPiece - 2 - opening.Length, q, out var taken));
            position += taken;
        }

        words[^1] += "\"";
        return words;
    }

    private static string? Plain(string name, string value)
    {
        if (value.Length == 0 || value.AsSpan().ContainsAnyExceptInRange(' ', '~') || value.Contains("=?", StringComparison.Ordinal)) return null;
        var plain = value.AsSpan().ContainsAnyExcept(TokenCharacters) ? $"{name}={Core.Emails.Quoting.Quoted(value)}" : $"{name}={value}";
        return plain.Length <= MaxPiece ? plain : null;
    }

    private static string Percent(Rune rune)
    {
        if (rune.IsAscii && (Rune.IsLetterOrDigit(rune) || rune.Value is '!' or '#' or '$' or '&' or '+' or '-' or '.' or '^' or '_' or '`' or '{' or '|' or '}' or '~')) return rune.ToString();
        Span<byte> utf8 = stackalloc byte[4];
        var encoded = new StringBuilder();
        foreach (var octet in utf8[..rune.EncodeToUtf8(utf8)]) encoded.Append('%').Append(octet.ToString("X2"));
        return encoded.ToString();
    }

    /// <summary>The characters of a token (RFC 2045 5.1).</summary>
    internal static readonly System.Buffers.SearchValues<char> TokenCharacters =
        System.Buffers.SearchValues.Create("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~");
}
