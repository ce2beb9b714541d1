using System.Buffers;
using System.Buffers.Text;

namespace Nightmail.Mail.Mime;

/// <summary>Base64 (RFC 2045 6.8) in lines of 76 characters with CRLF between them and none after the last.</summary>
internal static class Base64Lines
{
    /// <summary>Bytes that fill one line.</summary>
    public const int BytesPerLine = 57;

    private const int LineLength = 76;

    /// <summary>The encoded size of that many bytes.</summary>
    public static long EncodedLength(long bytes) =>
        bytes == 0 ? 0 : (bytes + 2) / 3 * 4 + ((bytes + BytesPerLine - 1) / BytesPerLine - 1) * 2;

    /// <summary>All of the bytes encoded.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> bytes)
    {
        var encoded = new byte[EncodedLength(bytes.Length)];
        EncodeLines(bytes, encoded, startsText: true);
        return encoded;
    }

    /// <summary>Encodes whole lines, and at the end of the text what is left.</summary>
    /// <param name="bytes">A multiple of <see cref="BytesPerLine"/>, except at the end.</param>
    /// <param name="destination">Room for 78 bytes a line.</param>
    /// <param name="startsText">True for the first call of a text; every further one begins with the CRLF that ends the line before.</param>
    /// <returns>How many bytes were written.</returns>
    public static int EncodeLines(ReadOnlySpan<byte> bytes, Span<byte> destination, bool startsText)
    {
        var written = 0;
        while (bytes.Length > 0)
        {
            if (!startsText)
            {
                destination[written++] = (byte)'\r';
                destination[written++] = (byte)'\n';
            }

            startsText = false;
            var line = bytes[..Math.Min(BytesPerLine, bytes.Length)];
            var status = Base64.EncodeToUtf8(line, destination[written..], out _, out var length);
            if (status != OperationStatus.Done) throw new InvalidOperationException($"no room for a line of {LineLength} characters");
            written += length;
            bytes = bytes[line.Length..];
        }

        return written;
    }
}

/// <summary>Writes base64 piece by piece, every line ended by CRLF.</summary>
internal sealed class Base64Writer
{
    private readonly byte[] line = new byte[Base64Lines.BytesPerLine];
    private int count;

    /// <summary>Adds bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes, IBufferWriter<byte> encoded)
    {
        while (bytes.Length > 0)
        {
            var taken = Math.Min(bytes.Length, line.Length - count);
            bytes[..taken].CopyTo(line.AsSpan(count));
            count += taken;
            bytes = bytes[taken..];
            if (count == line.Length) End(encoded);
        }
    }

    /// <summary>Writes what is left as the last line.</summary>
    public void End(IBufferWriter<byte> encoded)
    {
        if (count == 0) return;
        encoded.Write(Base64Lines.Encode(line.AsSpan(0, count)));
        encoded.Write("\r\n"u8);
        count = 0;
    }
}
