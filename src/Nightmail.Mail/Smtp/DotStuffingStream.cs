namespace Nightmail.Mail.Smtp;

/// <summary>Where a message writes itself on its way to the server: stuffed, and sent whenever a buffer is full.</summary>
internal sealed class DotStuffingStream(SmtpChannel channel) : Stream
{
    private DotStuffer stuffer = new();

    /// <summary>Bytes of the message so far, before stuffing.</summary>
    public long MessageBytes { get; private set; }

    /// <summary>True when some of it has left for the server.</summary>
    public bool Travels { get; private set; }

    /// <summary>True when the message so far ends a line.</summary>
    public bool EndsInCrLf => stuffer.EndsInCrLf;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (var left = Take(buffer.Span); left > 0; left = Take(buffer.Span[^left..]))
        {
            Travels = true;
            await channel.FlushAsync(SmtpTimeLimits.Block);
        }
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        for (var left = Take(buffer); left > 0; left = Take(buffer[^left..]))
        {
            Travels = true;
            channel.Flush(SmtpTimeLimits.Block);
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Does nothing: what fits into one write leaves in one, together with the final dot.</summary>
    public override void Flush()
    {
    }

    /// <summary>Does nothing.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Puts as much as fits into the channel's buffer.</summary>
    /// <returns>How much did not fit.</returns>
    private int Take(ReadOnlySpan<byte> buffer)
    {
        channel.Advance(stuffer.Stuff(buffer, channel.Free, out var consumed));
        MessageBytes += consumed;
        return buffer.Length - consumed;
    }
}
