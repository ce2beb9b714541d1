using System.Net;

namespace Nightmail.Cli.Remote;

/// <summary>A body that is read from a stream while it is sent, and tells how far it is. Nothing of it is held in memory.</summary>
internal sealed class WatchedContent : HttpContent
{
    private const int ChunkBytes = 64 * 1024;
    private readonly Stream source;
    private readonly Action<long> sent;

    /// <param name="source">The bytes; closed with this.</param>
    /// <param name="contentType">What they are.</param>
    /// <param name="sent">Is told how many have been sent.</param>
    public WatchedContent(Stream source, string contentType, Action<long> sent)
    {
        (this.source, this.sent) = (source, sent);
        Headers.ContentType = new(contentType);
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = new byte[ChunkBytes];
        var total = 0L;
        int read;
        while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            sent(total += read);
        }
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = source.CanSeek ? source.Length : 0;
        return source.CanSeek;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) source.Dispose();
        base.Dispose(disposing);
    }
}
