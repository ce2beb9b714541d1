using NodaTime;

namespace Nightmail.Core.Maintenance;

/// <summary>Decides what is to be done about the slots of a scheduled work. Pure.</summary>
public static class SlotRules
{
    /// <summary>A slot that is no later than this is on time: cron's own resolution.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>Missed slots are counted no further: "more than a thousand" says as much.</summary>
    public const int MostCounted = 1000;

    /// <summary>
    /// What lies further ahead than this was written by a clock that was wrong, and is not believed: otherwise nothing would be done until
    /// then. What lies ahead by less is waited for, so that a clock that is set back repeats no slot.
    /// </summary>
    public static readonly TimeSpan FarAhead = TimeSpan.FromDays(1);

    /// <summary>True of a moment that a right clock may have written by now.</summary>
    public static bool IsCredible(DateTimeOffset moment, DateTimeOffset now) => moment - now <= FarAhead;

    /// <summary>The slot that comes next for a work whose times were set, or whose last slot is over.</summary>
    public static DateTimeOffset? NextSlot(CronExpression cron, DateTimeZone zone, DateTimeOffset since, DateTimeOffset? last, DateTimeOffset now)
    {
        // Where neither is believed, a slot of the last day may have been done or not: once more is better than never again.
        var from = IsCredible(since, now) ? since : now - FarAhead;
        return cron.NextAfter(last is { } over && over > from && IsCredible(over, now) ? over : from, zone);
    }

    /// <summary>What to do now.</summary>
    /// <param name="cron">The work's times.</param>
    /// <param name="zone">Their zone.</param>
    /// <param name="rule">What becomes of missed slots.</param>
    /// <param name="next">The slot that the work waits for.</param>
    /// <param name="now">The present.</param>
    /// <returns>Null while nothing is due.</returns>
    public static SlotDecision? Decide(CronExpression cron, DateTimeZone zone, MissedRule rule, DateTimeOffset next, DateTimeOffset now)
    {
        if (next > now) return null;
        var (latest, passed) = (next, 1);
        while (cron.NextAfter(latest, zone) is { } later && later <= now)
        {
            latest = later;
            passed++;
            // What lies far back is not counted one by one: the last slot before now is looked for from close by.
            if (passed > MostCounted && now - latest > Near) latest = LatestBefore(cron, zone, latest, now);
        }

        var onTime = now - latest <= Grace;
        var missed = onTime ? passed - 1 : passed;
        return new(latest, DoIt: onTime || rule == MissedRule.Once, Math.Min(missed, MostCounted + 1), cron.NextAfter(latest, zone));
    }

    private static readonly TimeSpan Near = TimeSpan.FromDays(2);

    private static DateTimeOffset LatestBefore(CronExpression cron, DateTimeZone zone, DateTimeOffset known, DateTimeOffset now)
    {
        // The first slot after a moment close to now, if there is one up to now; otherwise ever farther back, until what is known.
        for (var back = Near; now - back > known; back *= 2)
        {
            if (cron.NextAfter(now - back, zone) is { } slot && slot <= now) return slot;
        }

        return known;
    }
}

/// <summary>What is to be done about slots that have come.</summary>
/// <param name="Slot">The latest of them: the one that is done, or up to which all are left out.</param>
/// <param name="DoIt">False: it is left out with the others.</param>
/// <param name="Missed">How many have passed without being done in their time; one more than <see cref="SlotRules.MostCounted"/> stands for all above.</param>
/// <param name="Next">The slot after that.</param>
public sealed record SlotDecision(DateTimeOffset Slot, bool DoIt, int Missed, DateTimeOffset? Next);
