using System.Globalization;

namespace Nightmail.Mail.Mime;

/// <summary>The date and time of a header (RFC 5322 section 3.3).</summary>
internal static class InternetDate
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    /// <summary>For example <c>Tue, 01 Dec 2026 09:00:00 +0100</c>.</summary>
    public static string Format(DateTimeOffset date)
    {
        var offset = date.Offset;
        var sign = offset < TimeSpan.Zero ? '-' : '+';
        return date.ToString("ddd, dd MMM yyyy HH:mm:ss ", CultureInfo.InvariantCulture) + sign + offset.ToString("hhmm", CultureInfo.InvariantCulture);
    }

    /// <summary>Reads what <see cref="Format"/> writes and the obsolete forms: two-digit years, no seconds, named zones, a comment at the end. A zone nobody knows counts as UTC (RFC 5322 4.3).</summary>
    public static bool TryParse(string text, out DateTimeOffset date)
    {
        date = default;
        var comment = text.IndexOf('(', StringComparison.Ordinal);
        var words = (comment < 0 ? text : text[..comment]).Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > 0 && char.IsAsciiLetter(words[0][0])) words = words[1..];
        if (words.Length is < 4 or > 5) return false;
        var time = words[3].Split(':');
        if (!Number(words[0], 31, out var day) || !Number(words[2], 9999, out var year) || time.Length is < 2 or > 3) return false;
        var month = words[1].Length < 3 ? 0 : Array.IndexOf(Months, words[1][..3].ToLowerInvariant()) + 1;
        var second = 0;
        if (month == 0 || !Number(time[0], 23, out var hour) || !Number(time[1], 59, out var minute) || (time.Length == 3 && !Number(time[2], 60, out second))) return false;
        if (words[2].Length <= 3) year += year < 50 && words[2].Length == 2 ? 2000 : 1900;
        if (year < 1 || day < 1 || day > DateTime.DaysInMonth(year, month)) return false;
        // A leap second has no name here; it counts as the last second of its minute.
        var local = new DateTime(year, month, day, hour, minute, Math.Min(second, 59), DateTimeKind.Unspecified);
        var offset = Offset(words.Length == 5 ? words[4] : "");
        if (local.Ticks < offset.Ticks || local.Ticks - offset.Ticks > DateTime.MaxValue.Ticks) return false;
        date = new DateTimeOffset(local, offset);
        return true;
    }

    private static TimeSpan Offset(string zone)
    {
        if (zone.Length == 5 && zone[0] is '+' or '-' && Number(zone[1..3], 13, out var hours) && Number(zone[3..], 59, out var minutes))
            return new TimeSpan(hours, minutes, 0) * (zone[0] == '-' ? -1 : 1);
        return TimeSpan.FromHours(zone.ToUpperInvariant() switch
        {
            "EDT" => -4,
            "EST" or "CDT" => -5,
            "CST" or "MDT" => -6,
            "MST" or "PDT" => -7,
            "PST" => -8,
            _ => 0,
        });
    }

    private static bool Number(string text, int max, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= max;
}
