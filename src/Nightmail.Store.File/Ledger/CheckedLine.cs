using System.Buffers.Text;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Nightmail.Store.File.Ledger;

/// <summary>
/// Lines of an append-only file: eight hex digits of CRC-32C, a space, compact JSON, a line feed. A line that an append left half
/// written fails its check and is passed over; the JSON holds no line feed of its own.
/// </summary>
internal static class CheckedLine
{
    private const int DigitCount = 8;

    /// <summary>The line for <paramref name="json"/>, with its line feed.</summary>
    public static byte[] Write(ReadOnlySpan<byte> json)
    {
        var line = new byte[DigitCount + 1 + json.Length + 1];
        Utf8Formatter.TryFormat(Checksum(json), line, out _, new('x', DigitCount));
        line[DigitCount] = (byte)' ';
        json.CopyTo(line.AsSpan(DigitCount + 1));
        line[^1] = (byte)'\n';
        return line;
    }

    /// <summary>The JSON of a line without its line feed.</summary>
    /// <returns>False when the line is empty or damaged.</returns>
    public static bool TryRead(ReadOnlyMemory<byte> line, out ReadOnlyMemory<byte> json)
    {
        json = default;
        if (line.Length <= DigitCount + 1 || line.Span[DigitCount] != ' ') return false;
        if (!Utf8Parser.TryParse(line.Span[..DigitCount], out uint wanted, out var consumed, 'x') || consumed != DigitCount) return false;
        json = line[(DigitCount + 1)..];
        return Checksum(json.Span) == wanted;
    }

    /// <summary>The CRC-32C of a line's JSON.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words) sum = BitOperations.Crc32C(sum, word);
        foreach (var rest in bytes[(words.Length * sizeof(ulong))..]) sum = BitOperations.Crc32C(sum, rest);
        return ~sum;
    }
}
