namespace Nightmail.Tests.Store.File.Salvage;

/// <summary>What becomes of something that could help.</summary>
public enum Keepsake
{
    /// <summary>It is as it was.</summary>
    Whole,

    /// <summary>It is gone.</summary>
    Gone,

    /// <summary>It is damaged in the same stroke.</summary>
    Damaged,
}

/// <summary>Accidents that happen to bytes.</summary>
internal static class Damaged
{
    private const int LongestBlock = 2000;

    /// <summary>The bytes after a block was lost, a block of them was written twice, or one byte was flipped.</summary>
    public static byte[] Bytes(byte[] whole, Random random)
    {
        var at = random.Next(whole.Length);
        var count = random.Next(1, Math.Min(LongestBlock, whole.Length - at) + 1);
        switch (random.Next(4))
        {
            case 0:
                return [.. whole.AsSpan(0, at), .. whole.AsSpan(at + count)];
            case 1:
                return [.. whole.AsSpan(0, at), .. whole.AsSpan(random.Next(whole.Length - count), count), .. whole.AsSpan(at)];
            default:
                var flipped = whole.ToArray();
                flipped[at] ^= (byte)random.Next(1, 256);
                return flipped;
        }
    }
}
