using System.Globalization;

namespace Nightmail.Cli.Configuration;

/// <summary>Lengths of time in the configuration: <c>90s</c>, <c>5m</c>, <c>4h</c>, <c>5d</c>, <c>1500ms</c>, <c>00:05:00</c>.</summary>
internal static class Durations
{
    /// <summary>No wait, time-out or retention is meant to be longer: ten years.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3660);

    private static readonly Unit[] Units =
    [
        new("ms", TimeSpan.FromMilliseconds(1)),
        new("s", TimeSpan.FromSeconds(1)),
        new("m", TimeSpan.FromMinutes(1)),
        new("h", TimeSpan.FromHours(1)),
        new("d", TimeSpan.FromDays(1)),
    ];

    /// <summary>The length of time, never negative; null when the text is none.</summary>
    public static TimeSpan? Parse(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Contains(':', StringComparison.Ordinal))
            return TimeSpan.TryParseExact(trimmed, ["c", @"h\:mm\:ss", @"h\:mm"], CultureInfo.InvariantCulture, out var span) && span >= TimeSpan.Zero && span <= Longest ? span : null;
        foreach (var unit in Units)
        {
            if (!trimmed.EndsWith(unit.Suffix, StringComparison.OrdinalIgnoreCase)) continue;
            return double.TryParse(trimmed.AsSpan(0, trimmed.Length - unit.Suffix.Length).TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
                ? Times(unit.Length, count) : null;
        }

        return null;
    }

    /// <summary>So many of a unit; null when that is negative or beyond all sense.</summary>
    public static TimeSpan? Times(TimeSpan unit, double count) =>
        double.IsFinite(count) && count >= 0 && unit.Ticks * count <= Longest.Ticks ? unit * count : null;

    /// <summary>The text that <see cref="Parse"/> reads as this.</summary>
    public static string Format(TimeSpan span)
    {
        if (span == TimeSpan.Zero) return "0s";
        var fitting = Array.FindLast(Units, unit => span.Ticks % unit.Length.Ticks == 0) ?? Units[0];
        return string.Create(CultureInfo.InvariantCulture, $"{span / fitting.Length}{fitting.Suffix}");
    }

    // A class, so that looking through them takes no generic code over a type of ours.
    private sealed record Unit(string Suffix, TimeSpan Length);
}
