using System.Buffers;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Mail.Mime;

/// <summary>A blob as base64 lines, without a line end behind the last.</summary>
internal sealed record Base64Segment(IBlobStore Blobs, BlobRef Blob) : ISegment
{
    /// <summary>Lines that are read, encoded and written at once: 57 kB in, 78 kB out.</summary>
    private const int LinesAtOnce = 1_000;

    /// <inheritdoc/>
    public long Length => Base64Lines.EncodedLength(Blob.Size);

    /// <inheritdoc/>
    public async ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        const int Room = Base64Lines.BytesPerLine * LinesAtOnce;
        var input = ArrayPool<byte>.Shared.Rent(Room);
        var output = ArrayPool<byte>.Shared.Rent(LinesAtOnce * 78);
        try
        {
            await using var content = Blobs.Open(Blob);
            for (var left = Blob.Size; left > 0;)
            {
                var wanted = (int)Math.Min(Room, left);
                var read = await content.ReadAtLeastAsync(input.AsMemory(0, wanted), wanted, throwOnEndOfStream: false, cancellationToken);
                if (read < wanted) throw BlobReading.TooShort(Blob);
                var written = Base64Lines.EncodeLines(input.AsSpan(0, read), output, startsText: left == Blob.Size);
                await destination.WriteAsync(output.AsMemory(0, written), cancellationToken);
                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
            ArrayPool<byte>.Shared.Return(output);
        }
    }
}

/// <summary>A blob from an offset to its end, with every line end made CRLF and one at the end.</summary>
/// <param name="Blobs">Where it lies.</param>
/// <param name="Blob">Which.</param>
/// <param name="Offset">Where in it to start.</param>
/// <param name="Length">The size it comes to, counted by <see cref="CountAsync"/>.</param>
internal sealed record LinesSegment(IBlobStore Blobs, BlobRef Blob, long Offset, long Length) : ISegment
{
    private const int BufferSize = 32 * 1024;

    /// <inheritdoc/>
    public async ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        var written = await ReadAsync(Blobs, Blob, Offset, piece => destination.WriteAsync(piece, cancellationToken), cancellationToken);
        if (written != Length) throw BlobReading.TooShort(Blob);
    }

    /// <summary>Reads the blob once to know its size with CRLF line ends, whether a byte above 127 occurs, and its longest line without the CRLF.</summary>
    /// <exception cref="Core.Delivery.MessageInvalidException">It holds a NUL, which some servers take for an end and others drop.</exception>
    public static async ValueTask<(LinesSegment Segment, bool Is8Bit, long LongestLine)> CountAsync(IBlobStore blobs, BlobRef blob, long offset, CancellationToken cancellationToken)
    {
        var is8Bit = false;
        var (column, longest) = (0L, 0L);
        var length = await ReadAsync(blobs, blob, offset, Look, cancellationToken);
        return (new LinesSegment(blobs, blob, offset, length), is8Bit, longest);

        ValueTask Look(ReadOnlyMemory<byte> piece)
        {
            if (piece.Span.Contains((byte)0)) throw new Core.Delivery.MessageInvalidException("the text of the message holds a NUL, which no server has to carry; encode it as quoted-printable or base64");
            is8Bit |= !System.Text.Ascii.IsValid(piece.Span);
            Measure(piece.Span);
            return ValueTask.CompletedTask;
        }

        void Measure(ReadOnlySpan<byte> piece)
        {
            for (int end; (end = piece.IndexOf((byte)'\r')) >= 0; piece = piece[(end + 1)..])
            {
                longest = Math.Max(longest, column + end);
                // The LF that follows is counted to the next line.
                column = -1;
            }

            column += piece.Length;
        }
    }

    private static async ValueTask<long> ReadAsync(
        IBlobStore blobs, BlobRef blob, long offset, Func<ReadOnlyMemory<byte>, ValueTask> consume, CancellationToken cancellationToken)
    {
        var input = ArrayPool<byte>.Shared.Rent(BufferSize);
        var output = ArrayPool<byte>.Shared.Rent(input.Length * 2);
        try
        {
            await using var content = blobs.Open(blob);
            content.Position = offset;
            var normaliser = new CrlfNormaliser();
            long length = 0;
            int read;
            while ((read = await content.ReadAsync(input, cancellationToken)) > 0)
            {
                var written = normaliser.Next(input.AsSpan(0, read), output);
                length += written;
                await consume(output.AsMemory(0, written));
            }

            var end = normaliser.End(output);
            await consume(output.AsMemory(0, end));
            return length + end;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
            ArrayPool<byte>.Shared.Return(output);
        }
    }
}

/// <summary>What reading a blob can come to.</summary>
internal static class BlobReading
{
    /// <summary>A blob that is not what its name says. It is the store that is damaged, not the email.</summary>
    public static StoreException TooShort(BlobRef blob) => new(StoreTrouble.Unreadable, $"the file with the SHA-256 {blob.Sha256} is not {blob.Size} bytes long any more; bring it back from a backup");

    /// <summary>The first bytes of a blob, at most <paramref name="most"/>.</summary>
    public static async ValueTask<byte[]> BeginningAsync(IBlobStore blobs, BlobRef blob, int most, CancellationToken cancellationToken)
    {
        await using var content = blobs.Open(blob);
        if (content.Length != blob.Size) throw TooShort(blob);
        var bytes = new byte[(int)Math.Min(most, blob.Size)];
        await content.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }
}
