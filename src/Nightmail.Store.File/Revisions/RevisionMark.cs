using System.Globalization;
using System.Text;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Revisions;

/// <summary>
/// The line that stands before and after what is kept of a revision: before, so that a file of them can be read from its start; after, so
/// that its last one is known without reading the file. A write that was cut off leaves no line at the end.
/// </summary>
/// <param name="IsWhole">True for a whole queue, false for what changed since the revision before.</param>
/// <param name="Revision">The revision of the queue file.</param>
/// <param name="At">Since when it was the current one, in Unix seconds.</param>
/// <param name="Length">Bytes between the two lines.</param>
/// <param name="Hash">The hash of these bytes.</param>
/// <param name="FileLength">Bytes of the queue file.</param>
/// <param name="FileHash">The hash of the queue file.</param>
internal sealed record RevisionMark(bool IsWhole, long Revision, long At, int Length, ulong Hash, int FileLength, ulong FileHash)
{
    private const string Word = "nightmail-revision";

    /// <summary>Bytes of a line, with its line break.</summary>
    public static int Size { get; } = new RevisionMark(false, 0, 0, 0, 0, 0, 0).ToBytes().Length;

    /// <summary>True when these are the very bytes that were written as this revision.</summary>
    public bool Is(QueueDocument document) => document.Revision == Revision && document.Length == FileLength && ContentHash.Of(document.Bytes) == FileHash;

    /// <summary>The line.</summary>
    public byte[] ToBytes() => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $"{Word} {(IsWhole ? 'w' : 'c')} {Revision:D19} {At:D12} {Length:D10} {Hash:x16} {FileLength:D10} {FileHash:x16}\n"));

    /// <summary>Reads a line; null when it is none.</summary>
    public static RevisionMark? Read(ReadOnlySpan<byte> line)
    {
        if (line.Length != Size || line[^1] != '\n') return null;
        var parts = Encoding.ASCII.GetString(line[..^1]).Split(' ');
        const NumberStyles whole = NumberStyles.None, hex = NumberStyles.AllowHexSpecifier;
        var culture = CultureInfo.InvariantCulture;
        if (parts is not [Word, "w" or "c", var revision, var at, var length, var hash, var fileLength, var fileHash]) return null;
        if (!long.TryParse(revision, whole, culture, out var number) || !long.TryParse(at, whole, culture, out var seconds) || !int.TryParse(length, whole, culture, out var bytes)
            || !ulong.TryParse(hash, hex, culture, out var sum) || !int.TryParse(fileLength, whole, culture, out var fileBytes) || !ulong.TryParse(fileHash, hex, culture, out var fileSum)) return null;
        return new(parts[1] == "w", number, seconds, bytes, sum, fileBytes, fileSum);
    }
}
