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

/// <summary>The wall clock is set back and forth under two workers on one queue file, as a person or a time server does.</summary>
public sealed class ClockTests : IEngineObserver, IAsyncDisposable
{
    private readonly FakeStoreWorld world = new();
    private readonly ConcurrentQueue<(EmailId Email, DateTimeOffset At)> handed = new();
    private readonly ConcurrentQueue<EngineEvent> events = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    void IEngineObserver.On(EngineEvent happened) => events.Enqueue(happened);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_clock_set_back_and_forth_sends_nothing_early_and_nothing_twice(int seed)
    {
        var random = new Random(seed);
        var emails = Enumerable.Range(0, 30).Select(_ => Given.Email(world.Time, TimeSpan.FromSeconds(random.Next(0, 3 * 3600)))).ToList();
        await using var store = world.Open();
        await using var other = world.Open();
        await store.AddAsync(emails, default);
        using var stop = new CancellationTokenSource();
        var workers = new[] { NewWorker(store).RunAsync(WorkerMode.Forever, stop.Token, default), NewWorker(other).RunAsync(WorkerMode.Forever, stop.Token, default) };
        for (var round = 0; round < 40; round++)
        {
            world.Time.Advance(TimeSpan.FromSeconds(random.Next(1, 900)));
            await SettleAsync(store);
            world.Time.ShiftWall(TimeSpan.FromSeconds(random.Next(-7200, 7200)));
            await SettleAsync(store);
        }

        while ((await store.OverviewAsync(default)).Counts.GetValueOrDefault(EmailStatus.Pending) > 0)
        {
            world.Time.Advance(TimeSpan.FromMinutes(20));
            await SettleAsync(store);
        }

        await stop.CancelAsync();
        await Task.WhenAll(workers);
        handed.Select(each => each.Email).ShouldBe(emails.Select(email => email.Id), ignoreOrder: true);
        foreach (var (id, at) in handed) at.ShouldBeGreaterThanOrEqualTo(emails.First(email => email.Id == id).ScheduledFor, $"seed {seed}");
        (await store.ListAsync(new(), default)).ShouldAllBe(row => row.Status == EmailStatus.Sent);
        events.OfType<EngineEvent.Faulted>().ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_sent_before_the_clock_was_set_back_over_its_time_is_not_sent_again()
    {
        var email = Given.Email(world.Time, TimeSpan.FromHours(1));
        await using var store = world.Open();
        await store.AddAsync([email], default);
        using var stop = new CancellationTokenSource();
        var worker = NewWorker(store).RunAsync(WorkerMode.Forever, stop.Token, default);
        world.Time.ShiftWall(TimeSpan.FromHours(2));
        await SettleAsync(store);
        handed.Count.ShouldBe(1, "a clock that was set over the time is noticed without waiting for it");
        world.Time.ShiftWall(TimeSpan.FromDays(-400));
        await SettleAsync(store);
        for (var day = 0; day < 3; day++)
        {
            world.Time.Advance(TimeSpan.FromDays(1));
            await SettleAsync(store);
        }

        await stop.CancelAsync();
        await worker;
        await NewWorker(world.Open()).RunAsync(WorkerMode.Once, default, default);
        handed.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_wait_after_a_deferral_is_kept_when_the_clock_goes_back_and_ends_when_it_comes_again()
    {
        await using var store = world.Open();
        await using var presence = await store.EnterAsync(default);
        var email = (await store.AddAsync([Given.Email(world.Time)], default)).OfType<AddResult.Added>().Single().Email;
        var claim = (await store.ClaimDueAsync(presence.Id, Given.Capacity(), default)).Single();
        await store.BeginAsync(claim, Given.Begin(claim, world.Time), default);
        await store.RecordAsync(claim, Given.Result(claim, Verdict.Deferred, world.Time), default);
        var next = (await store.FindAsync(email.Id, default))!.NextAttempt!.Value;
        world.Time.ShiftWall(TimeSpan.FromHours(-3));
        world.Time.Advance(TimeSpan.FromHours(1));
        (await store.ClaimDueAsync(presence.Id, Given.Capacity(), default)).ShouldBeEmpty();
        (await store.NextDueAsync(Given.Capacity(), default)).ShouldBe(next);
        world.Time.Advance(next - world.Time.GetUtcNow());
        (await store.ClaimDueAsync(presence.Id, Given.Capacity(), default)).Single().Attempt.ShouldBe(2);
    }

    /// <summary>Lets seconds pass until nothing is due and nothing on its way.</summary>
    private async Task SettleAsync(IEmailStore store)
    {
        var due = 0;
        var settled = await Waiting.UntilAsync(() =>
        {
            world.Time.Advance(TimeSpan.FromSeconds(1));
            var now = world.Time.GetUtcNow();
            due = store.ListAsync(new(), default).AsTask().GetAwaiter().GetResult().Count(row => row.Status == EmailStatus.Sending || (row.Status == EmailStatus.Pending && row.Due <= now));
            return due == 0;
        });
        settled.ShouldBeTrue($"{due} are left: {string.Join('\n', events)}");
    }

    private Worker NewWorker(IEmailStore store)
    {
        var server = new SimulatedServer(world.Time, new Random(1), () => 0) { Temper = ServerTemper.Calm };
        return new(new()
        {
            Store = store,
            Composer = new SimulatedComposer(),
            Accounts = [Given.Account],
            Transports = _ => new NotingTransport(new SimulatedTransport(server, Given.Account.Name, () => false), id => handed.Enqueue((id, world.Time.GetUtcNow()))),
            Time = world.Time,
            Random = new Random(1),
            Observer = this,
        });
    }

    /// <summary>Notes what it is handed.</summary>
    private sealed class NotingTransport(ITransport inner, Action<EmailId> note) : ITransport
    {
        public Task<DeliveryOutcome> DeliverAsync(Envelope envelope, IOutgoingMessage message, BeginDelivery begin, CancellationToken cancellationToken)
        {
            note(((SimulatedMessage)message).Email.Id);
            return inner.DeliverAsync(envelope, message, begin, cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
