using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Tests.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Accounts;

public sealed class AccountCapacitiesTests
{
    private static readonly Account Work = new() { Name = "work", From = "Ada <ada@example.org>", MaySendAs = ["*@Lovelace.example", "Ada <info@example.org>"], IsDefault = true, Transport = new TransportSettings.Folder("out") };
    private static readonly Account Hut = new() { Name = "hut", From = "ada@hut.example", MaySendAs = ["ada@example.org"], Transport = new TransportSettings.Folder("out") };

    [Theory]
    [InlineData("ada@example.org", true)]
    [InlineData("Countess <ADA@Example.ORG>", true)]
    [InlineData("info@example.org", true)]
    [InlineData("anybody@lovelace.example", true)]
    [InlineData("anybody@sub.lovelace.example", false)]
    [InlineData("eve@example.org", false)]
    [InlineData("not an address", false)]
    [InlineData(null, true)]
    public void An_account_may_send_as_what_it_says(string? from, bool may) => Work.MaySend(from).ShouldBe(may);

    [Theory]
    [InlineData(null, null, "work")]
    [InlineData("hut", null, "hut")]
    [InlineData("hut", "ada@hut.example", "hut")]
    [InlineData("hut", "info@example.org", null)]
    [InlineData("gone", null, null)]
    [InlineData(null, "ada@hut.example", "hut")]
    [InlineData(null, "ada@example.org", "work")]
    [InlineData(null, "eve@example.com", null)]
    public void An_email_goes_through_the_account_it_names_or_one_that_may_use_its_from(string? account, string? from, string? through)
    {
        var capacities = new AccountCapacities([(Work, 9), (Hut, 9)]);
        capacities.CouldTake(Email(account, from)).ShouldBe(through is not null);
        capacities.TryTake(Email(account, from)).ShouldBe(through);
    }

    [Fact]
    public void A_from_that_was_frozen_at_the_first_begin_counts_like_its_own() =>
        new AccountCapacities([(Work, 1), (Hut, 1)]).TryTake(Email(null, null) with { FrozenFrom = "ada@hut.example" }).ShouldBe("hut");

    [Fact]
    public void No_more_is_taken_than_is_free()
    {
        var capacities = new AccountCapacities([(Work, 2), (Hut, 1), (Hut with { Name = "full" }, 0), (Hut with { Name = "over" }, -1)]);
        var either = Email(null, "ada@example.org");
        Enumerable.Range(0, 4).Select(_ => capacities.TryTake(either)).ShouldBe(["work", "work", "hut", null]);
        capacities.IsExhausted.ShouldBeTrue();
        capacities.CouldTake(either).ShouldBeFalse();
    }

    [Fact]
    public void A_full_account_does_not_hold_anothers_emails_up()
    {
        var capacities = new AccountCapacities([(Work, 1), (Hut, 1)]);
        capacities.TryTake(Email("work", null)).ShouldBe("work");
        capacities.TryTake(Email("work", null)).ShouldBeNull();
        capacities.TryTake(Email("hut", null)).ShouldBe("hut");
    }

    private static ScheduledEmail Email(string? account, string? from) => Given.Email() with { Account = account, Content = Given.Email().Content with { From = from } };
}
