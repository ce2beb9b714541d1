using FsCheck;
using FsCheck.Fluent;
using Nightmail.Core.Maintenance;
using Nightmail.Core.Scheduling;
using NodaTime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Maintenance;

/// <summary>What is to be done about slots that have come.</summary>
public sealed class SlotRulesTests
{
    private static readonly CronExpression Daily = CronExpression.Parse("0 2 * * *");
    private static readonly DateTimeOffset First = new(2026, 11, 25, 2, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Nothing_is_due_before_the_slot() => Decide(MissedRule.Once, First.AddTicks(-1)).ShouldBeNull();

    [Theory]
    [InlineData(MissedRule.Once)]
    [InlineData(MissedRule.Skip)]
    public void A_slot_is_done_in_its_minute_whatever_the_rule(MissedRule rule)
    {
        Decide(rule, First).ShouldBe(new SlotDecision(First, true, 0, First.AddDays(1)));
        Decide(rule, First.AddSeconds(59)).ShouldBe(new SlotDecision(First, true, 0, First.AddDays(1)));
    }

    [Fact]
    public void Three_missed_slots_are_done_once() =>
        Decide(MissedRule.Once, First.AddDays(2).AddHours(5)).ShouldBe(new SlotDecision(First.AddDays(2), true, 3, First.AddDays(3)));

    [Fact]
    public void Three_missed_slots_are_left_out_where_that_is_set() =>
        Decide(MissedRule.Skip, First.AddDays(2).AddHours(5)).ShouldBe(new SlotDecision(First.AddDays(2), false, 3, First.AddDays(3)));

    [Fact]
    public void The_slot_of_this_minute_is_done_and_the_two_before_it_count_as_missed() =>
        Decide(MissedRule.Skip, First.AddDays(2).AddSeconds(10)).ShouldBe(new SlotDecision(First.AddDays(2), true, 2, First.AddDays(3)));

    [Fact]
    public void Years_of_missed_minutes_are_not_counted_one_by_one()
    {
        var now = First.AddYears(60);
        var decision = SlotRules.Decide(CronExpression.Parse("* * * * *"), DateTimeZone.Utc, MissedRule.Once, First, now)!;
        decision.Slot.ShouldBe(now);
        decision.Missed.ShouldBe(SlotRules.MostCounted + 1);
        decision.Next.ShouldBe(now.AddMinutes(1));
    }

    [Fact]
    public void A_clock_that_is_set_back_repeats_no_slot()
    {
        var last = First.AddDays(1);
        SlotRules.NextSlot(Daily, DateTimeZone.Utc, First.AddDays(-9), last, last.AddHours(-20)).ShouldBe(First.AddDays(2));
    }

    [Theory]
    [InlineData(-9, 3650)]
    [InlineData(3650, 3650)]
    [InlineData(3650, null)]
    public void What_a_clock_wrote_that_was_years_ahead_holds_nothing_up(int since, int? last)
    {
        var now = First.AddDays(5).AddHours(3);
        var next = SlotRules.NextSlot(Daily, DateTimeZone.Utc, First.AddDays(since), last is { } days ? First.AddDays(days) : null, now)!.Value;
        var decision = Decide(MissedRule.Once, now, next).ShouldNotBeNull();
        (decision.DoIt, decision.Slot, decision.Next).ShouldBe((true, First.AddDays(5), First.AddDays(6)));
        SlotRules.NextSlot(Daily, DateTimeZone.Utc, First.AddDays(since), decision.Slot, now).ShouldBe(First.AddDays(6));
    }

    [Fact]
    public void A_changed_time_counts_from_its_change() =>
        SlotRules.NextSlot(Daily, DateTimeZone.Utc, First.AddDays(4), First, First.AddDays(4)).ShouldBe(First.AddDays(5));

    [Fact]
    public void However_a_server_comes_and_goes_each_slot_is_done_or_missed_once()
    {
        var zone = TimeZoneRules.Default.TryFind("Europe/Berlin", out var berlin, out _) ? berlin : throw new InvalidOperationException("no such zone");
        var worlds = from cron in Gen.Elements("*/7 * * * *", "0 2 * * *", "30 2 * * *", "0 */3 * * *", "15 1,2,3 * * 0")
                     from rule in Gen.Elements(MissedRule.Once, MissedRule.Skip)
                     from steps in Gen.Choose(1, 4000).ListOf(30)
                     select (cron, rule, steps);
        Prop.ForAll(worlds.ToArbitrary(), world =>
        {
            var cron = CronExpression.Parse(world.cron);
            var since = new DateTimeOffset(2026, 10, 20, 0, 0, 0, TimeSpan.Zero);
            var (now, last, accounted, done) = (since, (DateTimeOffset?)null, 0, new List<DateTimeOffset>());
            foreach (var minutes in world.steps)
            {
                now = now.AddMinutes(minutes).AddSeconds(minutes % 50);
                while (SlotRules.NextSlot(cron, zone, since, last, now) is { } next && SlotRules.Decide(cron, zone, world.rule, next, now) is { } decision)
                {
                    if (decision.DoIt) done.Add(decision.Slot);
                    // On time it is done and not missed; late it is missed, and with the rule once done all the same.
                    accounted += decision.Missed + (now - decision.Slot <= SlotRules.Grace ? 1 : 0);
                    last = decision.Slot;
                }
            }

            done.ShouldBe(done.Distinct().Order());
            var slots = cron.SlotsAfter(since, zone).TakeWhile(slot => slot <= now).ToHashSet();
            done.ShouldAllBe(slot => slots.Contains(slot));
            return accounted == slots.Count;
        }).QuickCheckThrowOnFailure();
    }

    private static SlotDecision? Decide(MissedRule rule, DateTimeOffset now, DateTimeOffset? next = null) => SlotRules.Decide(Daily, DateTimeZone.Utc, rule, next ?? First, now);
}
