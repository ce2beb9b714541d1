using Nightmail.Core.Maintenance;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Server.Api;
using Nightmail.Server.Events;

namespace Nightmail.Server.Maintenance;

/// <summary>Shows scheduled work and changes its times. What cannot be is refused and the old times stay; a change counts at once.</summary>
internal sealed class WorkDesk(IScheduledWorkStore store, EngineReporter reporter, TimeProvider time)
{
    /// <summary>So many next times are shown: enough to see a rhythm.</summary>
    private const int RunsShown = 5;

    /// <summary>Times that a change is tried anew because somebody else changed the same work in between.</summary>
    private const int MostTries = 5;

    /// <summary>More days or backups than this nobody means.</summary>
    private const int MostKept = 100_000;

    /// <summary>All work.</summary>
    public async Task<IReadOnlyList<WorkShape>> ListAsync(CancellationToken cancellationToken) => [.. (await store.ListAsync(cancellationToken)).Select(Shape)];

    /// <summary>One work.</summary>
    /// <exception cref="ApiProblem">404.</exception>
    public async Task<WorkShape> FindAsync(string name, CancellationToken cancellationToken) => Shape(await RequireAsync(name, cancellationToken));

    /// <summary>Changes when a work is done; what is null stays.</summary>
    /// <exception cref="ApiProblem">400, naming the field; nothing was changed.</exception>
    public async Task<WorkShape> ChangeAsync(string name, WorkRequest wanted, string keepField, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var changed = Changed(await RequireAsync(name, cancellationToken), wanted, keepField);
            if (await store.SetAsync(changed, cancellationToken))
            {
                reporter.Work(name, "changed", CronWords.Say(CronExpression.Parse(changed.Cron)));
                return await FindAsync(name, cancellationToken);
            }

            if (tries == MostTries) throw ApiProblem.Outdated();
        }
    }

    private async Task<ScheduledWork> RequireAsync(string name, CancellationToken cancellationToken) =>
        await store.FindAsync(name, cancellationToken) ?? throw ApiProblem.NotFound("scheduled work", Printable.OneLine(name));

    private ScheduledWork Changed(ScheduledWork row, WorkRequest wanted, string keepField)
    {
        if (!CronExpression.TryParse(wanted.Schedule ?? row.Cron, out var cron, out var error)) throw ApiProblem.Malformed(error, "schedule");
        if (!TimeZoneRules.Default.TryFind(wanted.TimeZone ?? row.Zone, out var zone, out error)) throw ApiProblem.Malformed(error, "timeZone");
        if (wanted.Keep is < 1 or > MostKept) throw ApiProblem.Malformed($"a whole number from 1 to {MostKept}", keepField);
        if (wanted.Keep is not null && row.Keep is null) throw ApiProblem.Malformed($"{row.Name} leaves nothing that could be kept", keepField);
        var missed = wanted.Missed switch
        {
            null => row.Missed,
            "once" => MissedRule.Once,
            "skip" => MissedRule.Skip,
            var other => throw ApiProblem.Malformed($"'{Printable.OneLine(other)}' is not one of once, skip", "missed"),
        };
        var now = time.GetUtcNow();
        // Slots of other times do not count as missed; where the times stay, those that were missed still are.
        var sameTimes = cron.Text == row.Cron && zone.Id == row.Zone;
        var since = sameTimes ? row.Since : now;
        return row with
        {
            Cron = cron.Text,
            Zone = zone.Id,
            Missed = missed,
            Keep = wanted.Keep ?? row.Keep,
            Since = since,
            NextSlot = SlotRules.NextSlot(cron, zone, since, row.LastSlot, now),
            Version = row.Version + 1,
        };
    }

    private WorkShape Shape(ScheduledWork row)
    {
        var now = time.GetUtcNow();
        var times = WorkTimes.Of(row);
        var (cron, zone) = times;
        // Not simply those after now: after a clock that was ahead, some are past already.
        var from = times.Next(row, now) is { } next && next > now ? next.AddTicks(-1) : now;
        return new(row.Name, row.Cron, row.Keep, row.Zone, row.Missed == MissedRule.Once ? "once" : "skip", CronWords.Say(cron), [.. cron.SlotsAfter(from, zone).Take(RunsShown).Select(ApiTimes.Text)],
            ApiTimes.Text(row.LastSlot), ApiTimes.Text(row.FinishedAt), row.Result, row.Failed, row.IsHeld(now));
    }
}
