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
    public Stream Open(BlobRef blob)
    {
        // A file that nobody else can read and that goes when it is closed: it may be more than the memory holds.
        var file = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        try
        {
            var sha256 = server.DownloadAsync($"api/blobs/{blob.Sha256}?size={blob.Size}", file, CancellationToken.None).GetAwaiter().GetResult();
            if (sha256 != blob.Sha256) throw new StoreException(StoreTrouble.Unreadable, $"the bytes {blob.Sha256} did not come whole from the server; try again");
            file.Position = 0;
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

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
