using Nightmail.Core.Maintenance;
using Nightmail.Core.Storage;
using Nightmail.Server.Events;
using Nightmail.Server.Maintenance;
using Nightmail.Store.Sql;
using Nightmail.Testing;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Maintenance;

/// <summary>Slots that are done once, by rows in a real database, whatever becomes of the servers.</summary>
public sealed class WorkRunnerTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Slot = new(2026, 12, 2, 2, 0, 0, TimeSpan.Zero);
    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-work-").FullName;
    private readonly ManualTime time = new();
    private readonly List<string> said = [];
    private ControlPlane plane = null!;

    private static CancellationToken Cancel => CancellationToken.None;

    public ValueTask InitializeAsync()
    {
        plane = ControlPlane.OpenSqlite(folder);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await plane.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_slot_is_done_when_it_comes_and_only_then()
    {
        var work = new CountedWork(time);
        var runner = await StartAsync(work);
        await runner.RunOnceAsync(Cancel);
        work.Slots.ShouldBeEmpty();

        GoTo(Slot.AddSeconds(3));
        await runner.RunOnceAsync(Cancel);
        await runner.RunOnceAsync(Cancel);

        work.Slots.ShouldBe([Slot.AddSeconds(3)]);
        var row = (await plane.Work.FindAsync(work.Name, Cancel))!;
        (row.LastSlot, row.NextSlot, row.Owner, row.LeaseUntil, row.Result, row.Failed).ShouldBe((Slot, Slot.AddDays(1), null, null, "counted", false));
    }

    [Fact]
    public async Task Two_servers_one_after_the_other_in_the_same_minute_do_a_slot_once()
    {
        var (first, second) = (new CountedWork(time), new CountedWork(time));
        var runner = await StartAsync(first);
        GoTo(Slot.AddSeconds(2));
        await runner.RunOnceAsync(Cancel);

        await RestartAsync();
        GoTo(Slot.AddSeconds(40));
        await (await StartAsync(second)).RunOnceAsync(Cancel);

        (first.Slots.Count, second.Slots.Count).ShouldBe((1, 0));
    }

    [Fact]
    public async Task Of_many_servers_that_look_at_once_one_does_the_slot()
    {
        var works = Enumerable.Range(0, 16).Select(_ => new CountedWork(time)).ToList();
        var runners = new List<WorkRunner>();
        foreach (var work in works) runners.Add(await StartAsync(work));
        GoTo(Slot);

        await Task.WhenAll(runners.Select(runner => Task.Run(() => runner.RunOnceAsync(Cancel))));

        works.Sum(work => work.Slots.Count).ShouldBe(1);
    }

    [Theory]
    [InlineData(MissedRule.Once, 1, "it is done once now")]
    [InlineData(MissedRule.Skip, 0, "left out, as set")]
    public async Task Three_slots_that_passed_while_nothing_ran_are_done_once_or_left_out_and_that_is_said(MissedRule rule, int times, string words)
    {
        var work = new CountedWork(time) { Missed = rule };
        await StartAsync(work);
        await RestartAsync();
        GoTo(Slot.AddDays(2).AddHours(7));

        var runner = await StartAsync(work);
        await runner.RunOnceAsync(Cancel);
        await runner.RunOnceAsync(Cancel);

        work.Slots.Count.ShouldBe(times);
        said.ShouldHaveSingleItem().ShouldBe($"counted: 3 slots were missed up to 2026-12-04 02:00Z while nothing ran; {words}");
        var row = (await plane.Work.FindAsync(work.Name, Cancel))!;
        (row.LastSlot, row.NextSlot).ShouldBe((Slot.AddDays(2), Slot.AddDays(3)));
        row.Result!.ShouldContain("3 slots were missed");
    }

    [Theory]
    [InlineData(MissedRule.Once)]
    [InlineData(MissedRule.Skip)]
    public async Task A_slot_whose_server_died_is_done_again_by_the_next_once_the_lease_is_over(MissedRule rule)
    {
        var (dying, next) = (new CountedWork(time) { Missed = rule, Dies = true }, new CountedWork(time) { Missed = rule });
        var runner = await StartAsync(dying);
        GoTo(Slot);
        await Should.ThrowAsync<OperationCanceledException>(() => runner.RunOnceAsync(Cancel));

        var other = await StartAsync(next);
        GoTo(Slot.AddSeconds(59));
        await other.RunOnceAsync(Cancel);
        next.Slots.ShouldBeEmpty();
        GoTo(Slot.AddMinutes(5));
        await other.RunOnceAsync(Cancel);
        await other.RunOnceAsync(Cancel);

        next.Slots.Count.ShouldBe(1);
        said.ShouldContain("counted: its slot 2026-12-02 02:00Z was interrupted; it is done again");
        (await plane.Work.FindAsync(next.Name, Cancel))!.Term.ShouldBe(2);
    }

    [Fact]
    public async Task A_server_that_sends_nothing_makes_no_backup_of_what_went_wrong_either()
    {
        var work = new CountedWork(time);
        await StartAsync(work);
        GoTo(Slot.AddHours(1));

        await (await StartAsync([work], sends: false)).RunOnceAsync(Cancel);
        work.Slots.ShouldBeEmpty();
        await (await StartAsync(work)).RunOnceAsync(Cancel);

        work.Slots.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Years_that_a_wrong_clock_was_ahead_hold_up_nothing_once_it_is_right()
    {
        var work = new CountedWork(time);
        await StartAsync(work);
        var seen = (await plane.Work.FindAsync(work.Name, Cancel))!;
        var ahead = Slot.AddYears(10);
        var term = (await plane.Work.TryTakeAsync(seen, ahead, "done", ahead, TimeSpan.FromMinutes(1), Cancel))!.Value;
        await plane.Work.EndAsync(seen, term, new(ahead, ahead.AddDays(1), ahead, "done", false), Cancel);
        var ended = (await plane.Work.FindAsync(work.Name, Cancel))!;
        await plane.Work.TryTakeAsync(ended, ahead.AddDays(1), "died", ahead.AddDays(1), TimeSpan.FromMinutes(1), Cancel);

        GoTo(Slot.AddSeconds(5));
        var runner = await StartAsync(work);
        await runner.RunOnceAsync(Cancel);
        await runner.RunOnceAsync(Cancel);
        GoTo(Slot.AddDays(1));
        await runner.RunOnceAsync(Cancel);

        work.Slots.ShouldBe([Slot.AddSeconds(5), Slot.AddDays(1)]);
    }

    [Fact]
    public async Task A_slot_of_times_that_were_just_changed_is_not_taken()
    {
        var work = new CountedWork(time);
        await StartAsync(work);
        var seen = (await plane.Work.FindAsync(work.Name, Cancel))!;
        await plane.Work.SetAsync(seen with { Cron = "0 4 * * *", Version = seen.Version + 1 }, Cancel);

        (await plane.Work.TryTakeAsync(seen, Slot, "late", Slot, TimeSpan.FromMinutes(1), Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Whoever_has_lost_the_lease_writes_nothing()
    {
        var work = new CountedWork(time);
        await StartAsync(work);
        var seen = (await plane.Work.FindAsync(work.Name, Cancel))!;
        var old = (await plane.Work.TryTakeAsync(seen, Slot, "first", Slot, TimeSpan.FromMinutes(1), Cancel))!.Value;
        var again = (await plane.Work.FindAsync(work.Name, Cancel))!;
        (await plane.Work.TryTakeAsync(again, Slot, "second", Slot.AddSeconds(30), TimeSpan.FromMinutes(1), Cancel)).ShouldBeNull();
        var term = await plane.Work.TryTakeAsync(again, Slot, "second", Slot.AddMinutes(2), TimeSpan.FromMinutes(1), Cancel);

        (await plane.Work.RenewAsync(work.Name, old, Slot.AddHours(1), Cancel)).ShouldBeFalse();
        (await plane.Work.EndAsync(seen, old, new(Slot, null, Slot, "late", false), Cancel)).ShouldBeFalse();
        (await plane.Work.EndAsync(again, term!.Value, new(Slot, Slot.AddDays(1), Slot, "right", false), Cancel)).ShouldBeTrue();
        (await plane.Work.FindAsync(work.Name, Cancel))!.Result.ShouldBe("right");
    }

    [Fact]
    public async Task Changed_times_count_at_once_and_also_while_the_work_is_being_done()
    {
        var work = new CountedWork(time);
        var runner = await StartAsync(work);
        var row = (await plane.Work.FindAsync(work.Name, Cancel))!;
        var now = time.GetUtcNow();
        (await plane.Work.SetAsync(row with { Cron = "30 9 * * *", Since = now, NextSlot = now.AddHours(1.5), Version = row.Version + 1 }, Cancel)).ShouldBeTrue();
        (await plane.Work.SetAsync(row with { Cron = "0 4 * * *", Version = row.Version + 1 }, Cancel)).ShouldBeFalse();
        work.While = async () =>
        {
            var running = (await plane.Work.FindAsync(work.Name, Cancel))!;
            await plane.Work.SetAsync(running with { Cron = "45 9 * * *", Since = time.GetUtcNow(), NextSlot = now.AddHours(1.75), Version = running.Version + 1 }, Cancel);
        };

        GoTo(now.AddHours(1.5));
        await runner.RunOnceAsync(Cancel);
        (await plane.Work.FindAsync(work.Name, Cancel))!.NextSlot.ShouldBe(now.AddHours(1.75));
        work.While = null;
        GoTo(now.AddHours(1.75));
        await runner.RunOnceAsync(Cancel);

        work.Slots.ShouldBe([now.AddHours(1.5), now.AddHours(1.75)]);
    }

    [Fact]
    public async Task A_slow_work_keeps_no_other_from_its_slots_and_its_own_passed_while_it_was_busy()
    {
        var finish = new TaskCompletionSource();
        const string Hourly = "0 * * * *";
        var slow = new CountedWork(time) { Name = "slow", Cron = Hourly, Missed = MissedRule.Skip, While = () => finish.Task };
        var quick = new CountedWork(time) { Cron = Hourly };
        var runner = await StartAsync(slow, quick);
        var first = time.GetUtcNow().AddHours(1);
        GoTo(first);
        var begun = await runner.BeginAsync(Cancel);
        begun.Count.ShouldBe(2);
        for (var hour = 1; hour <= 2; hour++)
        {
            GoTo(first.AddHours(hour));
            await Eventually.HoldsAsync(async () => (await plane.Work.FindAsync(slow.Name, Cancel))!.LeaseUntil > time.GetUtcNow(), "the slow work keeps its lease");
            await Task.WhenAll(await runner.BeginAsync(Cancel));
        }

        quick.Slots.ShouldBe([first, first.AddHours(1), first.AddHours(2)]);
        slow.Slots.ShouldBe([first]);
        GoTo(first.AddHours(2.5));
        finish.SetResult();
        await Task.WhenAll(begun);
        await runner.RunOnceAsync(Cancel);

        said.ShouldHaveSingleItem().ShouldBe("slow: 2 slots were missed up to 2026-12-01 11:00Z while it was busy; left out, as set");
    }

    [Fact]
    public async Task What_fails_says_why_and_is_done_again_at_its_next_slot()
    {
        var work = new CountedWork(time) { Trouble = "the disk is full" };
        var runner = await StartAsync(work);
        GoTo(Slot);
        await runner.RunOnceAsync(Cancel);
        var row = (await plane.Work.FindAsync(work.Name, Cancel))!;
        (row.Failed, row.Result).ShouldBe((true, "the disk is full"));
        said.ShouldContain("counted failed: the disk is full");

        work.Trouble = null;
        GoTo(Slot.AddDays(1));
        await runner.RunOnceAsync(Cancel);
        (await plane.Work.FindAsync(work.Name, Cancel))!.Failed.ShouldBeFalse();
    }

    [Fact]
    public async Task A_work_that_breaks_ends_its_slot_and_nothing_else()
    {
        var work = new CountedWork(time) { IsBroken = true };
        var runner = await StartAsync(work);
        GoTo(Slot);

        await runner.RunOnceAsync(Cancel);

        var row = (await plane.Work.FindAsync(work.Name, Cancel))!;
        (row.Failed, row.LastSlot, row.Owner).ShouldBe((true, Slot, null));
        said.ShouldHaveSingleItem().ShouldContain("fault of ours: InvalidOperationException");
    }

    [Fact]
    public async Task Old_rows_of_the_send_log_go_and_young_ones_stay()
    {
        for (var day = 0; day < 3; day++)
        {
            await plane.SendLog.AppendAsync([.. Enumerable.Range(0, 700).Select(_ => new SendLogEntry { At = Slot.AddDays(day), Email = Core.Emails.EmailId.New(time), Attempt = 1, Account = "work", Recipient = "a@b.example", Outcome = Core.Emails.EmailStatus.Sent })], Cancel);
        }

        GoTo(Slot.AddDays(92));
        var words = await new LogPruneWork(plane.LogRetention, time).DoAsync(new() { Name = "prune-log", Cron = "@daily", Zone = "UTC", Keep = 91, Since = Slot }, Cancel);

        words.ShouldBe("700 rows of the send log were older than 91 days and are gone");
        (await plane.SendLog.ListAsync(new(), 5000, Cancel)).Count.ShouldBe(1400);
    }

    private void GoTo(DateTimeOffset moment) => time.Advance(moment - time.GetUtcNow());

    private async Task RestartAsync()
    {
        await plane.DisposeAsync();
        plane = ControlPlane.OpenSqlite(folder);
    }

    private Task<WorkRunner> StartAsync(params IWork[] works) => StartAsync(works, sends: true);

    private async Task<WorkRunner> StartAsync(IWork[] works, bool sends)
    {
        var meters = new ServerMeters();
        var log = new SendLogWriter(plane.SendLog, time, meters);
        var runner = new WorkRunner(works, plane.Work, new() { Folder = folder, Sends = sends, Say = said.Add }, new(new(time), log, meters, new()), meters, time);
        await runner.PrepareAsync(Cancel);
        return runner;
    }

    private sealed class CountedWork(TimeProvider time) : IWork
    {
        public List<DateTimeOffset> Slots { get; } = [];

        public string Name { get; init; } = "counted";

        public string Cron { get; init; } = "0 2 * * *";

        public int? Keep => null;

        public MissedRule Missed { get; init; }

        public bool Dies { get; init; }

        public bool IsBroken { get; init; }

        public string? Trouble { get; set; }

        public Func<Task>? While { get; set; }

        public async Task<string> DoAsync(ScheduledWork work, CancellationToken cancellationToken)
        {
            // A death of the process in a test: nothing after it is written.
            if (Dies) throw new OperationCanceledException("killed");
            if (IsBroken) throw new InvalidOperationException("a bug");
            if (Trouble is { } trouble) throw new StoreException(StoreTrouble.Unwritable, trouble);
            Slots.Add(time.GetUtcNow());
            if (While is { } meanwhile) await meanwhile();
            return "counted";
        }
    }
}
