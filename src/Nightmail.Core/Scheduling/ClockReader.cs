using NodaTime;

namespace Nightmail.Core.Scheduling;

// Plain loops over a few letters, here and in the other readers: the vectorised searches are compiled at run time, 10 ms at each start.

/// <summary>Reads dates of the calendar: <c>2026-12-24</c>.</summary>
internal static class DateReader
{
    /// <summary>The date, or null; a problem only when the word is meant as a date and is none.</summary>
    public static LocalDate? Read(string word, ref string? problem)
    {
        if (LooksForeign(word)) problem = "write a date as year-month-day, like 2026-12-24";
        if (word.Length != 10 || word[4] != '-' || word[7] != '-') return null;
        if (!TryDigits(word.AsSpan(0, 4), out var year) || !TryDigits(word.AsSpan(5, 2), out var month) || !TryDigits(word.AsSpan(8, 2), out var day)) return null;
        if (year is < WhenParser.FirstYear or > WhenParser.LastYear) problem = $"the year must be between {WhenParser.FirstYear} and {WhenParser.LastYear}";
        else if (month is < 1 or > 12) problem = $"there is no month {month}; a date is year-month-day";
        else if (day < 1 || day > CalendarSystem.Iso.GetDaysInMonth(year, month)) problem = $"{year:D4}-{month:D2} has {CalendarSystem.Iso.GetDaysInMonth(year, month)} days";
        return problem is null ? new LocalDate(year, month, day) : null;
    }

    /// <summary>Only digits, all of them ASCII.</summary>
    public static bool TryDigits(ReadOnlySpan<char> text, out int value)
    {
        value = 0;
        if (text.Length is 0 or > 9) return false;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit(digit)) return false;
            value = (value * 10) + (digit - '0');
        }

        return true;
    }

    /// <summary>24.12.2026, 12/24/2026, 2026-1-2: a date, but nobody can be sure which.</summary>
    private static bool LooksForeign(string word)
    {
        if (!word.All(letter => char.IsAsciiDigit(letter) || letter is '.' or '/' or '-')) return false;
        foreach (var separator in "./-")
            if (word.Count(letter => letter == separator) == 2) return word.Length != 10 || word[4] != '-' || word[7] != '-';
        return false;
    }
}

/// <summary>Reads times of day: <c>17:30</c>, <c>17:30:15</c>, <c>5pm</c>, <c>9:30am</c>, <c>noon</c>, with an offset behind: <c>18:00+01:00</c>.</summary>
internal static class ClockReader
{
    /// <summary>True for <c>am</c> and <c>pm</c>.</summary>
    public static bool IsHalf(string word) => word is "am" or "pm" or "a.m." or "p.m.";

    /// <summary>True for <c>z</c>, <c>+01:00</c> and <c>-0330</c>.</summary>
    public static bool IsOffset(string word) => TryOffset(word, out _);

    /// <summary>The time, or null; a problem only when the word is meant as a time and is none.</summary>
    public static TimePhrase? Read(string word, ref string? problem)
    {
        if (word == "noon") return new(LocalTime.Noon, TimeSpan.FromMinutes(1), null);
        if (!char.IsAsciiDigit(word[0])) return null;
        var text = word.AsSpan();
        TimeSpan? offset = null;
        if (SignOf(text) is > 0 and var sign)
        {
            if (!TryOffset(text[sign..], out var behind)) return null;
            text = text[..sign];
            offset = behind;
        }

        var half = Half(ref text);
        var parts = text.Count(':') + 1;
        if (parts > 3 || (parts == 1 && half is null)) return null;
        Span<Range> at = stackalloc Range[3];
        text.Split(at, ':');
        var (minute, second, milliseconds) = (0, 0, 0);
        if (!Within(text[at[0]], 2, out var hour) || (parts > 1 && !(text[at[1]].Length == 2 && Within(text[at[1]], 2, out minute)))) return null;
        if (parts > 2 && !TrySeconds(text[at[2]], out second, out milliseconds)) return null;
        if (half is not null && hour is < 1 or > 12) problem = $"'{WhenParser.Printable(word)}': with am and pm the hour is 1 to 12";
        else if (hour == 24 && minute == 0) problem = "24:00 is 0:00 of the next day: write that";
        else if (hour > 23 || minute > 59 || second > 59) problem = $"there is no time '{WhenParser.Printable(word)}'";
        if (problem is not null) return null;
        if (half is { } afternoon) hour = (hour % 12) + (afternoon ? 12 : 0);
        var time = new LocalTime(hour, minute, second).PlusMilliseconds(milliseconds);
        return new(time, parts > 2 ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(1), offset);
    }

    /// <summary>Where an offset begins; 0 when there is none.</summary>
    private static int SignOf(ReadOnlySpan<char> text)
    {
        var at = text.Length - 1;
        while (at > 0 && text[at] is not ('z' or '+' or '-')) at--;
        return at;
    }

    private static bool? Half(ref ReadOnlySpan<char> text)
    {
        foreach (var (suffix, afternoon) in ((string, bool)[])[("am", false), ("pm", true), ("a.m.", false), ("p.m.", true)])
        {
            if (!text.EndsWith(suffix)) continue;
            text = text[..^suffix.Length];
            return afternoon;
        }

        return null;
    }

    /// <summary>Seconds with a fraction; what lies below a millisecond is rounded up, so that nothing is early.</summary>
    private static bool TrySeconds(ReadOnlySpan<char> text, out int second, out int milliseconds)
    {
        milliseconds = 0;
        if (!Within(text[..Math.Min(2, text.Length)], 2, out second) || text.Length < 2) return false;
        if (text.Length == 2) return true;
        if (text[2] != '.' || text.Length is < 4 or > 30) return false;
        foreach (var digit in text[3..]) if (!char.IsAsciiDigit(digit)) return false;
        for (var i = 3; i < 6; i++) milliseconds = (milliseconds * 10) + (i < text.Length ? text[i] - '0' : 0);
        if (text.Length > 6 && !text[6..].TrimStart('0').IsEmpty && milliseconds < 999) milliseconds++;
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<char> text, out TimeSpan offset)
    {
        offset = default;
        if (text is "z") return true;
        if (text.Length is not (5 or 6) || text[0] is not ('+' or '-') || (text.Length == 6 && text[3] != ':')) return false;
        if (!DateReader.TryDigits(text[1..3], out var hours) || !DateReader.TryDigits(text[^2..], out var minutes) || hours > 18 || minutes > 59) return false;
        offset = new TimeSpan(hours, minutes, 0) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool Within(ReadOnlySpan<char> text, int digits, out int value) => DateReader.TryDigits(text, out value) && text.Length <= digits;
}
