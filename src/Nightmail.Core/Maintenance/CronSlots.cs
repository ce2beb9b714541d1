using NodaTime;
using NodaTime.TimeZones;

namespace Nightmail.Core.Maintenance;

/// <summary>
/// Puts the wall-clock times of a cron expression on the line of real time. Between two changes of the clocks both run in step, so one
/// such stretch is looked at after the other; what a change skips or doubles is settled where it happens.
/// </summary>
internal static class CronSlots
{
    /// <summary>How far ahead a slot is looked for.</summary>
    private static readonly Duration Horizon = Duration.FromDays(36_600);

    /// <summary>The first slot strictly after an instant.</summary>
    public static DateTimeOffset? NextAfter(CronExpression cron, DateTimeOffset after, DateTimeZone zone)
    {
        var from = Instant.FromDateTimeOffset(after) + Duration.Epsilon;
        foreach (var stretch in zone.GetZoneIntervals(from, Within(from)))
        {
            if (FirstIn(cron, stretch, from, zone) is { } slot) return slot.ToDateTimeOffset();
        }

        return null;
    }

    /// <summary>The horizon, cut where the calendar of <see cref="DateTimeOffset"/> ends.</summary>
    private static Instant Within(Instant from)
    {
        var last = Instant.FromUtc(9990, 1, 1, 0, 0);
        return last - from < Horizon ? Instant.Max(last, from + Duration.FromDays(1)) : from + Horizon;
    }

    private static Instant? FirstIn(CronExpression cron, ZoneInterval stretch, Instant from, DateTimeZone zone)
    {
        var begins = stretch.HasStart && stretch.Start >= from;
        var before = stretch.HasStart ? zone.GetZoneInterval(stretch.Start - Duration.Epsilon) : null;
        var lowest = Local(begins ? stretch.Start : from, stretch);
        if (before is not null && cron.NamesTimesOfDay)
        {
            var gone = before.IsoLocalEnd;
            // The gap: what it swallowed happens at its end, once.
            if (begins && gone < stretch.IsoLocalStart && CronDays.FirstFrom(cron, gone, stretch.IsoLocalStart) is not null) return stretch.Start;
            // The overlap: what was shown before has happened.
            if (lowest < gone) lowest = gone;
        }

        var end = stretch.HasEnd ? stretch.IsoLocalEnd : LocalDateTime.MaxIsoValue;
        return CronDays.FirstFrom(cron, lowest, end) is { } local ? local.WithOffset(stretch.WallOffset).ToInstant() : null;
    }

    private static LocalDateTime Local(Instant instant, ZoneInterval stretch) => instant.WithOffset(stretch.WallOffset).LocalDateTime;
}
