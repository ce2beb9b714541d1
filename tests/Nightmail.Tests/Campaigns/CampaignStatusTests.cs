using Nightmail.Core.Campaigns;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Campaigns;

/// <summary>A campaign's status follows from what a person wants and from its recipients.</summary>
public sealed class CampaignStatusTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_released_campaign_waits_until_its_time_and_is_sending_from_then_on()
    {
        var counts = CampaignCounts.None with { Pending = 3 };

        StatusOf(CampaignStance.Released, counts, Now.AddSeconds(5)).ShouldBe(CampaignStatus.Scheduled);
        StatusOf(CampaignStance.Released, counts, Now).ShouldBe(CampaignStatus.Sending);
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(0, 1, 0)]
    [InlineData(0, 0, 1)]
    public void No_campaign_is_over_while_anybody_is_pending_sending_or_paused(int pending, int sending, int paused)
    {
        var counts = CampaignCounts.None with { Pending = pending, Sending = sending, Paused = paused, Sent = 5, Failed = 1 };

        StatusOf(CampaignStance.Released, counts, Now).ShouldBe(CampaignStatus.Sending);
    }

    [Theory]
    [InlineData(5, 0, 0, CampaignStatus.Completed)]
    [InlineData(4, 1, 0, CampaignStatus.CompletedWithFailures)]
    [InlineData(4, 0, 1, CampaignStatus.CompletedWithFailures)]
    [InlineData(0, 5, 0, CampaignStatus.Failed)]
    [InlineData(0, 4, 1, CampaignStatus.CompletedWithFailures)]
    public void A_campaign_with_nobody_left_says_whether_all_some_or_none_have_it(int sent, int failed, int inDoubt, CampaignStatus status)
    {
        var counts = CampaignCounts.None with { Sent = sent, Failed = failed, InDoubt = inDoubt };

        StatusOf(CampaignStance.Released, counts, Now).ShouldBe(status);
    }

    [Fact]
    public void A_paused_campaign_is_paused_only_while_somebody_is_left()
    {
        StatusOf(CampaignStance.Paused, CampaignCounts.None with { Pending = 1, Sent = 4 }, Now).ShouldBe(CampaignStatus.Paused);
        StatusOf(CampaignStance.Paused, CampaignCounts.None with { Sent = 5 }, Now).ShouldBe(CampaignStatus.Completed);
    }

    [Fact]
    public void Only_a_draft_with_recipients_can_be_scheduled()
    {
        CampaignRules.WhyNot(CampaignAction.Schedule, CampaignStatus.Draft, CampaignCounts.None).ShouldBe("it has no recipients; add some first");
        CampaignRules.WhyNot(CampaignAction.Schedule, CampaignStatus.Draft, CampaignCounts.None with { Pending = 1 }).ShouldBeNull();
        CampaignRules.WhyNot(CampaignAction.Schedule, CampaignStatus.Sending, CampaignCounts.None with { Pending = 1 }).ShouldBe("it is sending; only a draft can be scheduled");
    }

    [Theory]
    [InlineData(CampaignStatus.Draft, "EditScheduleCancelDelete")]
    [InlineData(CampaignStatus.Scheduled, "ReschedulePauseCancelRetry")]
    [InlineData(CampaignStatus.Sending, "PauseCancelRetry")]
    [InlineData(CampaignStatus.Paused, "RescheduleResumeCancelRetry")]
    [InlineData(CampaignStatus.Completed, "Retry")]
    [InlineData(CampaignStatus.CompletedWithFailures, "Retry")]
    [InlineData(CampaignStatus.Cancelled, "")]
    [InlineData(CampaignStatus.Failed, "Retry")]
    public void Each_status_allows_what_makes_sense_in_it(CampaignStatus status, string allowed)
    {
        var counts = CampaignCounts.None with { Pending = 1, Failed = 1 };

        string.Concat(Enum.GetValues<CampaignAction>().Where(action => CampaignRules.WhyNot(action, status, counts) is null)).ShouldBe(allowed);
    }

    [Fact]
    public void A_campaign_with_nobody_left_can_be_deleted_and_one_that_goes_on_cannot()
    {
        CampaignRules.WhyNot(CampaignAction.Delete, CampaignStatus.Completed, CampaignCounts.None with { Sent = 2 }).ShouldBeNull();
        CampaignRules.WhyNot(CampaignAction.Delete, CampaignStatus.Sending, CampaignCounts.None with { Sending = 2 }).ShouldBe("it is sending; cancel it first");
    }

    private static CampaignStatus StatusOf(CampaignStance stance, CampaignCounts counts, DateTimeOffset scheduledFor)
    {
        var campaign = new Campaign { Id = CampaignId.New(TimeProvider.System), Name = "news", CreatedAt = Now, Stance = stance, ScheduledFor = scheduledFor };
        return CampaignStatuses.Of(campaign, counts, Now);
    }
}
