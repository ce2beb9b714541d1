using FsCheck;
using FsCheck.Fluent;
using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Delivery;

public sealed class RetryPolicyTests
{
    [Fact]
    public void Tries_to_connect_wait_one_second_then_two_at_most_ten()
    {
        var policy = new RetryPolicy();
        policy.MaxAttempts.ShouldBe(3);
        foreach (var (tries, seconds) in ((int, double)[])[(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (500, 10)])
            policy.DelayAfter(tries, new Given.EvenDice()).ShouldBe(TimeSpan.FromSeconds(seconds * 0.75));
    }

    [Fact]
    public void Chance_takes_at_most_half_of_a_try_and_a_fifth_of_a_deferral() => Prop.ForAll<int, int>((count, seed) =>
    {
        count = Math.Abs(count % 100) + 1;
        var random = new Random(seed);
        var tries = new RetryPolicy();
        tries.DelayAfter(count, random).ShouldBeInRange(Backoff.Doubling(tries.BaseDelay, count, tries.MaxDelay) / 2, tries.MaxDelay);
        var deferral = new DeferralPolicy();
        var full = Backoff.Doubling(deferral.First, count, deferral.Max);
        deferral.DelayAfter(count, random).ShouldBeInRange(full * 0.8, full * 1.2);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(6, 160)]
    [InlineData(7, 240)]
    [InlineData(60, 240)]
    [InlineData(int.MaxValue, 240)]
    [InlineData(int.MinValue, 5)]
    public void Doubling_ends_at_the_longest_wait_and_never_overflows(int count, double minutes) =>
        Backoff.Doubling(TimeSpan.FromMinutes(5), count, TimeSpan.FromHours(4)).ShouldBe(TimeSpan.FromMinutes(minutes));

    [Fact]
    public void No_wait_at_all_stays_none() => Backoff.Doubling(TimeSpan.Zero, 50, TimeSpan.FromHours(4)).ShouldBe(TimeSpan.Zero);
}
