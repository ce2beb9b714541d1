using Nightmail.Core.Campaigns;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Campaigns;

public sealed class SuppressionTests
{
    [Theory]
    [InlineData("Ada@Example.ORG", "ada@example.org")]
    [InlineData(" ada@example.org ", "ada@example.org")]
    [InlineData("*@Example.org", "*@example.org")]
    [InlineData("@example.org", "*@example.org")]
    [InlineData("@müller.example", "*@xn--mller-kva.example")]
    public void A_target_is_kept_in_one_spelling(string text, string kept)
    {
        Suppression.TryReadTarget(text, out var target, out _).ShouldBeTrue();

        target.ShouldBe(kept);
    }

    [Theory]
    [InlineData("ada")]
    [InlineData("*@")]
    [InlineData("@exa mple.org")]
    public void What_is_neither_an_address_nor_a_domain_is_refused(string text)
    {
        Suppression.TryReadTarget(text, out _, out var error).ShouldBeFalse();

        error.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public void An_address_is_looked_up_by_itself_and_by_its_domain()
    {
        Suppression.TargetsFor("Ada@Example.org").ShouldBe(["ada@example.org", "*@example.org"]);
    }
}
