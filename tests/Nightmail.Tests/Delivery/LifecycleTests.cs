using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;
using static Nightmail.Tests.Delivery.Given;

namespace Nightmail.Tests.Delivery;

public sealed class LifecycleTests
{
    private static readonly DeliveryPolicy Policy = new();

    [Theory]
    [InlineData("ddd", EmailStatus.Sent, null, "ddd")]
    [InlineData("dbb", EmailStatus.Sent, null, "drr")]
    [InlineData("bbb", EmailStatus.Failed, FailureReason.Bounced, "rrr")]
    [InlineData("dbp", EmailStatus.Pending, null, "drp")]
    [InlineData("ppp", EmailStatus.Pending, null, "ppp")]
    [InlineData("bbp", EmailStatus.Pending, null, "rrp")]
    [InlineData("iii", EmailStatus.InDoubt, null, "iii")]
    [InlineData("dip", EmailStatus.InDoubt, null, "dip")]
    [InlineData("dbi", EmailStatus.InDoubt, null, "dri")]
    [InlineData("duu", EmailStatus.Pending, null, "dpp")]
    public void The_recipients_verdicts_give_the_status(string verdicts, EmailStatus status, FailureReason? reason, string states)
    {
        var row = After(Email(), Verdicts(verdicts));
        (row.Status, row.Reason, row.States()).ShouldBe((status, reason, states));
        row.ClaimedBy.ShouldBeNull();
        (row.NextAttempt is not null).ShouldBe(status == EmailStatus.Pending);
    }

    [Fact]
    public void Over_several_attempts_each_recipient_keeps_what_came_of_it()
    {
        var first = After(Email(), Of(Delivered(A), Bounced(B), Deferred(C)));
        first.States().ShouldBe("drp");
        first.LastError.ShouldBe("451 4.7.1 greylisted");
        var second = After(first, Of(Deferred(C)));
        second.States().ShouldBe("drp");
        second.Deferrals.ShouldBe(2);
        var last = After(second, Of(Delivered(C)));
        (last.Status, last.States(), last.LastError).ShouldBe((EmailStatus.Sent, "drd", null));
        last.AllRecipients()[1].Reply.ShouldBe("550 5.1.1 unknown");
        (last.SentAt, last.SentReply).ShouldBe((Now, "250 2.0.0 Ok queued"));
    }

    [Fact]
    public void A_delivery_is_never_taken_back() =>
        After(After(Email(), Of(Delivered(A), Deferred(B), Deferred(C))), Of(Bounced(A), Doubtful(A), Deferred(B), Deferred(C))).States().ShouldBe("dpp");

    [Fact]
    public void A_deferral_waits_twice_as_long_each_time_and_then_gives_up()
    {
        var row = Email(A);
        var now = Now;
        var waits = new List<double>();
        while (row.Status == EmailStatus.Pending)
        {
            row = Lifecycle.After(row, Of(Deferred(A)), Policy, now, new EvenDice());
            if (row.NextAttempt is not { } next) break;
            waits.Add((next - now).TotalMinutes);
            now = next;
        }

        waits.Take(8).ShouldBe([5, 10, 20, 40, 80, 160, 240, 240]);
        (row.Status, row.Reason, row.LastError, row.NextAttempt).ShouldBe((EmailStatus.Failed, FailureReason.GaveUp, "451 4.7.1 greylisted", null));
        (now - Now).ShouldBeInRange(TimeSpan.FromDays(4.8), TimeSpan.FromDays(5));
    }

    [Fact]
    public void Giving_up_counts_from_the_retry_of_a_person()
    {
        var late = Now.AddDays(6);
        Lifecycle.After(Email(A), Of(Deferred(A)), Policy, late, new EvenDice()).Reason.ShouldBe(FailureReason.GaveUp);
        Lifecycle.After(Email(A) with { RetriedAt = late.AddHours(-1) }, Of(Deferred(A)), Policy, late, new EvenDice()).Status.ShouldBe(EmailStatus.Pending);
    }

    [Fact]
    public void Giving_up_keeps_who_has_it()
    {
        var row = Lifecycle.After(Email(A, B), Of(Delivered(A), Deferred(B)), Policy, Now.AddDays(6), new EvenDice());
        (row.Status, row.Reason, row.States()).ShouldBe((EmailStatus.Failed, FailureReason.GaveUp, "dp"));
    }

    [Fact]
    public void An_account_failure_neither_counts_as_deferral_nor_gives_up()
    {
        var row = Email(A);
        foreach (var seconds in (double[])[2, 4, 8, 16, 32, 64, 120, 120])
        {
            row = Lifecycle.After(row, DeliveryOutcome.OfFault(Refused, [A]), Policy, Now.AddDays(9), new EvenDice());
            (row.NextAttempt - Now.AddDays(9)).ShouldBe(TimeSpan.FromSeconds(seconds));
        }

        (row.Status, row.Deferrals, row.AccountFailures, row.LastError).ShouldBe((EmailStatus.Pending, 0, 8, "connect: refused"));
        After(row with { ScheduledFor = Now }, Of(Deferred(A))).AccountFailures.ShouldBe(0);
    }

    [Fact]
    public void An_account_failure_that_answered_this_email_ends_with_it()
    {
        var answer = DeliveryOutcome.OfFault(new(AccountFaultReason.Sender, "550 5.1.8 not from you"), [A]) with { FaultIsAnswer = true };

        Lifecycle.After(Email(A), answer, Policy, Now.AddDays(4), new EvenDice()).Status.ShouldBe(EmailStatus.Pending);
        var last = Lifecycle.After(Email(A), answer, Policy, Now.AddDays(5), new EvenDice());
        (last.Status, last.Reason, last.NextAttempt, last.LastError).ShouldBe((EmailStatus.Failed, FailureReason.GaveUp, null, "550 5.1.8 not from you"));
        Lifecycle.After(Email(A) with { RetriedAt = Now.AddDays(5) }, answer, Policy, Now.AddDays(5), new EvenDice()).Status.ShouldBe(EmailStatus.Pending);
    }

    [Fact]
    public void What_only_did_not_fit_goes_on_soon_and_is_no_deferral()
    {
        var row = After(Email(A, B), Of(Delivered(A), Untried(B)));
        (row.Deferrals, row.AccountFailures, row.NextAttempt).ShouldBe((0, 0, Now.AddSeconds(2)));
    }

    [Fact]
    public void The_policy_to_retry_doubt_makes_it_pending_with_a_wait()
    {
        var row = Lifecycle.After(Email(A, B), Of(Delivered(A), Doubtful(B)), Policy with { InDoubt = DoubtPolicy.Retry }, Now, new EvenDice());
        (row.Status, row.States(), row.NextAttempt).ShouldBe((EmailStatus.Pending, "dp", Now.AddMinutes(5)));
    }

    [Fact]
    public void A_row_whose_recipients_do_not_differ_stays_small() => After(Email(), DeliveryOutcome.OfFault(Refused, [A, B, C])).Recipients.ShouldBeEmpty();

    [Fact]
    public void An_attempt_that_says_anything_ends_the_count_of_lost_claims() => After(Email(A) with { LostClaims = 3 }, Of(Deferred(A))).LostClaims.ShouldBe(0);

    [Fact]
    public void A_claim_given_back_leaves_the_email_as_it_was()
    {
        var waiting = Email(A) with { LostClaims = 1, NextAttempt = Now.AddMinutes(-1), LastError = "451 later" };
        var back = Lifecycle.GivenBack(Claimed(waiting).Email, Now);
        back.ShouldBe(waiting with { Attempts = 1, LastAttempt = Now, LastAccount = "work", LastModified = Now });
    }

    [Fact]
    public void What_no_message_can_be_written_from_fails_as_invalid()
    {
        var row = Lifecycle.Invalid(Claimed(Email(A)).Email, "the attachment is gone", Now);
        (row.Status, row.Reason, row.LastError, row.ClaimedBy).ShouldBe((EmailStatus.Failed, FailureReason.Invalid, "the attachment is gone", null));
    }

    private static ScheduledEmail After(ScheduledEmail email, DeliveryOutcome outcome) => Lifecycle.After(email, outcome, Policy, Now, new EvenDice());

    private static DeliveryOutcome Of(params RecipientOutcome[] recipients) => new(recipients) { Begun = true };

    private static DeliveryOutcome Verdicts(string letters) => Of([.. letters.Zip([A, B, C], (letter, address) => letter switch
    {
        'd' => Delivered(address),
        'b' => Bounced(address),
        'p' => Deferred(address),
        'i' => Doubtful(address),
        _ => Untried(address),
    })]);
}
