using System.Collections.Concurrent;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Testing.Simulation;
using Nightmail.Testing.Smtp;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>A worker over the queue file: what it tells of, and what it outlives.</summary>
public sealed class WorkerTests : IEngineObserver, IAsyncDisposable
{
    private readonly FakeStoreWorld world = new();
    private readonly ConcurrentQueue<EngineEvent> events = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    void IEngineObserver.On(EngineEvent happened) => events.Enqueue(happened);

    [Fact]
    public async Task An_email_that_came_too_late_for_itself_is_reported_as_expired()
    {
        var late = Given.Email(world.Time, TimeSpan.FromSeconds(1)) with { NotAfter = world.Time.GetUtcNow().AddMinutes(1) };
        await using var store = world.Open();
        await store.AddAsync([late], default);
        world.Time.Advance(TimeSpan.FromHours(1));
        await NewWorker(store).RunAsync(WorkerMode.Once, default, default);

        var expired = events.OfType<EngineEvent.Expired>().ShouldHaveSingleItem();
        (expired.Email.Id, expired.Email.Status, expired.Email.Reason).ShouldBe((late.Id, EmailStatus.Failed, FailureReason.Expired));
        events.OfType<EngineEvent.Claimed>().ShouldBeEmpty();
    }

    [Fact]
    public async Task Newer_zone_rules_move_a_waiting_email_before_anything_is_claimed()
    {
        // 10:00 in Berlin is 09:00 in UTC, in winter. One wish was resolved by rules that took it for 10:00.
        var due = world.Time.GetUtcNow().AddHours(1);
        var moved = Given.Email(world.Time) with { ScheduledFor = due, Wish = new("2026-12-01T10:00:00", "Europe/Berlin", "2000a", due) };
        var rescheduled = Given.Email(world.Time) with { ScheduledFor = due.AddHours(1), Wish = moved.Wish };
        var rules = Nightmail.Core.Scheduling.TimeZoneRules.Default;
        await using var store = world.Open();
        await store.AddAsync([moved, rescheduled], default);
        (await store.ResolveWishesAsync(rules, default)).ShouldBeEmpty("Berlin is an hour ahead in winter, whatever the version is");

        var wrong = Given.Email(world.Time) with { ScheduledFor = due.AddHours(1), Wish = moved.Wish! with { Gave = due.AddHours(1) } };
        await store.AddAsync([wrong], default);
        await NewWorker(store).RunAsync(WorkerMode.Once, default, default);
        var told = events.OfType<EngineEvent.Moved>().ShouldHaveSingleItem();
        (told.Email.Id, told.Before, told.Email.ScheduledFor).ShouldBe((wrong.Id, due.AddHours(1), due));
        (await store.FindAsync(wrong.Id, default))!.ScheduledFor.ShouldBe(due);
        (await store.FindAsync(rescheduled.Id, default))!.ScheduledFor.ShouldBe(due.AddHours(1));
        (await store.ResolveWishesAsync(rules, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_running_worker_notices_what_an_older_program_schedules_beside_it()
    {
        await using var store = world.Open();
        using var stop = new CancellationTokenSource();
        var running = NewWorker(store).RunAsync(WorkerMode.Forever, stop.Token, default);
        await store.AddAsync([Given.Email(world.Time)], default);
        await AfterSecondsAsync(() => events.OfType<EngineEvent.Recorded>().Any());
        // Older rules took 15:00 in Berlin for 15:00 in UTC; it is 14:00.
        var due = new DateTimeOffset(2026, 12, 1, 15, 0, 0, TimeSpan.Zero);
        var email = Given.Email(world.Time) with { ScheduledFor = due, Wish = new("2026-12-01T15:00:00", "Europe/Berlin", "2000a", due) };
        await world.Open().AddAsync([email], default);
        for (var minutes = 0; minutes < 70; minutes++) await AfterSecondsAsync(() => true, 60);
        await AfterSecondsAsync(() => events.OfType<EngineEvent.Moved>().Any());
        (await store.FindAsync(email.Id, default))!.ScheduledFor.ShouldBe(due.AddHours(-1));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_fault_of_ours_is_told_and_does_not_end_the_worker()
    {
        await using var store = world.Open();
        var email = Given.Email(world.Time, TimeSpan.FromHours(1));
        await store.AddAsync([Given.Email(world.Time), email], default);
        using var stop = new CancellationTokenSource();
        var running = NewWorker(store).RunAsync(WorkerMode.Forever, stop.Token, default);
        await AfterSecondsAsync(() => events.OfType<EngineEvent.Recorded>().Any());
        var broken = true;
        world.Disk.Trouble = call => broken && call.Kind == DiskCallKind.OpenRead ? throw new InvalidOperationException("odd, for grace@example.net") : null;
        await AfterSecondsAsync(() => events.OfType<EngineEvent.Faulted>().Any());
        running.IsCompleted.ShouldBeFalse();
        events.OfType<EngineEvent.Faulted>().First().Message.ShouldBe("InvalidOperationException: odd, for …@…");

        broken = false;
        world.Time.Advance(TimeSpan.FromHours(1));
        await AfterSecondsAsync(() => events.OfType<EngineEvent.Recorded>().Count() == 2);
        await stop.CancelAsync();
        await running;
        (await store.FindAsync(email.Id, default))!.Status.ShouldBe(EmailStatus.Sent);
    }

    [Theory]
    [MemberData(nameof(OddRows.Names), MemberType = typeof(OddRows))]
    public async Task An_odd_row_neither_ends_a_worker_nor_touches_another_email(string oddity)
    {
        var (good, also, odd) = (Given.Email(world.Time), Given.Email(world.Time, TimeSpan.FromSeconds(1)), Given.Email(world.Time));
        await using (var first = world.Open())
        {
            await first.AddAsync([odd, good, also], default);
            // Every one of them has a history, so that a number that is taken from the wrong one would matter.
            foreach (var email in new[] { odd, good, also })
            {
                await first.ChangeAsync(email.Id, new Nightmail.Core.Scheduling.EmailChange.Pause(), default);
                await first.ChangeAsync(email.Id, new Nightmail.Core.Scheduling.EmailChange.Resume(), default);
            }
        }

        world.Disk.Put(FakeStoreWorld.Path, OddRows.Apply(oddity, world.Disk.Contents(FakeStoreWorld.Path)!, odd.Id));
        await using var store = world.Open();
        world.Time.Advance(TimeSpan.FromMinutes(1));
        var server = new SimulatedServer(world.Time, new Random(1), () => 0) { Temper = ServerTemper.Calm };
        using var stop = new CancellationTokenSource();
        var running = NewWorker(store, server).RunAsync(WorkerMode.Forever, stop.Token, default);
        await AfterSecondsAsync(() => events.OfType<EngineEvent.Recorded>().Count(recorded => recorded.Email.Id != odd.Id) == 2);
        await stop.CancelAsync();
        await running;

        events.OfType<EngineEvent.Faulted>().ShouldBeEmpty();
        foreach (var id in new[] { good.Id, also.Id })
        {
            (await store.FindAsync(id, default))!.Status.ShouldBe(EmailStatus.Sent);
            server.Accepted.Count(acceptance => acceptance.Email == id).ShouldBe(1);
        }

        server.Accepted.Count(acceptance => acceptance.Email == odd.Id).ShouldBeLessThanOrEqualTo(1);
        var berlin = NodaTime.DateTimeZoneProviders.Tzdb["Europe/Berlin"];
        foreach (var row in await store.ListAsync(new(), default))
            Why.Explain(row, new() { Now = world.Time.GetUtcNow(), Zone = berlin, WorkerRuns = true, Accounts = [Given.Account] }).ShouldNotBeNullOrWhiteSpace();

        // The next change keeps what it cannot read.
        await store.AddAsync([Given.Email(world.Time)], default);
        System.Text.Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!).ShouldContain(odd.Id.ToString());
    }

    /// <summary>Lets the world's time go on until the worker has come so far.</summary>
    private async Task AfterSecondsAsync(Func<bool> holds, int seconds = 1) => (await Waiting.UntilAsync(() =>
    {
        world.Time.Advance(TimeSpan.FromSeconds(seconds));
        return holds();
    })).ShouldBeTrue(string.Join('\n', events));

    private Worker NewWorker(IEmailStore store, SimulatedServer? server = null) => new(new()
    {
        Store = store,
        Composer = new SimulatedComposer(),
        Accounts = [Given.Account],
        Transports = _ => new SimulatedTransport(server ?? new(world.Time, new Random(1), () => 0) { Temper = ServerTemper.Calm }, Given.Account.Name, () => false),
        Time = world.Time,
        Random = new Random(1),
        Observer = this,
    });
}
