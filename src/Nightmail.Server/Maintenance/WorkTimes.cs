using Nightmail.Core.Maintenance;
using Nightmail.Core.Scheduling;
using NodaTime;

namespace Nightmail.Server.Maintenance;

/// <summary>The times of a scheduled work, read from its row.</summary>
internal readonly record struct WorkTimes(CronExpression Cron, DateTimeZone Zone)
{
    /// <summary>Both were checked when they were entered; a zone that newer rules have dropped is read as UTC rather than never.</summary>
    public static WorkTimes Of(ScheduledWork row) =>
        new(CronExpression.Parse(row.Cron), TimeZoneRules.Default.TryFind(row.Zone, out var zone, out _) ? zone : DateTimeZone.Utc);

    /// <summary>The slot that the row waits for.</summary>
    public DateTimeOffset? Next(ScheduledWork row, DateTimeOffset now) => SlotRules.NextSlot(Cron, Zone, row.Since, row.LastSlot, now);
}
