using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Nightmail.Mail.Mime;

/// <summary>Encoded-words (RFC 2047): any text in ASCII, in pieces that fit a header line and never end inside a character.</summary>
internal static class EncodedWords
{
    /// <summary>Longest encoded-word (RFC 2047 section 2).</summary>
    public const int MaxLength = 75;

    /// <summary>The shortest room in which an encoded-word is worth starting: its frame and the longest character.</summary>
    public const int MinLength = FrameLength + 12;

    private const int FrameLength = 12;

    /// <summary>Whether the Q form of the text is no longer than its B form.</summary>
    public static bool PrefersQ(string text)
    {
        var quoted = 0;
        foreach (var rune in text.EnumerateRunes()) quoted += QLength(rune);
        return quoted <= BLength(Encoding.UTF8.GetByteCount(text));
    }

    /// <summary>The longest beginning of the text as one encoded-word of at most <paramref name="room"/> characters; it ends behind a blank if that costs less than half.</summary>
    /// <param name="text">What is left to encode; not empty.</param>
    /// <param name="room">At least <see cref="MinLength"/>.</param>
    /// <param name="q">The Q form; otherwise B.</param>
    /// <param name="taken">How many UTF-16 units of the text the word stands for.</param>
    public static string Next(ReadOnlySpan<char> text, int room, bool q, out int taken)
    {
        var payload = Math.Min(room, MaxLength) - FrameLength;
        var (quoted, bytes, behindBlank) = (0, 0, 0);
        taken = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            quoted += QLength(rune);
            bytes += rune.Utf8SequenceLength;
            if ((q ? quoted : BLength(bytes)) > payload) break;
            taken += rune.Utf16SequenceLength;
            if (rune.Value == ' ') behindBlank = taken;
        }

        if (taken < text.Length && behindBlank * 2 > taken) taken = behindBlank;
        return q ? $"=?utf-8?q?{Q(text[..taken])}?=" : $"=?utf-8?b?{Base64(text[..taken])}?=";
    }

    /// <summary>The text with its encoded-words decoded; what is no valid encoded-word, or in an unknown charset, stays as it is.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains("=?", StringComparison.Ordinal)) return text;
        var decoded = new StringBuilder(text.Length);
        var (position, pending, pendingCharset) = (0, new MemoryStream(), (Encoding?)null);
        while (position < text.Length)
        {
            if (TryReadWord(text, position, out var charset, out var bytes, out var end))
            {
                // A character may have been cut in two by a careless writer: bytes of one charset are joined before they are decoded.
                if (pendingCharset is not null && pendingCharset.CodePage != charset.CodePage) Flush();
                pendingCharset = charset;
                pending.Write(bytes);
                position = end;
                var next = position;
                while (next < text.Length && text[next] is ' ' or '\t') next++;
                // Blanks between two encoded-words belong to neither (RFC 2047 6.2).
                if (next > position && TryReadWord(text, next, out _, out _, out _)) position = next;
                continue;
            }

            Flush();
            decoded.Append(text[position++]);
        }

        Flush();
        return decoded.ToString();

        void Flush()
        {
            if (pendingCharset is null) return;
            decoded.Append(pendingCharset.GetString(pending.GetBuffer(), 0, (int)pending.Length));
            pending.SetLength(0);
            pendingCharset = null;
        }
    }

    private static bool TryReadWord(string text, int start, [NotNullWhen(true)] out Encoding? charset, out byte[] bytes, out int end)
    {
        (charset, bytes, end) = (null, [], start);
        if (!text.AsSpan(start).StartsWith("=?", StringComparison.Ordinal)) return false;
        // Longer ones than allowed occur, but a limit keeps hostile text from costing quadratic time.
        var window = text.AsSpan(start, Math.Min(text.Length - start, 1_000));
        var encodingAt = 2 + window[2..].IndexOf('?');
        if (encodingAt < 3 || encodingAt + 2 >= window.Length || window[encodingAt + 2] != '?') return false;
        var payloadAt = encodingAt + 3;
        var length = window[payloadAt..].IndexOf("?=", StringComparison.Ordinal);
        if (length < 0) return false;
        var payload = window.Slice(payloadAt, length);
        var decoded = char.ToLowerInvariant(window[encodingAt + 1]) switch
        {
            'q' => DecodeQ(payload),
            'b' => DecodeBase64(payload),
            _ => null,
        };
        charset = Charsets.Find(window[2..encodingAt].ToString());
        if (decoded is null || charset is null) return false;
        (bytes, end) = (decoded, start + payloadAt + length + 2);
        return true;
    }

    private static byte[]? DecodeQ(ReadOnlySpan<char> payload)
    {
        var bytes = new List<byte>(payload.Length);
        for (var index = 0; index < payload.Length; index++)
        {
            var character = payload[index];
            if (character is ' ' or > '~') return null;
            if (character == '=')
            {
                if (index + 2 >= payload.Length || !byte.TryParse(payload.Slice(index + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value)) return null;
                bytes.Add(value);
                index += 2;
                continue;
            }

            bytes.Add(character == '_' ? (byte)' ' : (byte)character);
        }

        return [.. bytes];
    }

    private static byte[]? DecodeBase64(ReadOnlySpan<char> payload)
    {
        var padded = payload.TrimEnd('=').ToString();
        padded = padded.PadRight((padded.Length + 3) / 4 * 4, '=');
        var bytes = new byte[padded.Length / 4 * 3];
        return Convert.TryFromBase64String(padded, bytes, out var written) ? bytes[..written] : null;
    }

    private static string Q(ReadOnlySpan<char> text)
    {
        var encoded = new StringBuilder(MaxLength);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == ' ') encoded.Append('_');
            else if (IsPlain(rune)) encoded.Append((char)rune.Value);
            else foreach (var octet in utf8[..rune.EncodeToUtf8(utf8)]) encoded.Append('=').Append(octet.ToString("X2"));
        }

        return encoded.ToString();
    }

    private static string Base64(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return Convert.ToBase64String(bytes);
    }

    private static int BLength(int bytes) => (bytes + 2) / 3 * 4;

    private static int QLength(Rune rune) => rune.Value == ' ' || IsPlain(rune) ? 1 : 3 * rune.Utf8SequenceLength;

    /// <summary>What may stand bare in the Q form everywhere, display names included (RFC 2047 section 5, 3).</summary>
    private static bool IsPlain(Rune rune) => rune.IsAscii && (Rune.IsLetterOrDigit(rune) || rune.Value is '!' or '*' or '+' or '-' or '/');
}
