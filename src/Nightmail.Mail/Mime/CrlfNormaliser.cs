namespace Nightmail.Mail.Mime;

/// <summary>Makes every CRLF, lone CR and lone LF of a stream of bytes a CRLF, and ends the stream in one. Fed piece by piece; a CRLF may lie across two pieces.</summary>
internal struct CrlfNormaliser
{
    private bool afterCr;
    private bool midLine;

    /// <summary>Normalises the next piece.</summary>
    /// <param name="input">The piece.</param>
    /// <param name="output">Room for twice the piece.</param>
    /// <returns>How many bytes were written.</returns>
    public int Next(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var written = 0;
        while (input.Length > 0)
        {
            if (afterCr && input[0] == (byte)'\n')
            {
                // The line has been ended by the CR before it.
                afterCr = false;
                input = input[1..];
                continue;
            }

            afterCr = false;
            var end = input.IndexOfAny((byte)'\r', (byte)'\n');
            var line = end < 0 ? input : input[..end];
            line.CopyTo(output[written..]);
            written += line.Length;
            midLine |= line.Length > 0;
            if (end < 0) break;
            written += EndLine(output[written..]);
            afterCr = input[end] == (byte)'\r';
            input = input[(end + 1)..];
        }

        return written;
    }

    /// <summary>Ends the stream: writes the CRLF of a last line that has none.</summary>
    /// <returns>How many bytes were written: 0 or 2.</returns>
    public int End(Span<byte> output) => midLine ? EndLine(output) : 0;

    private int EndLine(Span<byte> output)
    {
        output[0] = (byte)'\r';
        output[1] = (byte)'\n';
        midLine = false;
        return 2;
    }
}
