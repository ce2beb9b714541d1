using System.Buffers.Binary;

namespace Nightmail.Mail.Smtp;

/// <summary>
/// The bytes under TLS, given out one record at a time. TLS would read as much as there is and keep it, and then nobody could say whether a
/// server has said more than was read; like this the records that were not asked for stay here, where they can be seen.
/// </summary>
internal sealed class TlsRecords(Stream inner) : Stream
{
    /// <summary>Most text in one record (RFC 8446 5.1).</summary>
    public const int MaxText = 16 * 1_024;

    private const int HeaderLength = 5;
    private readonly byte[] buffer = new byte[MaxText];
    private int start;
    private int end;
    private int leftOfRecord;

    /// <summary>True when bytes have come that were not given out.</summary>
    public bool HasBytes => start < end;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        if (destination.IsEmpty) return 0;
        while (leftOfRecord == 0 && end - start < HeaderLength)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            var count = await inner.ReadAsync(buffer.AsMemory(end), cancellationToken);
            end += count;
            // What came before the end is no whole header; whoever reads it finds that out.
            if (count == 0) leftOfRecord = end;
            if (count == 0 && end == 0) return 0;
        }

        if (leftOfRecord == 0) leftOfRecord = HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(start + HeaderLength - 2));
        if (start == end)
        {
            // The rest of a record that is known goes past the buffer.
            var direct = await inner.ReadAsync(destination[..Math.Min(destination.Length, leftOfRecord)], cancellationToken);
            leftOfRecord -= direct;
            return direct;
        }

        var given = Math.Min(Math.Min(destination.Length, leftOfRecord), end - start);
        buffer.AsMemory(start, given).CopyTo(destination);
        start += given;
        leftOfRecord -= given;
        return given;
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) => inner.WriteAsync(source, cancellationToken);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] destination, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(destination.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] source, int offset, int count, CancellationToken cancellationToken) => inner.WriteAsync(source, offset, count, cancellationToken);

    /// <inheritdoc/>
    public override int Read(byte[] destination, int offset, int count) => throw new NotSupportedException("the conversation reads asynchronously");

    /// <inheritdoc/>
    public override void Write(byte[] source, int offset, int count) => inner.Write(source, offset, count);

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> source) => inner.Write(source);

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
