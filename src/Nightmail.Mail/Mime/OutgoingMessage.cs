using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Mime;

/// <summary>A message made of pieces in memory and pieces that are read from the blob store each time it is written.</summary>
internal sealed class OutgoingMessage(IReadOnlyList<ISegment> segments, bool is8Bit, bool needsSmtpUtf8, HeaderForm? header = null) : IOutgoingMessage
{
    /// <inheritdoc/>
    public long Length { get; } = segments.Sum(segment => segment.Length);

    /// <inheritdoc/>
    public bool Is8Bit => is8Bit;

    /// <inheritdoc/>
    public bool NeedsSmtpUtf8 => needsSmtpUtf8;

    /// <inheritdoc/>
    public HeaderForm Header => header ?? (needsSmtpUtf8 ? HeaderForm.Utf8 : HeaderForm.Ascii);

    /// <inheritdoc/>
    public async ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        foreach (var segment in segments) await segment.CopyToAsync(destination, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A piece of a message whose size is known before it is written.</summary>
internal interface ISegment
{
    /// <summary>Its exact size in bytes.</summary>
    long Length { get; }

    /// <summary>Writes all of it; can be called more than once.</summary>
    ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken);
}

/// <summary>Bytes in memory.</summary>
internal sealed record MemorySegment(ReadOnlyMemory<byte> Bytes) : ISegment
{
    /// <inheritdoc/>
    public long Length => Bytes.Length;

    /// <inheritdoc/>
    public ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken) => destination.WriteAsync(Bytes, cancellationToken);
}
