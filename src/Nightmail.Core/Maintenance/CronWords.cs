using System.Globalization;

namespace Nightmail.Core.Maintenance;

/// <summary>Says a cron expression in words, so that a person sees what they have written.</summary>
public static class CronWords
{
    /// <summary>More times than this a day are said by their minutes and hours.</summary>
    private const int MostTimes = 6;

    private static readonly string[] Weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    /// <summary>For example <c>at 02:00 on Monday to Friday</c>.</summary>
    public static string Say(CronExpression cron)
    {
        var (times, isRhythm) = Times(cron);
        var days = Days(cron);
        if (days.Length == 0 && !isRhythm) days = " every day";
        var months = cron.Month.Count == 12 ? "" : $" in {Listed(cron.Month, month => CultureInfo.InvariantCulture.DateTimeFormat.GetMonthName(month))}";
        return times + days + months;
    }

    private static (string Words, bool IsRhythm) Times(CronExpression cron)
    {
        var everyHour = cron.Hour.Count == 24;
        if (everyHour && cron.Minute.Count == 60) return ("every minute", true);
        if (everyHour && Step(cron.Minute, 60) is { } minutes) return ($"every {minutes} minutes", true);
        if (everyHour) return (cron.Minute is { Bits: 1 } ? "every hour" : $"every hour at minute {Listed(cron.Minute, Number)}", true);
        if (cron.Minute is { Bits: 1 } && Step(cron.Hour, 24) is { } hours) return ($"every {hours} hours", true);
        if (cron.Minute.Count * cron.Hour.Count <= MostTimes)
        {
            var times = cron.Hour.Values().SelectMany(_ => cron.Minute.Values(), (hour, minute) => string.Create(CultureInfo.InvariantCulture, $"{hour:00}:{minute:00}"));
            return ($"at {Joined([.. times])}", false);
        }

        var during = $"in hour {Listed(cron.Hour, Number)}";
        if (cron.Minute.Count == 60) return ($"every minute {during}", true);
        return Step(cron.Minute, 60) is { } step ? ($"every {step} minutes {during}", true) : ($"at minute {Listed(cron.Minute, Number)} {during}", true);
    }

    private static string Days(CronExpression cron)
    {
        var day = cron.Day.Count == 31 ? "" : $" on day {Listed(cron.Day, Number)} of the month";
        var weekday = cron.Weekday.Count == 7 ? "" : $" on {Listed(cron.Weekday, value => Weekdays[value])}";
        if (day.Length == 0 || weekday.Length == 0) return day + weekday;
        return cron.Day.IsStar || cron.Weekday.IsStar ? $"{day}, only{weekday}" : $"{day}, and{weekday}";
    }

    /// <summary>The step of values that begin at 0 and fill the whole evenly; null when they do not.</summary>
    private static int? Step(CronField field, int whole)
    {
        if (field.Count < 2 || whole % field.Count != 0) return null;
        var step = whole / field.Count;
        return field.Values().Select((value, index) => value == index * step).All(fits => fits) ? step : null;
    }

    private static string Listed(CronField field, Func<int, string> word)
    {
        var values = field.Values().ToList();
        var parts = new List<string>();
        for (var first = 0; first < values.Count;)
        {
            var last = first;
            while (last + 1 < values.Count && values[last + 1] == values[last] + 1) last++;
            if (last - first >= 2) parts.Add($"{word(values[first])} to {word(values[last])}");
            else for (var index = first; index <= last; index++) parts.Add(word(values[index]));
            first = last + 1;
        }

        return Joined(parts);
    }

    private static string Joined(List<string> parts) => parts.Count == 1 ? parts[0] : $"{string.Join(", ", parts[..^1])} and {parts[^1]}";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
