using NodaTime;

namespace Nightmail.Core.Scheduling;

/// <summary>Reads words for a time by their grammar; knows neither clock nor zone. The words are in lower case and not empty.</summary>
internal static class WhenReader
{
    /// <summary>Every word of the grammar that a person could mistype.</summary>
    public static readonly string[] Vocabulary =
    [
        "now", "in", "at", "on", "next", "today", "tomorrow", "noon", "mon", "monday", "tue", "tuesday", "wed", "wednesday", "thu", "thursday",
        "fri", "friday", "sat", "saturday", "sun", "sunday", "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks",
    ];

    /// <summary>Reads as many words as belong to a time; what is left may be a zone.</summary>
    public static Reading Read(ReadOnlySpan<string> words)
    {
        if (words[0] == "now") return Reading.Of(new WhenPhrase.Present(), 1);
        if (words[0][0] == '@') return ReadUnix(words[0]);
        if (words[0] == "in") return DelayReader.Read(words[1..]) is { Phrase: not null } delay ? delay with { Words = delay.Words + 1 } : DelayReader.Read(words[1..]);
        var bare = DelayReader.Read(words);
        return bare.Phrase is not null || bare.Problem is not null ? bare : ReadWall(words);
    }

    private static Reading ReadUnix(string word)
    {
        if (!long.TryParse(word.AsSpan(1), System.Globalization.NumberStyles.None, null, out var seconds)) return Reading.Wrong("after '@' stands a number of seconds since 1970");
        if (seconds <= WhenParser.LastInstant.ToUnixTimeSeconds()) return Reading.Of(new WhenPhrase.Exact(DateTimeOffset.FromUnixTimeSeconds(seconds)), 1);
        return Reading.Wrong(seconds / 1000 <= WhenParser.LastInstant.ToUnixTimeSeconds() ? $"'@' takes seconds, not milliseconds: perhaps '@{seconds / 1000}'" : "it is too far away");
    }

    private static Reading ReadWall(ReadOnlySpan<string> words)
    {
        var at = 0;
        string? problem = null;
        var day = ReadDay(words, ref at, ref problem);
        if (problem is not null) return Reading.Wrong(problem);
        var time = ReadTime(words, ref at, ref problem);
        if (problem is null && time is not null) day ??= ReadDay(words, ref at, ref problem);
        if (problem is not null) return Reading.Wrong(problem);
        if (day is null && time is null) return Reading.Wrong(Ambiguity(words));
        if (day is not null && time is null && at < words.Length && Number(words[at]) is { } hour) return Reading.Wrong($"'{hour}' is no time of day: write '{hour}:00' or '{hour}am'");
        if (time?.Offset is not { } offset) return Reading.Of(new WhenPhrase.Wall(day, time), at);
        if (day is not DayPhrase.Calendar { Date: var date }) return Reading.Wrong("an offset needs a date before it");
        var instant = new DateTimeOffset((date + time.Time).ToDateTimeUnspecified().Ticks, TimeSpan.Zero) - offset;
        return Reading.Of(new WhenPhrase.Exact(instant), at);
    }

    private static DayPhrase? ReadDay(ReadOnlySpan<string> words, ref int at, ref string? problem)
    {
        var start = at;
        if (start < words.Length && words[start] == "on") start++;
        if (start >= words.Length) return null;
        var next = words[start] == "next";
        if (next) start++;
        if (start < words.Length && WeekdayOf(words[start]) is { } weekday)
        {
            at = start + 1;
            return new DayPhrase.OfWeek(weekday, next);
        }

        if (next)
        {
            problem = "after 'next' stands a day of the week, as in 'next monday 10am'";
            return null;
        }

        DayPhrase? day = words[start] switch
        {
            "today" => new DayPhrase.FromToday(0),
            "tomorrow" => new DayPhrase.FromToday(1),
            var word => DateReader.Read(word, ref problem) is { } date ? new DayPhrase.Calendar(date) : null,
        };
        if (day is not null) at = start + 1;
        return day;
    }

    private static TimePhrase? ReadTime(ReadOnlySpan<string> words, ref int at, ref string? problem)
    {
        var start = at;
        if (start < words.Length && words[start] == "at") start++;
        if (start >= words.Length) return null;
        var word = words[start];
        var took = 1;
        // "5 pm" and "18:00 +01:00": the second word belongs to the first.
        if (start + 1 < words.Length && char.IsAsciiDigit(word[0]) && (ClockReader.IsHalf(words[start + 1]) || ClockReader.IsOffset(words[start + 1])))
        {
            word += words[start + 1];
            took = 2;
        }

        var time = ClockReader.Read(word, ref problem);
        if (time is not null) at = start + took;
        return time;
    }

    private static IsoDayOfWeek? WeekdayOf(string word) => word switch
    {
        "mon" or "monday" => IsoDayOfWeek.Monday,
        "tue" or "tues" or "tuesday" => IsoDayOfWeek.Tuesday,
        "wed" or "wednesday" => IsoDayOfWeek.Wednesday,
        "thu" or "thur" or "thurs" or "thursday" => IsoDayOfWeek.Thursday,
        "fri" or "friday" => IsoDayOfWeek.Friday,
        "sat" or "saturday" => IsoDayOfWeek.Saturday,
        "sun" or "sunday" => IsoDayOfWeek.Sunday,
        _ => null,
    };

    private static string? Ambiguity(ReadOnlySpan<string> words) => Number(words[0]) is { } number
        ? number < 24 ? $"'{number}' could be a delay or a time of day: write '{number}m' or '{number}:00'" : $"'{number}' has no unit: write '{number}m' or '{number}s'"
        : words[0] == "midnight" ? "'midnight' is at the start of a day or at its end: write '0:00', with the day" : null;

    private static int? Number(string word) => word.Length <= 4 && int.TryParse(word, System.Globalization.NumberStyles.None, null, out var number) ? number : null;
}
