using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;
using static Nightmail.Tests.Delivery.Given;

namespace Nightmail.Tests.Accounts;

/// <summary>What an attempt with mixed news says about the account.</summary>
public sealed class AccountFindingTests
{
    private static readonly AccountFault Login = new(AccountFaultReason.Auth, "535 5.7.8 no");
    private static readonly AccountFault Rate = new(AccountFaultReason.Quota, "450 4.7.28 rate limit");
    private static readonly Circuit Counted = new() { Failures = 4, Fault = Refused };

    [Fact]
    public void Whoever_delivers_to_one_recipient_works_whatever_was_said_of_another()
    {
        var finding = AccountFinding.Of(new([Delivered(A), Untried(B)], Login));

        finding.ShouldBe(new AccountFinding.Answered());
        (After(Counted, finding).Failures, After(Counted, finding).IsOpen).ShouldBe((0, false));
    }

    [Fact]
    public void A_probe_that_delivers_closes_the_circuit()
    {
        var claim = Claimed(Email(A, B));
        var open = CircuitBreaker.Probing(new() { OpenUntil = Now, Fault = Login, Failures = 7 }, claim.Email.Id, claim.Owner, claim.Attempt, new(), Now);

        var closed = CircuitBreaker.After(open, claim, AccountFinding.Of(new([Delivered(A), Untried(B)], Login)), new(), Now).Circuit;

        (closed.IsOpen, closed.Failures, closed.Probe).ShouldBe((false, 0, null));
    }

    [Fact]
    public void A_rate_still_slows_down_who_delivered()
    {
        var after = After(Counted, AccountFinding.Of(new([Delivered(A), Untried(B)], Rate)));

        (after.Failures, after.IsOpen, after.Slowness!.Halvings).ShouldBe((0, false, 1));
    }

    [Fact]
    public void A_fault_that_delivered_nothing_is_a_failure()
    {
        AccountFinding.Of(new([Bounced(A), Untried(B)], Login)).ShouldBe(new AccountFinding.Failed(Login));
        After(Counted, new AccountFinding.Failed(Rate)).Slowness!.Halvings.ShouldBe(1);
    }

    private static Circuit After(Circuit circuit, AccountFinding finding) => CircuitBreaker.After(circuit, Claimed(Email(A, B)), finding, new(), Now).Circuit;
}
