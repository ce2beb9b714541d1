using Microsoft.Win32.SafeHandles;

namespace Nightmail.Store.Sql.Sqlite.Connections;

/// <summary>
/// Room for the write-ahead log, made ahead of it. A flush of a file that has grown has to wait for the file system's journal, and with it
/// for everything that others write; a flush of bytes that were there before waits for those bytes alone. Zeros are no frames to SQLite, so
/// what lies behind the log's end means nothing to it.
/// </summary>
/// <param name="path">The log's path.</param>
internal sealed class LogRoom(string path) : IDisposable
{
    /// <summary>Room that is made at once: hundreds of commits.</summary>
    private const int Step = 4 * 1024 * 1024;

    /// <summary>Room that is left when more is made; no ordinary commit needs as much.</summary>
    private const int Reserve = 1024 * 1024;

    private static readonly byte[] Zeros = new byte[256 * 1024];
    private SafeFileHandle? file;
    private long size;

    /// <summary>Makes room, if it grows short, for a log that has reached this length. To be called by the thread that writes the log.</summary>
    public void Keep(long used)
    {
        if (used + Reserve <= size) return;
        try
        {
            file ??= File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            size = RandomAccess.GetLength(file);
            if (used + Reserve <= size) return;
            for (var end = size + Step; size < end; size += Zeros.Length) RandomAccess.Write(file, Zeros, size);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            // It is only for speed: SQLite makes the room itself, or says what is wrong with the disk.
            size = long.MaxValue / 2;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file?.Dispose();
}
