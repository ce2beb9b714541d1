namespace Nightmail.Store.File.Format;

/// <summary>Places in a file as an editor counts them.</summary>
internal static class TextPlace
{
    /// <summary>Line and column of an offset, both from 1.</summary>
    public static string Of(ReadOnlySpan<byte> bytes, int offset)
    {
        var before = bytes[..offset];
        var line = before.Count((byte)'\n') + 1;
        var column = System.Text.Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
        return $"line {line}, column {column}";
    }

    /// <summary>Line and column of a part of a file.</summary>
    public static string Of(QueueDocument document, QueueEntry entry) =>
        document.Bytes.Overlaps(entry.Raw.Span, out var offset) ? Of(document.Bytes, offset) : "an unknown place";
}
