using System.Buffers;
using System.Security.Cryptography;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Folder;

namespace Nightmail.Store.Sql.Sqlite;

/// <summary>Attachments and complete messages, each a file named by the SHA-256 of its bytes: a large one must not pass through a database's log.</summary>
public sealed class SqliteBlobStore : IBlobStore
{
    private const int ChunkBytes = 128 * 1024;
    private const int HashDigits = 64;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private readonly string folder;
    private long count;

    internal SqliteBlobStore(string folder)
    {
        this.folder = folder;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // Whoever began these has died: one process owns the folder, and that is us.
        foreach (var leftover in Directory.EnumerateFiles(folder, ".*.part")) File.Delete(leftover);
    }

    /// <inheritdoc/>
    public async ValueTask<BlobRef> AddAsync(Stream content, CancellationToken cancellationToken)
    {
        var temporary = Path.Combine(folder, $".{Interlocked.Increment(ref count)}.part");
        try
        {
            var blob = await CopyAsync(content, temporary, cancellationToken);
            File.Move(temporary, PathOf(blob)!, overwrite: true);
            DataFolder.SyncFolder(folder);
            return blob;
        }
        catch (Exception failed)
        {
            File.Delete(temporary);
            if (failed is not (IOException or UnauthorizedAccessException)) throw;
            throw new StoreException(StoreTrouble.Unwritable, $"an attachment cannot be kept in {folder}: {failed.Message}; nothing was changed", failed);
        }
    }

    /// <inheritdoc/>
    public Stream Open(BlobRef blob)
    {
        var path = PathOf(blob) ?? throw Damaged(blob, "its name is no hash");
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (stream.Length != blob.Size) throw Damaged(blob, $"the file has {stream.Length} bytes instead of {blob.Size}");
            if (Convert.ToHexStringLower(SHA256.HashData(stream)) != blob.Sha256) throw Damaged(blob, "its bytes have changed");
            stream.Position = 0;
            return stream;
        }
        catch (Exception failed)
        {
            stream?.Dispose();
            if (failed is IOException or UnauthorizedAccessException) throw Damaged(blob, failed.Message);
            throw;
        }
    }

    /// <summary>True when the bytes are kept.</summary>
    internal bool Has(BlobRef blob) => PathOf(blob) is { } path && new FileInfo(path) is { Exists: true } file && file.Length == blob.Size;

    /// <summary>True when a file of that hash is kept.</summary>
    internal bool HasHash(string sha256) => sha256.Length == HashDigits && !sha256.AsSpan().ContainsAnyExcept(HexDigits) && File.Exists(Path.Combine(folder, sha256));

    /// <summary>The hashes of files that were kept or used anew before a moment.</summary>
    internal IReadOnlyList<string> Before(DateTimeOffset moment) =>
        [.. new DirectoryInfo(folder).EnumerateFiles().Where(file => file.Name.Length == HashDigits && file.LastWriteTimeUtc < moment.UtcDateTime).Select(file => file.Name)];

    /// <summary>Removes a file that no email needs.</summary>
    internal void Remove(string sha256) => File.Delete(Path.Combine(folder, sha256));

    private static async ValueTask<BlobRef> CopyAsync(Stream content, string temporary, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var buffer = new byte[ChunkBytes];
        var size = 0L;
        for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0; size += read)
        {
            hash.AppendData(buffer.AsSpan(0, read));
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        file.Flush(flushToDisk: true);
        return new(Convert.ToHexStringLower(hash.GetHashAndReset()), size);
    }

    private string? PathOf(BlobRef blob) =>
        blob.Sha256.Length == HashDigits && !blob.Sha256.AsSpan().ContainsAnyExcept(HexDigits) ? Path.Combine(folder, blob.Sha256) : null;

    private StoreException Damaged(BlobRef blob, string why) =>
        new(StoreTrouble.Unreadable, $"cannot read the attachment {Path.Combine(folder, blob.Sha256)}: {why}; schedule the email again with the original file");
}
