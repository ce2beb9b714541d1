using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Remote;

/// <summary>The bytes of attachments and complete messages on a server. The same bytes sent again change nothing there.</summary>
internal sealed class RemoteBlobs(ServerClient server) : IBlobStore
{
    /// <inheritdoc/>
    public async ValueTask<BlobRef> AddAsync(Stream content, CancellationToken cancellationToken)
    {
        var start = content.Position;
        var request = new ServerRequest(HttpMethod.Post, "api/blobs")
        {
            Content = () =>
            {
                content.Position = start;
                // The content closes what it was given; whoever opened this closes it themselves.
                return new StreamContent(new Unclosed(content)) { Headers = { ContentType = new("application/octet-stream") } };
            },
        };
        return EmailReading.Blob(await server.AskAsync(request, cancellationToken));
    }

    /// <inheritdoc/>
    public Stream Open(BlobRef blob) =>
        new MemoryStream(server.DownloadAsync($"api/blobs/{blob.Sha256}?size={blob.Size}", CancellationToken.None).GetAwaiter().GetResult(), writable: false);

    private sealed class Unclosed(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
