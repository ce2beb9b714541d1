using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Transactions;

/// <summary>The queue file as last seen. Every look compares the bytes on disk with those; only where they differ are they read anew. Not safe for two threads at once.</summary>
internal sealed class QueueCache(IDisk disk, string path)
{
    private const int ChunkBytes = 128 * 1024;
    private byte[]? chunk;
    private QueueDocument? seen;

    /// <summary>What is there now.</summary>
    public QueueDocument Read()
    {
        using var file = disk.OpenRead(path);
        if (file is null) return seen = QueueDocument.Empty;
        if (seen is { Length: > 0 } && Holds(file, seen.Bytes)) return seen;
        return seen = QueueScanner.Scan(file.ReadAll(), seen, path);
    }

    /// <summary>Notes what was just written.</summary>
    public void Written(QueueDocument document) => seen = document;

    /// <summary>Forgets everything, so that the next look reads what is really there.</summary>
    public void Forget() => seen = null;

    private bool Holds(IDiskFile file, ReadOnlySpan<byte> bytes)
    {
        if (file.Length != bytes.Length) return false;
        chunk ??= new byte[ChunkBytes];
        for (var offset = 0; offset < bytes.Length;)
        {
            var count = file.Read(chunk.AsSpan(0, Math.Min(ChunkBytes, bytes.Length - offset)), offset);
            if (count == 0 || !bytes.Slice(offset, count).SequenceEqual(chunk.AsSpan(0, count))) return false;
            offset += count;
        }

        return true;
    }
}
