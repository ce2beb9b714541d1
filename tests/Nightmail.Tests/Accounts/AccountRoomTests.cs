using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Tests.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Accounts;

public sealed class AccountRoomTests
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
        var room = Room((Work, 9), (Hut, 9));
        room.CouldTake(Email(account, from)).ShouldBe(through is not null);
        room.TryTake(Email(account, from))?.Account.ShouldBe(through);
    }

    [Fact]
    public void A_from_that_was_frozen_at_the_first_begin_counts_like_its_own() =>
        Room((Work, 1), (Hut, 1)).TryTake(Email(null, null) with { FrozenFrom = "ada@hut.example" })!.Account.ShouldBe("hut");

    [Fact]
    public void No_more_is_taken_than_is_free()
    {
        var room = Room((Work, 2), (Hut, 1), (Hut with { Name = "full" }, 0), (Hut with { Name = "over" }, -1));
        Take(room, Either, 4).Order().ShouldBe([null, "hut", "work", "work"]);
        room.CouldTake(Either).ShouldBeFalse();
        room.EarliestFor(Either).ShouldBeNull("only what is on its way stands in between");
    }

    [Fact]
    public void What_other_workers_have_on_their_way_counts()
    {
        var room = Room(new Dictionary<string, AccountFacts> { ["work"] = AccountFacts.None with { OnTheWay = 3 } }, (Work, 9));
        Take(room, Email("work", null), 2).ShouldBe(["work", null]);
    }

    [Fact]
    public void A_full_account_does_not_hold_anothers_emails_up()
    {
        var room = Room((Work, 1), (Hut, 1));
        room.TryTake(Email("work", null))!.Account.ShouldBe("work");
        room.TryTake(Email("work", null)).ShouldBeNull();
        room.TryTake(Email("hut", null))!.Account.ShouldBe("hut");
    }

    [Fact]
    public void The_lower_priority_is_used_only_when_the_higher_is_full()
    {
        var room = Room((Work with { Priority = 2 }, 9), (Hut with { Priority = 1 }, 2));
        Take(room, Either, 4).ShouldBe(["hut", "hut", "work", "work"]);
    }

    [Fact]
    public void Among_equals_the_least_used_for_its_weight_is_next()
    {
        var room = Room((Many(Work), 9), (Many(Hut) with { Weight = 2 }, 9));
        Take(room, Either, 6).Count(name => name == "hut").ShouldBe(4);

        var begins = new[] { Given.Now.AddMinutes(-50), Given.Now.AddMinutes(-10) };
        room = Room(new Dictionary<string, AccountFacts> { ["work"] = AccountFacts.None with { Begins = begins } }, (Work, 9), (Hut, 9));
        Take(room, Either, 3).ShouldBe(["hut", "hut", "work"]);
    }

    [Fact]
    public void An_account_that_is_switched_off_takes_nothing()
    {
        var room = Room((Work with { IsEnabled = false }, 9));
        room.CouldTake(Email(null, null)).ShouldBeFalse();
        room.EarliestFor(Email(null, null)).ShouldBeNull();
    }

    [Fact]
    public void An_email_that_one_account_could_not_send_goes_to_another_at_once_and_to_the_same_only_later()
    {
        var failed = Either with { LastAccount = "work", FailedAccounts = ["work"], AccountFailures = 1, NextAttempt = Given.Now.AddSeconds(2) };
        Room((Work, 9), (Hut with { Priority = 7 }, 9)).TryTake(failed)!.Account.ShouldBe("hut");
        Room((Work, 9)).CouldTake(failed).ShouldBeFalse();
        Room((Work, 9)).EarliestFor(failed).ShouldBe(failed.NextAttempt);

        var both = failed with { FailedAccounts = ["hut", "work"], NextAttempt = Given.Now };
        Room((Work, 9), (Hut, 9)).TryTake(both)!.Account.ShouldBe("hut");
    }

    [Fact]
    public void An_open_circuit_takes_nothing_and_then_one_email()
    {
        var open = new Circuit { OpenUntil = Given.Now.AddMinutes(5), Term = 3, Failures = 5, Fault = Given.Refused };
        var facts = new Dictionary<string, AccountFacts> { ["work"] = AccountFacts.None with { Circuit = open } };
        Room(facts, (Work, 9)).CouldTake(Email("work", null)).ShouldBeFalse();
        Room(facts, (Work, 9)).EarliestFor(Email("work", null)).ShouldBe(open.OpenUntil);

        facts["work"] = AccountFacts.None with { Circuit = open with { OpenUntil = Given.Now } };
        var room = Room(facts, (Work, 9));
        var grant = room.TryTake(Email("work", null));
        grant!.Term.ShouldBe(3);
        grant.Probes.ShouldNotBeNull();
        room.TryTake(Email("work", null)).ShouldBeNull();

        facts["work"] = AccountFacts.None with { Circuit = room.Probing(grant, Given.Claimed(Email("work", null))) };
        Room(facts, (Work, 9)).CouldTake(Email("work", null)).ShouldBeFalse();
    }

    [Fact]
    public void An_account_that_has_to_be_tried_comes_before_its_equals_with_one_email()
    {
        var facts = new Dictionary<string, AccountFacts> { ["hut"] = AccountFacts.None with { Circuit = new() { OpenUntil = Given.Now, Term = 1 } } };
        Take(Room(facts, (Work, 9), (Hut, 9)), Either, 3).ShouldBe(["hut", "work", "work"]);
        Take(Room(facts, (Work, 9), (Hut with { Priority = 2 }, 9)), Either, 2).ShouldBe(["work", "work"]);
    }

    [Fact]
    public void Another_account_stands_in_for_the_default_one_where_it_may_use_its_from()
    {
        var accounts = Account.WithStandIns([Work, Hut, Hut with { Name = "stranger", MaySendAs = [] }]);
        var room = Room([.. accounts.Select(account => (account, 1))]);
        Take(room, Email(null, null), 3).Order().ShouldBe([null, "hut", "work"]);
        accounts[1].FromOf(Email(null, null)).ShouldBe(Work.From);
        accounts[1].FromOf(Email("hut", null)).ShouldBe(Hut.From);
    }

    private static ScheduledEmail Either => Email(null, "ada@example.org");

    private static Account Many(Account account) => account with { Limits = new() { Connections = 9 } };

    private static AccountRoom Room(params (Account, int)[] offers) => Room(new Dictionary<string, AccountFacts>(), offers);

    private static AccountRoom Room(Dictionary<string, AccountFacts> facts, params (Account, int)[] offers) =>
        new(new(offers), name => facts.GetValueOrDefault(name, AccountFacts.None), Given.Now);

    private static List<string?> Take(AccountRoom room, ScheduledEmail email, int times) => [.. Enumerable.Range(0, times).Select(_ => room.TryTake(email)?.Account)];

    private static ScheduledEmail Email(string? account, string? from) => Given.Email() with { Account = account, Content = Given.Email().Content with { From = from } };
}
