using NodaTime;

namespace Nightmail.Core.Scheduling;

/// <summary>Puts instants and spans into words for people; the same words everywhere.</summary>
public static class TimeWords
{
    /// <summary>
    /// The instant on the wall clock of a zone, how far away it is, and in UTC: <c>2026-12-01 09:00 Europe/Berlin (in 9 days; 08:00Z)</c>.
    /// What stands before the bracket is read back by <see cref="WhenParser"/> as the same instant, to the second.
    /// </summary>
    public static string Explain(DateTimeOffset instant, DateTimeZone zone, DateTimeOffset now)
    {
        var local = LocalOf(instant, zone);
        var utc = LocalOf(instant, DateTimeZone.Utc);
        // In an hour that comes twice, the later one is only named by its offset.
        var offset = TimeZoneRules.Resolve(local, zone).Instant == instant ? "" : zone.GetUtcOffset(Instant.FromDateTimeOffset(instant)).ToTimeSpan() is var span
            ? $"{(span < TimeSpan.Zero ? '-' : '+')}{span:hh\\:mm}" : "";
        var utcDay = utc.Date == local.Date ? "" : $"{Day(utc.Date)} ";
        return $"{Day(local.Date)} {Time(local)}{offset} {zone.Id} ({Relative(instant - now)}; {utcDay}{Time(utc)}Z)";
    }

    /// <summary>The wall clock with the zone: <c>2026-12-01 09:00:00.031 Europe/Berlin</c>; seconds and milliseconds as far as they are not zero.</summary>
    public static string Local(DateTimeOffset instant, DateTimeZone zone) =>
        LocalOf(instant, zone) is var local ? $"{Day(local.Date)} {Time(local)} {zone.Id}" : "";

    /// <summary>The wall clock of a zone, short: the date only when it is not today's; <paramref name="milliseconds"/> shows all of it.</summary>
    public static string Short(DateTimeOffset instant, DateTimeZone zone, DateTimeOffset now, bool milliseconds = false)
    {
        var local = LocalOf(instant, zone);
        var time = milliseconds ? $"{local.Hour:D2}:{local.Minute:D2}:{local.Second:D2}.{local.Millisecond:D3}" : Time(local);
        return local.Date == LocalOf(now, zone).Date ? time : $"{Day(local.Date)} {time}";
    }

    /// <summary>How far away: <c>in 10 minutes</c>, <c>in 9 days</c>, <c>2 hours ago</c>, <c>now</c>; in the one unit that fits.</summary>
    public static string Relative(TimeSpan away)
    {
        var length = Length(away.Duration());
        return length.StartsWith("0 ", StringComparison.Ordinal) ? "now" : away < TimeSpan.Zero ? $"{length} ago" : $"in {length}";
    }

    /// <summary>A span in the one unit that fits: <c>10 minutes</c>.</summary>
    public static string Length(TimeSpan span) => span switch
    {
        { TotalSeconds: < 59.5 } => Count(span.TotalSeconds, "second"),
        { TotalMinutes: < 59.5 } => Count(span.TotalMinutes, "minute"),
        { TotalHours: < 35.5 } => Count(span.TotalHours, "hour"),
        _ => Count(span.TotalDays, "day"),
    };

    /// <summary>The date: <c>2026-12-01</c>.</summary>
    internal static string Day(LocalDate date) => $"{date.Year:D4}-{date.Month:D2}-{date.Day:D2}";

    /// <summary>The time of day, seconds and milliseconds as far as they are not zero: <c>09:00</c>.</summary>
    internal static string Time(LocalDateTime local) => (local.Second, local.Millisecond) switch
    {
        (0, 0) => $"{local.Hour:D2}:{local.Minute:D2}",
        (_, 0) => $"{local.Hour:D2}:{local.Minute:D2}:{local.Second:D2}",
        _ => $"{local.Hour:D2}:{local.Minute:D2}:{local.Second:D2}.{local.Millisecond:D3}",
    };

    internal static LocalDateTime LocalOf(DateTimeOffset instant, DateTimeZone zone) => Instant.FromDateTimeOffset(instant).InZone(zone).LocalDateTime;

    private static string Count(double amount, string unit) =>
        Math.Round(amount, MidpointRounding.AwayFromZero) is var whole && whole == 1 ? $"1 {unit}" : $"{whole:0} {unit}s";
}
