using NodaTime;

namespace Nightmail.Core.Maintenance;

/// <summary>The days, and the times of a day, that a cron expression names, by the wall calendar alone.</summary>
internal static class CronDays
{
    /// <summary>29 February and a weekday together come back within 40 years; a year that ends a century without a leap day adds to it.</summary>
    private const int YearsAhead = 100;

    /// <summary>True when any day of the calendar fits.</summary>
    public static bool HasAny(CronExpression cron) => FirstFrom(cron, new LocalDateTime(2000, 1, 1, 0, 0), LocalDateTime.MaxIsoValue) is not null;

    /// <summary>The first local minute from <paramref name="from"/> on, and before <paramref name="end"/>, that fits; null when there is none.</summary>
    public static LocalDateTime? FirstFrom(CronExpression cron, LocalDateTime from, LocalDateTime end)
    {
        var minute = RoundedUp(from);
        var date = minute.Date;
        var time = FirstTime(cron, minute.Hour, minute.Minute);
        if (time is null) date = date.PlusDays(1);
        var day = FirstDay(cron, date, end.Date);
        if (day is null) return null;
        // The rest of the first day counts only when it is that day.
        if (day != minute.Date || time is null) time = FirstTime(cron, 0, 0);
        var found = day.Value + time!.Value;
        return found < end ? found : null;
    }

    private static LocalDateTime RoundedUp(LocalDateTime from)
    {
        var whole = new LocalDateTime(from.Year, from.Month, from.Day, from.Hour, from.Minute);
        return whole < from ? whole.PlusMinutes(1) : whole;
    }

    private static LocalTime? FirstTime(CronExpression cron, int hour, int minute)
    {
        if (cron.Hour.Has(hour) && cron.Minute.From(minute) is var same and >= 0) return new LocalTime(hour, same);
        return cron.Hour.From(hour + 1) is var later and >= 0 ? new LocalTime(later, cron.Minute.From(0)) : null;
    }

    private static LocalDate? FirstDay(CronExpression cron, LocalDate from, LocalDate last)
    {
        var limit = from.Year + YearsAhead;
        for (var date = from; date <= last && date.Year <= limit;)
        {
            if (!cron.Month.Has(date.Month))
            {
                date = new LocalDate(date.Year, date.Month, 1).PlusMonths(1);
                continue;
            }

            if (Fits(cron, date)) return date;
            date = date.PlusDays(1);
        }

        return null;
    }

    private static bool Fits(CronExpression cron, LocalDate date)
    {
        var byDay = cron.Day.Has(date.Day);
        var byWeekday = cron.Weekday.Has((int)date.DayOfWeek % 7);
        return cron.Day.IsStar || cron.Weekday.IsStar ? byDay && byWeekday : byDay || byWeekday;
    }
}
