namespace Nightmail.Mail.Smtp;

/// <summary>
/// Doubles the dot that begins a line (RFC 5321 4.5.2), over any split of the message into pieces. A line begins after any LF, so that
/// not even a message with a bare LF can end early at a careless server.
/// </summary>
internal struct DotStuffer()
{
    private bool atLineStart = true;
    private byte beforeLast = (byte)'\r';
    private byte last = (byte)'\n';

    /// <summary>True when what was stuffed so far ends in CRLF, or is empty.</summary>
    public readonly bool EndsInCrLf => beforeLast == '\r' && last == '\n';

    /// <summary>Copies as much of <paramref name="source"/> as fits.</summary>
    /// <param name="source">The next piece of the message.</param>
    /// <param name="destination">Where it goes.</param>
    /// <param name="consumed">How much of the piece was taken.</param>
    /// <returns>How much was written.</returns>
    public int Stuff(ReadOnlySpan<byte> source, Span<byte> destination, out int consumed)
    {
        consumed = 0;
        var written = 0;
        while (consumed < source.Length && written < destination.Length)
        {
            if (atLineStart && source[consumed] == '.')
            {
                destination[written++] = (byte)'.';
                atLineStart = false;
                continue;
            }

            var run = source.Slice(consumed, Math.Min(source.Length - consumed, destination.Length - written));
            var line = run.IndexOf("\n."u8);
            if (line >= 0) run = run[..(line + 1)];
            run.CopyTo(destination[written..]);
            consumed += run.Length;
            written += run.Length;
            beforeLast = run.Length > 1 ? run[^2] : last;
            last = run[^1];
            atLineStart = last == '\n';
        }

        return written;
    }
}
