using System.Buffers;

namespace Nightmail.Mail.Mime;

/// <summary>A text as it travels: 7-bit bytes and the name of the encoding that made them so.</summary>
/// <param name="Encoding">The Content-Transfer-Encoding: <c>7bit</c>, <c>quoted-printable</c> or <c>base64</c>.</param>
/// <param name="Bytes">The encoded text, its lines ended by CRLF.</param>
internal sealed record TextBody(string Encoding, byte[] Bytes)
{
    /// <summary>Longest line in octets, without its CRLF (RFC 5322 2.1.1).</summary>
    public const int MaxLine = 998;

    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create([(byte)'\t', .. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (byte)code)]);

    /// <summary>
    /// The text in the shortest form that every server carries. Its line ends, of whatever kind, become CRLF, and a text that is not
    /// empty ends in one. As it is where it is ASCII in lines that are not too long; otherwise quoted-printable or base64.
    /// </summary>
    public static TextBody Of(string text)
    {
        var (input, output) = (ArrayPool<byte>.Shared.Rent(System.Text.Encoding.UTF8.GetMaxByteCount(text.Length)), (byte[]?)null);
        try
        {
            var utf8 = input.AsSpan(0, System.Text.Encoding.UTF8.GetBytes(text, input));
            output = ArrayPool<byte>.Shared.Rent(RoomFor(utf8.Length));
            return Of(output.AsSpan(0, Normalise(utf8, output)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
            if (output is not null) ArrayPool<byte>.Shared.Return(output);
        }
    }

    /// <summary>Room that surely suffices for a text of so many bytes with CRLF line ends.</summary>
    public static int RoomFor(int bytes) => (bytes * 2) + 2;

    /// <summary>Writes the text with CRLF line ends, if it can travel as it is.</summary>
    /// <returns>How many bytes it has become; -1: it has to be encoded.</returns>
    public static int WritePlain(ReadOnlySpan<byte> utf8, Span<byte> destination)
    {
        var length = Normalise(utf8, destination);
        return IsPlain(destination[..length]) ? length : -1;
    }

    private static TextBody Of(ReadOnlySpan<byte> bytes)
    {
        if (IsPlain(bytes)) return new("7bit", bytes.ToArray());
        var quoted = QuotedPrintable.Encode(bytes);
        return quoted.Length <= Base64Lines.EncodedLength(bytes.Length) + 2
            ? new("quoted-printable", quoted)
            : new("base64", [.. Base64Lines.Encode(bytes), (byte)'\r', (byte)'\n']);
    }

    private static int Normalise(ReadOnlySpan<byte> utf8, Span<byte> destination)
    {
        var normaliser = new CrlfNormaliser();
        var length = normaliser.Next(utf8, destination);
        return length + normaliser.End(destination[length..]);
    }

    private static bool IsPlain(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var end = bytes.IndexOf("\r\n"u8);
            if (end > MaxLine || bytes[..end].ContainsAnyExcept(PlainBytes)) return false;
            bytes = bytes[(end + 2)..];
        }

        return true;
    }
}
