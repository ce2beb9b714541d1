using System.Globalization;

namespace Nightmail.Cli.Configuration;

/// <summary>Numbers of bytes in the configuration: <c>26214400</c>, <c>512KB</c>, <c>25 MB</c>, <c>25MiB</c>.</summary>
internal static class Sizes
{
    private const decimal Most = 1_000_000_000_000_000;
    private static readonly string[] Suffixes = ["KIB", "MIB", "GIB", "KB", "MB", "GB", "B"];
    private static readonly long[] Units = [1L << 10, 1L << 20, 1L << 30, 1_000, 1_000_000, 1_000_000_000, 1];

    /// <summary>The bytes, at least one; null when the text is no size.</summary>
    public static long? Parse(string text)
    {
        var trimmed = text.Trim();
        var index = Array.FindIndex(Suffixes, suffix => trimmed.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));
        var digits = index < 0 ? trimmed : trimmed[..^Suffixes[index].Length].TrimEnd();
        if (!decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) || count > Most) return null;
        var bytes = count * (index < 0 ? 1 : Units[index]);
        return bytes is >= 1 and <= Most ? (long)bytes : null;
    }
}
