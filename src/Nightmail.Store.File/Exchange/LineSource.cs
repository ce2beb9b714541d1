using System.Security.Cryptography;

namespace Nightmail.Store.File.Exchange;

/// <summary>The lines of a stream, one in memory at a time, with the hash of those that were read.</summary>
internal sealed class LineSource(Stream input) : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] buffer = new byte[256 * 1024];
    private int start, end, hashed;

    /// <summary>The number of the line that was read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>The hash of the lines before the one that was read last.</summary>
    public string HashBefore => Convert.ToHexStringLower(hash.GetCurrentHash());

    /// <summary>The next line without its line feed; null at the end. It is good until the next call.</summary>
    /// <exception cref="ImportException">It is longer than can be.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellationToken)
    {
        hash.AppendData(buffer.AsSpan(hashed, start - hashed));
        hashed = start;
        var looked = start;
        while (true)
        {
            var feed = buffer.AsSpan(looked, end - looked).IndexOf((byte)'\n');
            if (feed >= 0) return Take(looked + feed, withFeed: true);
            looked = end;
            if (end - start > ExportFormat.MaxLine) throw ImportException.At(Number + 1, 1, $"the line is longer than {ExportFormat.MaxLine / 1024 / 1024} MiB; this is no export of nightmail");
            MakeRoom(ref looked);
            var read = await input.ReadAsync(buffer.AsMemory(end), cancellationToken);
            end += read;
            if (read == 0) return start < end ? Take(end, withFeed: false) : (ReadOnlyMemory<byte>?)null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => hash.Dispose();

    private ReadOnlyMemory<byte> Take(int until, bool withFeed)
    {
        Number++;
        var line = buffer.AsMemory(start, until - start);
        start = until + (withFeed ? 1 : 0);
        return line;
    }

    private void MakeRoom(ref int looked)
    {
        if (end < buffer.Length) return;
        var next = start > 0 ? buffer : new byte[buffer.Length * 2];
        buffer.AsSpan(start, end - start).CopyTo(next);
        (looked, end, start, hashed, buffer) = (looked - start, end - start, 0, 0, next);
    }
}
