using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite;
using Nightmail.Testing;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql;

/// <summary>What work costs when there is much of it: counted in what SQLite does, never in time. The benchmark <c>scale</c> does the same with a million.</summary>
public sealed class ScaleTests : IAsyncLifetime
{
    private const int Many = 20_000;
    private const int Few = 1_000;
    private const int AtOnce = 1_000;
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
    public async Task A_claim_costs_the_same_however_much_waits_and_however_much_is_over()
    {
        await FillAsync(Few);
        var small = await ClaimCostAsync();
        await FillAsync(Many);
        await ExpireAsync(Few);
        var large = await ClaimCostAsync();
        large.ScannedRows.ShouldBe(small.ScannedRows);
        large.Steps.ShouldBeLessThanOrEqualTo(small.Steps * 11 / 10);
    }

    [Fact]
    public async Task Small_campaigns_do_not_wait_behind_a_large_one()
    {
        const int campaigns = 50, each = 10;
        await ReleaseAsync(Many);
        for (var number = 0; number < campaigns; number++) await ReleaseAsync(each);
        var worker = await store.EnterAsync(Cancel);
        var claims = new List<Claim>();
        while (claims.Count < campaigns * each * 2) claims.AddRange(await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel));
        var byCampaign = claims.CountBy(claim => claim.Email.Campaign!.Value).ToDictionary();
        byCampaign.Count.ShouldBe(campaigns + 1);
        byCampaign.Values.Count(count => count == each).ShouldBe(campaigns, "each small one is through before the large one has had twice its share");
    }

    [Fact]
    public async Task A_claim_looks_only_into_the_campaigns_whose_turn_it_is()
    {
        for (var number = 0; number < 10; number++) await ReleaseAsync(20);
        var few = await ClaimCostAsync(4);
        for (var number = 0; number < 200; number++) await ReleaseAsync(1);
        var many = await ClaimCostAsync(4);
        many.Steps.ShouldBeLessThanOrEqualTo(few.Steps * 3 / 2);
    }

    [Fact]
    public async Task Thousands_of_campaigns_that_are_over_cost_a_claim_and_the_follower_nothing()
    {
        const int Over = 3_000;
        await ReleaseAsync(10);
        var before = await LooksAsync();
        for (var number = 0; number < Over; number++)
        {
            var campaign = await ReleaseAsync(1);
            await store.Campaigns.SetGateAsync(campaign, new(CampaignStance.Cancelled, Time.GetUtcNow()), Cancel);
            if (number % 500 == 499) await FollowAsync();
        }

        await FollowAsync();
        (await store.OverviewAsync(Cancel)).Counts[EmailStatus.Cancelled].ShouldBe(Over);
        var after = await LooksAsync();

        after.Lanes.ShouldBe(before.Lanes);
        after.Steps.ShouldBeLessThanOrEqualTo(before.Steps * 11 / 10);
    }

    [Fact]
    public async Task A_recipient_that_waits_again_after_its_cancelled_campaign_had_followed_follows_too()
    {
        var campaign = await ReleaseAsync(2);
        var worker = await store.EnterAsync(Cancel);
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(1), Cancel)).ShouldHaveSingleItem();
        await store.Campaigns.SetGateAsync(campaign, new(CampaignStance.Cancelled, Time.GetUtcNow()), Cancel);
        await FollowAsync();
        (await store.Campaigns.CountAsync(campaign, Cancel)).ShouldSatisfyAllConditions(counts => counts.Cancelled.ShouldBe(1), counts => counts.Sending.ShouldBe(1));

        await worker.DisposeAsync();
        await store.RescueAsync(default, Cancel);
        await FollowAsync();

        claim.Email.Campaign.ShouldBe(campaign);
        (await store.Campaigns.CountAsync(campaign, Cancel)).Cancelled.ShouldBe(2);
    }

    [Fact]
    public async Task A_copy_that_is_suppressed_gets_no_campaign_mail_and_the_recipient_does()
    {
        store.Campaigns.SuppressBy(address => address.ToLowerInvariant() is "cc@example.org" or "bcc@example.org" or "gone@example.org");
        var campaign = CampaignId.New(Time);
        ScheduledEmail Copied(string to) => Given.Email(Time, default, to) with
        {
            Campaign = campaign,
            Content = new() { To = [to], Cc = ["Cc <CC@example.org>", "other@example.org"], Bcc = ["bcc@example.org"] },
        };
        await store.Campaigns.AddRecipientsAsync(campaign, [Copied("a@example.org"), Copied("gone@example.org")], Cancel);
        await store.Campaigns.SetGateAsync(campaign, new(CampaignStance.Released, Time.GetUtcNow()), Cancel);
        var worker = await store.EnterAsync(Cancel);

        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldHaveSingleItem();

        claim.Email.AllRecipients().Select(each => each.Address).ShouldBe(["a@example.org", "other@example.org"]);
        (claim.Email.Content.Cc.ShouldHaveSingleItem(), claim.Email.Content.Bcc.Count).ShouldBe(("other@example.org", 0));
        (await store.FindAsync(claim.Email.Id, Cancel))!.Content.Cc.ShouldBe(["other@example.org"]);
        (await store.Campaigns.CountAsync(campaign, Cancel)).Cancelled.ShouldBe(1);
    }

    [Fact]
    public async Task A_cancel_reaches_every_row_of_a_large_campaign_some_at_a_time()
    {
        var campaign = await ReleaseAsync(Many);
        await store.Campaigns.SetGateAsync(campaign, new(CampaignStance.Cancelled, Time.GetUtcNow()), Cancel);
        int followed, all = 0, most = 0;
        while ((followed = await store.Campaigns.FollowGatesAsync(Cancel)) > 0) (all, most) = (all + followed, Math.Max(most, followed));
        all.ShouldBe(Many);
        most.ShouldBeLessThanOrEqualTo(500);
        (await store.Campaigns.CountAsync(campaign, Cancel)).Cancelled.ShouldBe(Many);
    }

    private async Task<(long ScannedRows, long Steps)> ClaimCostAsync(int emails = 100)
    {
        var worker = await store.EnterAsync(Cancel);
        // Whatever was left unwritten is none of this claim's cost.
        await store.OverviewAsync(Cancel);
        var before = store.Effort;
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(emails), Cancel)).Count.ShouldBe(emails);
        var after = store.Effort;
        return (after.ScannedRows - before.ScannedRows, after.Steps - before.Steps);
    }

    /// <summary>What one claim of nothing, the next due time and one look of the follower cost.</summary>
    private async Task<(long Lanes, long Steps)> LooksAsync()
    {
        var worker = await store.EnterAsync(Cancel);
        await store.OverviewAsync(Cancel);
        var (lanes, steps) = (store.LaneLooks, store.Effort.Steps);
        (await store.ClaimDueAsync(worker.Id, new([]), Cancel)).ShouldBeEmpty();
        await store.NextDueAsync(Given.Capacity(), Cancel);
        (await store.Campaigns.FollowGatesAsync(Cancel)).ShouldBe(0);
        return (store.LaneLooks - lanes, store.Effort.Steps - steps);
    }

    private async Task FollowAsync()
    {
        while (await store.Campaigns.FollowGatesAsync(Cancel) > 0)
        {
        }
    }

    private async Task FillAsync(int emails)
    {
        for (var kept = 0; kept < emails; kept += AtOnce) await store.AddAsync([.. Enumerable.Range(0, AtOnce).Select(_ => Given.Email(Time))], Cancel);
    }

    /// <summary>Emails that are over: nobody wanted them any more.</summary>
    private async Task ExpireAsync(int emails)
    {
        await store.AddAsync([.. Enumerable.Range(0, emails).Select(_ => Given.Email(Time) with { NotAfter = Time.GetUtcNow() })], Cancel);
        Time.Advance(TimeSpan.FromSeconds(1));
        while ((await store.ExpireAsync(Cancel)).Count > 0)
        {
        }

        (await store.OverviewAsync(Cancel)).Counts[EmailStatus.Failed].ShouldBe(emails);
    }

    private async Task<CampaignId> ReleaseAsync(int recipients)
    {
        var campaign = CampaignId.New(Time);
        for (var kept = 0; kept < recipients; kept += AtOnce)
        {
            List<ScheduledEmail> some = [.. Enumerable.Range(kept, Math.Min(AtOnce, recipients - kept)).Select(number => Given.Email(Time, default, $"r{number}@example.org") with { Campaign = campaign })];
            (await store.Campaigns.AddRecipientsAsync(campaign, some, Cancel)).ShouldBe(some.Count);
        }

        await store.Campaigns.SetGateAsync(campaign, new(CampaignStance.Released, Time.GetUtcNow()), Cancel);
        return campaign;
    }
}
