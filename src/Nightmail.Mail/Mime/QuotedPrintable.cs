using System.Buffers;

namespace Nightmail.Mail.Mime;

/// <summary>Quoted-printable (RFC 2045 6.7): text whose ASCII stays readable, in lines of at most 76 characters.</summary>
internal static class QuotedPrintable
{
    private const int LineLimit = 76;

    /// <summary>The text encoded.</summary>
    /// <param name="text">Bytes whose lines end in CRLF; they are kept as line ends. A lone CR or LF is encoded.</param>
    public static byte[] Encode(ReadOnlySpan<byte> text)
    {
        var encoded = new ArrayBufferWriter<byte>(text.Length + text.Length / 8 + 16);
        while (true)
        {
            var end = text.IndexOf("\r\n"u8);
            EncodeLine(end < 0 ? text : text[..end], encoded);
            if (end < 0) return encoded.WrittenSpan.ToArray();
            encoded.Write("\r\n"u8);
            text = text[(end + 2)..];
        }
    }

    private static void EncodeLine(ReadOnlySpan<byte> line, ArrayBufferWriter<byte> encoded)
    {
        Span<byte> piece = stackalloc byte[3];
        var column = 0;
        for (var index = 0; index < line.Length; index++)
        {
            var last = index == line.Length - 1;
            var length = EncodeByte(line[index], last, piece);
            // Every line but the last needs room for the sign that joins it to the next.
            if (column + length > (last ? LineLimit : LineLimit - 1))
            {
                encoded.Write("=\r\n"u8);
                column = 0;
            }

            encoded.Write(piece[..length]);
            column += length;
        }
    }

    private static int EncodeByte(byte value, bool endsLine, Span<byte> piece)
    {
        var isBlank = value is (byte)' ' or (byte)'\t';
        if ((value is > (byte)' ' and < 127 and not (byte)'=') || (isBlank && !endsLine))
        {
            piece[0] = value;
            return 1;
        }

        piece[0] = (byte)'=';
        piece[1] = Hex(value >> 4);
        piece[2] = Hex(value & 15);
        return 3;
    }

    private static byte Hex(int digit) => "0123456789ABCDEF"u8[digit];
}
