using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Delivery;

public sealed class LatenessTests
{
    [Fact]
    public void Ranks_are_latenesses_that_there_were()
    {
        var lateness = Lateness.Of(Enumerable.Range(1, 200).Reverse().Select(ms => TimeSpan.FromMilliseconds(ms)));

        lateness.ShouldBe(new(200, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(198), TimeSpan.FromMilliseconds(200)));
    }

    [Fact]
    public void One_is_its_own_median_and_none_has_no_lateness()
    {
        Lateness.Of([TimeSpan.FromSeconds(3)]).ShouldBe(new(1, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3)));
        Lateness.Of([]).ShouldBeNull();
    }
}
