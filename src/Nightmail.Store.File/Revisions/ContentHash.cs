using System.Numerics;
using System.Runtime.InteropServices;

namespace Nightmail.Store.File.Revisions;

/// <summary>Tells whether bytes are the very ones that were written. Against accidents and editors, not against an attacker: four CRC-32C side by side, so that a megabyte takes some 50 µs.</summary>
internal static class ContentHash
{
    /// <summary>The hash of these bytes.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        var (a, b, c, d) = (~0u, 1u, 2u, 3u);
        var index = 0;
        for (; index + 4 <= words.Length; index += 4)
        {
            a = BitOperations.Crc32C(a, words[index]);
            b = BitOperations.Crc32C(b, words[index + 1]);
            c = BitOperations.Crc32C(c, words[index + 2]);
            d = BitOperations.Crc32C(d, words[index + 3]);
        }

        foreach (var rest in bytes[(index * sizeof(ulong))..]) a = BitOperations.Crc32C(a, rest);
        a = BitOperations.Crc32C(a, (ulong)bytes.Length);
        return ((ulong)BitOperations.Crc32C(a, c) << 32) | BitOperations.Crc32C(b, ((ulong)d << 32) | a);
    }
}
