using System.Buffers;

namespace Nightmail.Mail.Mime.Reencoding;

/// <summary>Where a message writes itself to be walked through; what the walk produces goes on piece by piece.</summary>
internal sealed class WalkedStream(MimeWalker walker, ArrayBufferWriter<byte> produced, Stream destination) : Stream
{
    /// <summary>Bytes that were produced so far.</summary>
    public long Produced { get; private set; }

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

    /// <summary>The message is over.</summary>
    public ValueTask EndAsync(CancellationToken cancellationToken)
    {
        walker.End();
        return PassOnAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        walker.Add(buffer.Span);
        return PassOnAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask PassOnAsync(CancellationToken cancellationToken)
    {
        Produced += produced.WrittenCount;
        if (produced.WrittenCount > 0) await destination.WriteAsync(produced.WrittenMemory, cancellationToken);
        produced.ResetWrittenCount();
    }
}
