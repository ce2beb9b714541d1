using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Cli.Remote;

/// <summary>The bytes of attachments and complete messages on a server. The same bytes sent again change nothing there.</summary>
internal sealed class RemoteBlobs(ServerClient server) : IBlobStore
{
    /// <inheritdoc/>
    public async ValueTask<BlobRef> AddAsync(Stream content, CancellationToken cancellationToken)
    {
        if (content.CanSeek) return await SendAsync(content, cancellationToken);
        // A lost answer is asked for again, and then the bytes are needed a second time.
        await using var file = Temporary();
        await content.CopyToAsync(file, cancellationToken);
        file.Position = 0;
        return await SendAsync(file, cancellationToken);
    }

    /// <inheritdoc/>
    public Stream Open(BlobRef blob)
    {
        var file = Temporary();
        try
        {
            var sha256 = server.DownloadAsync($"api/blobs/{blob.Sha256}?size={blob.Size}", file, CancellationToken.None).GetAwaiter().GetResult();
            if (sha256 != blob.Sha256) throw new StoreException(StoreTrouble.Unreadable, $"the bytes {blob.Sha256} did not come whole from the server; try again");
            file.Position = 0;
            return file;
        }
        catch (CommandFailure missing) when (missing.ExitCode == ExitCodes.NotFound)
        {
            file.Dispose();
            throw new StoreException(StoreTrouble.Unreadable, $"the server has not the bytes {blob.Sha256} of an attachment, or has them damaged; schedule the email again with the original file", missing);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private async ValueTask<BlobRef> SendAsync(Stream content, CancellationToken cancellationToken)
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

    /// <summary>A file that nobody else can read and that goes when it is closed: it may be more than the memory holds.</summary>
    private static FileStream Temporary() => new(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);

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
