using Nightmail.Core.Accounts;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Testing;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql;

/// <summary>That an account takes of a campaign what it may and no more, whoever asks, and whatever was killed or brought back meanwhile.</summary>
public sealed class CampaignLimitTests : IAsyncLifetime
{
    private static readonly Account Free = Given.Account with { Limits = new() { Connections = 1000 } };
    private static readonly Account Spare = Free with { Name = "spare", Priority = 2 };
    private readonly SqliteStoreWorld world = new();
    private SqliteEmailStore store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ManualTime Time => world.Time;

    public ValueTask InitializeAsync()
    {
        store = world.OpenSqlite();
        return default;
    }

    public async ValueTask DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task No_more_begin_than_the_limit_with_four_workers_at_once_and_a_kill_after_each_round()
    {
        var campaign = await ReleaseAsync(60);
        var begun = 0;
        for (var round = 0; round < 4; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                await using var worker = await store.EnterAsync(Cancel);
                foreach (var claim in await store.ClaimDueAsync(worker.Id, Offer(2, Limited(11)), Cancel))
                {
                    // Every third dies before it begins: it must not be counted.
                    if (claim.Email.Id.GetHashCode() % 3 == 0 || await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel) is not null) continue;
                    Interlocked.Increment(ref begun);
                    await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel);
                }
            }, Cancel)));
            begun.ShouldBeLessThanOrEqualTo(11);
            store = await world.KillAndOpenAsync();
            await store.RescueAsync(DoubtPolicy.Hold, Cancel);
            Time.Advance(TimeSpan.FromHours(30));
        }

        begun += await SendAllAsync(Offer(100, Limited(11)));
        begun.ShouldBe(11);
        (await store.NextDueAsync(Offer(100, Limited(11)), Cancel)).ShouldBeNull("no time changes it");
        (await SendAllAsync(Offer(100, Limited(11), Spare))).ShouldBe(49, "another account takes the rest");
        (await store.Campaigns.TakenAsync([Limited(11), Spare], campaign, Cancel)).ShouldBe(new Dictionary<(string, CampaignId), long> { [("work", campaign)] = 11 });
    }

    [Fact]
    public async Task A_limit_that_is_set_later_counts_what_began_before_and_one_that_is_raised_lets_more_go()
    {
        await ReleaseAsync(10);
        (await SendAllAsync(Offer(4, Free), rounds: 1)).ShouldBe(4);
        store = await world.KillAndOpenAsync();
        (await SendAllAsync(Offer(100, Limited(5)))).ShouldBe(1);
        (await SendAllAsync(Offer(100, Limited(8)))).ShouldBe(3);
        (await SendAllAsync(Offer(100, Free), rounds: 1)).ShouldBe(2);
    }

    [Fact]
    public async Task Each_campaign_is_counted_by_itself_and_what_belongs_to_none_is_not()
    {
        await ReleaseAsync(5);
        await ReleaseAsync(5);
        await store.AddAsync([.. Enumerable.Range(0, 5).Select(_ => Given.Email(Time))], Cancel);

        (await SendAllAsync(Offer(100, Limited(2)))).ShouldBe(2 + 2 + 5);
    }

    [Fact]
    public async Task A_claim_that_is_given_back_takes_nothing_of_it_and_wakes_whoever_waits()
    {
        await ReleaseAsync(2);
        await using var worker = await store.EnterAsync(Cancel);
        var claim = (await store.ClaimDueAsync(worker.Id, Offer(100, Limited(1)), Cancel)).ShouldHaveSingleItem();
        (await store.ClaimDueAsync(worker.Id, Offer(100, Limited(1)), Cancel)).ShouldBeEmpty();
        await store.RecordAsync(claim, new(Lifecycle.GivenBack(claim.Email, Time.GetUtcNow()), null), Cancel);

        (await store.NextDueAsync(Offer(100, Limited(1)), Cancel)).ShouldNotBeNull();
        (await SendAllAsync(Offer(100, Limited(1)))).ShouldBe(1);
    }

    [Fact]
    public async Task Rows_that_are_brought_back_from_before_give_nothing_of_it_back()
    {
        await ReleaseAsync(6);
        var before = world.SaveRows();
        (await SendAllAsync(Offer(100, Limited(4)))).ShouldBe(4);
        world.RestoreRows(before);

        (await SendAllAsync(Offer(100, Limited(4)))).ShouldBe(0);
        (await SendAllAsync(Offer(100, Limited(5)))).ShouldBe(1);
    }

    [Fact]
    public async Task Nothing_is_counted_for_accounts_without_it()
    {
        var campaign = await ReleaseAsync(3);
        (await SendAllAsync(Offer(100, Free))).ShouldBe(3);

        (await store.Campaigns.TakenAsync([Limited(9)], null, Cancel)).ShouldBeEmpty();
        (await store.Campaigns.TakenAsync([Limited(9)], campaign, Cancel))[("work", campaign)].ShouldBe(3, "until somebody asks");
    }

    private static Account Limited(int perCampaign) => Free with { Limits = Free.Limits with { PerCampaign = perCampaign } };

    private static AccountCapacities Offer(int free, params Account[] accounts) => new(accounts.Select(account => (account, free)));

    private async Task<int> SendAllAsync(AccountCapacities offer, int rounds = int.MaxValue)
    {
        await using var worker = await store.EnterAsync(Cancel);
        var sent = 0;
        for (var round = 0; round < rounds; round++)
        {
            var claims = await store.ClaimDueAsync(worker.Id, offer, Cancel);
            if (claims.Count == 0) break;
            foreach (var claim in claims)
            {
                (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldBeNull();
                await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel);
                sent++;
            }
        }

        return sent;
    }

    private async Task<CampaignId> ReleaseAsync(int recipients)
    {
        var campaign = CampaignId.New(Time);
        List<ScheduledEmail> emails = [.. Enumerable.Range(0, recipients).Select(number => Given.Email(Time, default, $"r{number}@example.org") with { Campaign = campaign })];
        await store.Campaigns.AddRecipientsAsync(campaign, emails, Cancel);
        await store.Campaigns.SetGateAsync(campaign, new(CampaignStance.Released, Time.GetUtcNow()), Cancel);
        return campaign;
    }
}
