using System.Buffers;

namespace Nightmail.Mail.Mime;

/// <summary>Quoted-printable (RFC 2045 6.7): text whose ASCII stays readable, in lines of at most 76 characters.</summary>
internal static class QuotedPrintable
{
    /// <summary>The text encoded.</summary>
    /// <param name="text">Bytes whose lines end in CRLF; they are kept as line ends. A lone CR or LF is encoded.</param>
    public static byte[] Encode(ReadOnlySpan<byte> text)
    {
        var encoded = new ArrayBufferWriter<byte>(text.Length + text.Length / 8 + 16);
        var writer = new QuotedPrintableWriter();
        while (true)
        {
            var end = text.IndexOf("\r\n"u8);
            writer.Add(end < 0 ? text : text[..end], encoded);
            if (end < 0) break;
            writer.EndLine(encoded);
            text = text[(end + 2)..];
        }

        writer.End(encoded);
        return encoded.WrittenSpan.ToArray();
    }
}

/// <summary>Writes quoted-printable piece by piece, however long a line is.</summary>
internal sealed class QuotedPrintableWriter
{
    private const int LineLimit = 76;

    private int column;

    /// <summary>Held back until it is known whether it ends its line: a blank there is encoded, and the last byte needs no room for a sign behind it.</summary>
    private int held = -1;

    /// <summary>Adds bytes of the present line; a CR or LF among them is encoded.</summary>
    public void Add(ReadOnlySpan<byte> text, IBufferWriter<byte> encoded)
    {
        if (text.Length == 0) return;
        // Every byte can need three places, and every line has three of its own.
        var room = encoded.GetSpan((text.Length + 1) * 4 + 8);
        var written = 0;
        foreach (var value in text)
        {
            if (held >= 0) written += Put((byte)held, last: false, room[written..]);
            held = value;
        }

        encoded.Advance(written);
    }

    /// <summary>Ends the line.</summary>
    public void EndLine(IBufferWriter<byte> encoded)
    {
        End(encoded);
        encoded.Write("\r\n"u8);
    }

    /// <summary>Ends the text without a line end.</summary>
    public void End(IBufferWriter<byte> encoded)
    {
        if (held >= 0) encoded.Advance(Put((byte)held, last: true, encoded.GetSpan(8)));
        held = -1;
        column = 0;
    }

    private int Put(byte value, bool last, Span<byte> room)
    {
        var isPlain = (value is > (byte)' ' and < 127 and not (byte)'=') || (value is (byte)' ' or (byte)'\t' && !last);
        var length = isPlain ? 1 : 3;
        var written = 0;
        // Every line but the last needs room for the sign that joins it to the next.
        if (column + length > (last ? LineLimit : LineLimit - 1))
        {
            "=\r\n"u8.CopyTo(room);
            written = 3;
            column = 0;
        }

        column += length;
        if (isPlain)
        {
            room[written] = value;
            return written + 1;
        }

        room[written] = (byte)'=';
        room[written + 1] = Hex(value >> 4);
        room[written + 2] = Hex(value & 15);
        return written + 3;
    }

    private static byte Hex(int digit) => "0123456789ABCDEF"u8[digit];
}
