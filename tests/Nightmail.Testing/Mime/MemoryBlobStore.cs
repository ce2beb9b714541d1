using System.Security.Cryptography;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Testing.Mime;

/// <summary>Blobs in memory.</summary>
public sealed class MemoryBlobStore : IBlobStore
{
    private readonly Dictionary<string, byte[]> blobs = [];

    /// <summary>The reference by which a blob store knows these bytes.</summary>
    public static BlobRef RefOf(ReadOnlySpan<byte> content) => new(Convert.ToHexStringLower(SHA256.HashData(content)), content.Length);

    /// <summary>Keeps the bytes.</summary>
    public BlobRef Add(byte[] content)
    {
        var blob = RefOf(content);
        blobs[blob.Sha256] = content;
        return blob;
    }

    /// <summary>Puts other bytes in a blob's place, as a damaged disk would.</summary>
    public void Damage(BlobRef blob, byte[] content) => blobs[blob.Sha256] = content;

    /// <inheritdoc/>
    public async ValueTask<BlobRef> AddAsync(Stream content, CancellationToken cancellationToken)
    {
        using var copy = new MemoryStream();
        await content.CopyToAsync(copy, cancellationToken);
        return Add(copy.ToArray());
    }

    /// <inheritdoc/>
    public Stream Open(BlobRef blob) => blobs.TryGetValue(blob.Sha256, out var content)
        ? new MemoryStream(content, writable: false)
        : throw new StoreException(StoreTrouble.Unreadable, "no such blob");
}
