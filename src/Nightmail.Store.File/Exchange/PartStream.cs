namespace Nightmail.Store.File.Exchange;

/// <summary>The bytes that stand in successive lines of an export, as a stream that reads them when they are asked for.</summary>
internal sealed class PartStream(ExportReader reader, ExportLine.Part first) : ForwardStream
{
    private ReadOnlyMemory<byte> rest = first.Bytes;
    private long left = first.Blob.Size - first.Bytes.Length;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (rest.IsEmpty && left > 0)
        {
            // The reader lets nothing else stand here.
            rest = ((ExportLine.Part)(await reader.NextAsync(cancellationToken))!).Bytes;
            left -= rest.Length;
        }

        var count = Math.Min(buffer.Length, rest.Length);
        rest[..count].CopyTo(buffer);
        rest = rest[count..];
        return count;
    }
}
