using Dapper;
using Nightmail.Core.Maintenance;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Shared;

/// <summary>What is done again and again.</summary>
internal sealed class ScheduledWorkRows(ISqlSession session) : IScheduledWorkStore
{
    private const string Select = """
        SELECT name AS Name, cron AS Cron, zone AS Zone, missed AS Missed, keep AS Keep, since AS Since, last_slot AS LastSlot, next_slot AS NextSlot, running_slot AS RunningSlot,
          owner AS Owner, lease_until AS LeaseUntil, term AS Term, started_at AS StartedAt, finished_at AS FinishedAt, failed AS Failed, result AS Result, version AS Version
        FROM scheduled_work
        """;

    public ValueTask<IReadOnlyList<ScheduledWork>> ListAsync(CancellationToken cancellationToken) => session.ReadAsync<IReadOnlyList<ScheduledWork>>(
        connection => [.. connection.Query<Row>($"{Select} ORDER BY name").Select(row => row.Work())], cancellationToken);

    public ValueTask<ScheduledWork?> FindAsync(string name, CancellationToken cancellationToken) => session.ReadAsync(
        connection => connection.QuerySingleOrDefault<Row>($"{Select} WHERE name = @name", new { name })?.Work(), cancellationToken);

    public async ValueTask AddAsync(ScheduledWork work, CancellationToken cancellationToken) => await session.WriteAsync(
        (connection, transaction) => connection.Execute("""
            INSERT INTO scheduled_work (name, cron, zone, missed, keep, since, next_slot, term, failed, version)
            SELECT @Name, @Cron, @Zone, @Missed, @Keep, @Since, @NextSlot, 0, 0, 1
            WHERE NOT EXISTS (SELECT 1 FROM scheduled_work WHERE name = @Name)
            """, new Row(work), transaction),
        cancellationToken);

    public ValueTask<bool> SetAsync(ScheduledWork work, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute("""
            UPDATE scheduled_work SET cron = @Cron, zone = @Zone, missed = @Missed, keep = @Keep, since = @Since, next_slot = @NextSlot, version = @Version
            WHERE name = @Name AND version = @Version - 1
            """, new Row(work), transaction) == 1,
        cancellationToken);

    public async ValueTask<long?> TryTakeAsync(ScheduledWork seen, DateTimeOffset slot, string owner, DateTimeOffset now, TimeSpan lease, CancellationToken cancellationToken)
    {
        var values = new { name = seen.Name, term = seen.Term, slot = SqlWords.Of(slot), owner, now = SqlWords.Of(now), until = SqlWords.Of(now + lease), far = SqlWords.Of(now + SlotRules.FarAhead), version = (long)seen.Version };
        var taken = await session.WriteAsync(
            (connection, transaction) => connection.Execute("""
                UPDATE scheduled_work SET term = term + 1, running_slot = @slot, owner = @owner, lease_until = @until, started_at = @now
                WHERE name = @name AND term = @term AND version = @version AND (lease_until IS NULL OR lease_until <= @now OR lease_until > @far)
                """, values, transaction) == 1,
            cancellationToken);
        return taken ? seen.Term + 1 : null;
    }

    public ValueTask<bool> RenewAsync(string name, long term, DateTimeOffset until, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute(
            "UPDATE scheduled_work SET lease_until = @until WHERE name = @name AND term = @term AND running_slot IS NOT NULL", new { name, term, until = SqlWords.Of(until) }, transaction) == 1,
        cancellationToken);

    public ValueTask<bool> EndAsync(ScheduledWork seen, long term, SlotEnd end, CancellationToken cancellationToken) => session.WriteAsync(
        (connection, transaction) => connection.Execute("""
            UPDATE scheduled_work SET last_slot = @slot, next_slot = CASE WHEN version = @version THEN @next ELSE next_slot END,
              running_slot = NULL, owner = NULL, lease_until = NULL, finished_at = @at, failed = @failed, result = @result
            WHERE name = @name AND term = @term AND running_slot IS NOT NULL
            """,
            new { name = seen.Name, term, version = (long)seen.Version, slot = SqlWords.Of(end.Slot), next = SqlWords.Of(end.Next), at = SqlWords.Of(end.At), failed = end.Failed ? 1L : 0L, result = end.Result },
            transaction) == 1,
        cancellationToken);

    private sealed class Row
    {
        public Row()
        {
        }

        public Row(ScheduledWork work)
        {
            (Name, Cron, Zone, Missed, Keep) = (work.Name, work.Cron, work.Zone, (long)work.Missed, work.Keep);
            (Since, NextSlot, Version) = (SqlWords.Of(work.Since), SqlWords.Of(work.NextSlot), work.Version);
        }

        public string Name { get; set; } = "";

        public string Cron { get; set; } = "";

        public string Zone { get; set; } = "";

        public long Missed { get; set; }

        public long? Keep { get; set; }

        public long Since { get; set; }

        public long? LastSlot { get; set; }

        public long? NextSlot { get; set; }

        public long? RunningSlot { get; set; }

        public string? Owner { get; set; }

        public long? LeaseUntil { get; set; }

        public long Term { get; set; }

        public long? StartedAt { get; set; }

        public long? FinishedAt { get; set; }

        public long Failed { get; set; }

        public string? Result { get; set; }

        public long Version { get; set; }

        public ScheduledWork Work() => new()
        {
            Name = Name, Cron = Cron, Zone = Zone, Missed = (MissedRule)Missed, Keep = (int?)Keep, Since = SqlWords.Instant(Since), LastSlot = SqlWords.Instant(LastSlot),
            NextSlot = SqlWords.Instant(NextSlot), RunningSlot = SqlWords.Instant(RunningSlot), Owner = Owner, LeaseUntil = SqlWords.Instant(LeaseUntil), Term = Term,
            StartedAt = SqlWords.Instant(StartedAt), FinishedAt = SqlWords.Instant(FinishedAt), Failed = Failed != 0, Result = Result, Version = (int)Version,
        };
    }
}
