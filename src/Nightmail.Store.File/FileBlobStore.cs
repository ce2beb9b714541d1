using System.Buffers;
using System.Security.Cryptography;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File;

/// <summary>Attachments and complete messages, each a file named by the SHA-256 of its bytes.</summary>
public sealed class FileBlobStore : IBlobStore
{
    private const int ChunkBytes = 128 * 1024;
    private const int HashDigits = 64;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private readonly IDisk disk;
    private readonly string folder;
    private readonly string writer;
    private long count;

    internal FileBlobStore(IDisk disk, string folder, string writer) => (this.disk, this.folder, this.writer) = (disk, folder, writer);

    /// <inheritdoc/>
    public async ValueTask<BlobRef> AddAsync(Stream content, CancellationToken cancellationToken)
    {
        disk.EnsureFolder(folder);
        var temporary = Path.Combine(folder, $".{writer}-{Interlocked.Increment(ref count)}{QueuePaths.TemporaryEnding}");
        try
        {
            var blob = await CopyAsync(content, temporary, cancellationToken);
            // Replacing one that is there already does no harm, and makes it durable even if its first writer died before that.
            disk.Rename(temporary, PathOf(folder, blob)!);
            disk.SyncFolder(folder);
            return blob;
        }
        catch
        {
            AtomicFile.TryDelete(disk, temporary);
            throw;
        }
    }

    /// <inheritdoc/>
    public Stream Open(BlobRef blob)
    {
        var path = PathOf(folder, blob) ?? throw Damaged(blob, "its name is no hash");
        var file = disk.OpenRead(path) ?? throw Damaged(blob, "the file is missing");
        var stream = new DiskFileStream(file);
        try
        {
            if (stream.Length != blob.Size) throw Damaged(blob, $"the file has {stream.Length} bytes instead of {blob.Size}");
            var hash = Convert.ToHexStringLower(SHA256.HashData(stream));
            if (hash != blob.Sha256) throw Damaged(blob, "its bytes have changed");
            stream.Position = 0;
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Where the bytes lie; null when that is no hash.</summary>
    internal static string? PathOf(string folder, BlobRef blob) =>
        blob.Sha256.Length == HashDigits && !blob.Sha256.AsSpan().ContainsAnyExcept(HexDigits) ? Path.Combine(folder, blob.Sha256) : null;

    private async ValueTask<BlobRef> CopyAsync(Stream content, string temporary, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = disk.CreateNew(temporary);
        var buffer = new byte[ChunkBytes];
        var size = 0L;
        for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0; size += read)
        {
            hash.AppendData(buffer.AsSpan(0, read));
            file.Write(buffer.AsSpan(0, read));
        }

        file.Sync();
        return new(Convert.ToHexStringLower(hash.GetHashAndReset()), size);
    }

    private StoreException Damaged(BlobRef blob, string why) =>
        new(StoreTrouble.Unreadable, $"cannot read the attachment {Path.Combine(folder, blob.Sha256)}: {why}; schedule the email again with the original file");
}
