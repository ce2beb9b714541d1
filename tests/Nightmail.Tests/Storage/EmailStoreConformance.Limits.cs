using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Testing.Store;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Storage;

/// <summary>That limits are kept by the store and shared by all workers.</summary>
public abstract partial class EmailStoreConformance
{
    [Theory]
    [InlineData("minute", 61)]
    [InlineData("hour", 3601)]
    public async Task No_more_begin_in_any_window_than_its_limit_whoever_asks(string window, int seconds)
    {
        var account = Work with { Limits = window == "minute" ? new() { Connections = 1000, PerMinute = 3 } : new() { Connections = 1000, PerHour = 3 } };
        await store.AddAsync([.. Enumerable.Range(0, 7).Select(_ => Given.Email(Time))], Cancel);
        var begun = new List<DateTimeOffset>();
        while (begun.Count < 7)
        {
            // A store of its own each time: nothing of this is remembered by a process.
            var other = world.Open();
            await using var rival = await other.EnterAsync(Cancel);
            foreach (var claim in await other.ClaimDueAsync(rival.Id, new([(account, 2)]), Cancel))
            {
                Time.Advance(TimeSpan.FromSeconds(2));
                await DeliverAsync(claim, other);
                begun.Add(Time.GetUtcNow());
            }

            if (await store.NextDueAsync(new([(account, 2)]), Cancel) is { } next && next > Time.GetUtcNow()) Time.Advance(next - Time.GetUtcNow());
        }

        for (var index = 3; index < begun.Count; index++) (begun[index] - begun[index - 3]).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(seconds - 1));
        (begun[3] - begun[0]).ShouldBeLessThan(TimeSpan.FromSeconds(seconds + 5), "a limit delays no longer than it must");
    }

    [Fact]
    public async Task No_more_begin_than_the_limit_when_claims_begins_and_records_come_at_the_same_moment()
    {
        AccountCapacities offer = new([(Work with { Limits = new() { Connections = 1000, PerMinute = 5 } }, 2)]);
        await store.AddAsync([.. Enumerable.Range(0, 60).Select(_ => Given.Email(Time))], Cancel);
        var begun = 0;
        async Task WorkAsync()
        {
            var own = world.Open();
            await using var presence = await own.EnterAsync(Cancel);
            for (var round = 0; round < 6; round++)
            {
                var claims = await own.ClaimDueAsync(presence.Id, offer, Cancel);
                await Task.WhenAll(claims.Select(async claim =>
                {
                    if (await own.BeginAsync(claim, Given.Begin(claim, Time), Cancel) is not null) return;
                    Interlocked.Increment(ref begun);
                    await own.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel);
                }));
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(WorkAsync, Cancel)));
        begun.ShouldBe(5);
    }

    [Fact]
    public async Task A_day_begins_at_midnight_in_the_accounts_zone()
    {
        var zone = DateTimeZoneProviders.Tzdb["Asia/Tokyo"];
        AccountCapacities offer = new([(Work with { Zone = zone, Limits = new() { Connections = 1000, PerDay = 2 } }, 100)]);
        await store.AddAsync([.. Enumerable.Range(0, 3).Select(_ => Given.Email(Time))], Cancel);
        var claims = await store.ClaimDueAsync(worker.Id, offer, Cancel);
        claims.Count.ShouldBe(2);
        foreach (var claim in claims) await DeliverAsync(claim);
        var midnight = zone.AtStartOfDay(Instant.FromDateTimeOffset(Time.GetUtcNow()).InZone(zone).Date.PlusDays(1)).ToDateTimeOffset().ToUniversalTime();
        (await store.NextDueAsync(offer, Cancel)).ShouldBe(midnight);
        Time.Advance(midnight - Time.GetUtcNow());
        (await store.ClaimDueAsync(worker.Id, offer, Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_claim_that_never_begins_takes_nothing_of_a_limit_for_good()
    {
        AccountCapacities offer = new([(Work with { Limits = new() { Connections = 1000, PerDay = 1 } }, 100)]);
        await store.AddAsync([Given.Email(Time), Given.Email(Time)], Cancel);
        var claim = (await store.ClaimDueAsync(worker.Id, offer, Cancel)).ShouldHaveSingleItem();
        (await store.NextDueAsync(offer, Cancel)).ShouldBeNull("the one on its way decides");
        await store.RecordAsync(claim, new(Lifecycle.GivenBack(claim.Email, Time.GetUtcNow()), null), Cancel);
        (await store.ClaimDueAsync(worker.Id, offer, Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Connections_are_counted_over_all_living_workers()
    {
        AccountCapacities offer = new([(Work with { Limits = new() { Connections = 3 } }, 2)]);
        await store.AddAsync([.. Enumerable.Range(0, 9).Select(_ => Given.Email(Time))], Cancel);
        var other = world.Open();
        var rival = await other.EnterAsync(Cancel);
        (await other.ClaimDueAsync(rival.Id, offer, Cancel)).Count.ShouldBe(2);
        (await store.ClaimDueAsync(worker.Id, offer, Cancel)).Count.ShouldBe(1);
        (await store.AccountsAsync([Work with { Limits = new() { Connections = 3 } }], Cancel)).Single().Obstacle.ShouldBe(AccountObstacle.Busy);
        await world.KillAsync(other, rival);
        (await store.ClaimDueAsync(worker.Id, offer, Cancel)).Count.ShouldBe(2);
    }
}
