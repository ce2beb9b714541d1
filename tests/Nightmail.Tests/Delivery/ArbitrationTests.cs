using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;
using static Nightmail.Tests.Delivery.Given;

namespace Nightmail.Tests.Delivery;

public sealed class ArbitrationTests
{
    private readonly Claim claim = Claimed(Email());

    [Fact]
    public void A_claim_of_what_is_held_may_begin() => Refusal(claim.Email, EmailLedger.Empty).ShouldBeNull();

    [Fact]
    public void An_attempts_own_earlier_transactions_do_not_stand_in_its_way()
    {
        var ledger = Ledger(Begin(1, A), Outcome(1, Delivered(A)));
        Refusal(claim.Email, ledger, transaction: 1).ShouldBeNull();
        Refusal(claim.Email, ledger, transaction: 0).ShouldNotBeNull().ShouldContain("begun before");
    }

    [Fact]
    public void A_lost_claim_may_not_begin()
    {
        Refusal(null, EmailLedger.Empty).ShouldNotBeNull();
        Refusal(claim.Email with { Status = EmailStatus.Pending }, EmailLedger.Empty).ShouldNotBeNull();
        Refusal(claim.Email with { ClaimedBy = Other.Text }, EmailLedger.Empty).ShouldNotBeNull();
        Refusal(claim.Email with { Attempts = 2 }, EmailLedger.Empty).ShouldNotBeNull();
    }

    [Fact]
    public void Nothing_begins_while_sending_is_paused() =>
        Arbitration.RefuseBegin(claim.Email, EmailLedger.Empty, claim, 0, sendingPaused: true, Now).ShouldBe("sending is paused");

    [Fact]
    public void An_email_whose_last_moment_passed_on_the_way_does_not_begin()
    {
        Refusal(claim.Email with { NotAfter = Now.AddSeconds(-1) }, EmailLedger.Empty).ShouldBe("its last moment has passed");
        Refusal(claim.Email with { NotAfter = Now }, EmailLedger.Empty).ShouldBeNull();
    }

    [Fact]
    public void A_row_behind_its_ledger_may_not_begin()
    {
        foreach (var kind in (LedgerKind[])[LedgerKind.Cancel, LedgerKind.Pause, LedgerKind.Edit, LedgerKind.Reschedule, LedgerKind.Retry, LedgerKind.MarkSent, LedgerKind.Resume])
        {
            // A person's entry carries the attempt that the row was at: it is not that attempt's own.
            var ledger = Ledger(Entry(kind) with { Attempt = 1 });
            Refusal(claim.Email, ledger).ShouldNotBeNull(kind.ToString());
            Refusal(claim.Email with { LedgerLast = 2 }, ledger).ShouldNotBeNull(kind.ToString()).ShouldContain("the ledger has lost");
            Refusal(claim.Email with { LedgerLast = 1 }, ledger).ShouldBeNull(kind.ToString());
        }

        Refusal(claim.Email, Ledger(Begin(2, A), Outcome(2, Deferred(A)))).ShouldNotBeNull();
    }

    [Fact]
    public void Nothing_begins_while_another_attempts_answer_is_open() =>
        Refusal(claim.Email with { LedgerLast = 1 }, Ledger(Begin(2, A))).ShouldNotBeNull().ShouldContain("answer is not known");

    [Fact]
    public void A_claim_takes_an_attempt_number_above_all_that_the_ledger_knows()
    {
        var row = Arbitration.Claimed(Email() with { Attempts = 2 }, Ledger(Begin(5, A), Outcome(5, Deferred(A))), Owner, "work", Now);
        (row.Attempts, row.Status, row.ClaimedBy, row.LastAttempt, row.LastAccount).ShouldBe((6, EmailStatus.Sending, "one", Now, "work"));
    }

    [Fact]
    public void Only_pending_and_due_emails_are_claimed_and_late_ones_expire()
    {
        Arbitration.IsClaimable(Email(), Now).ShouldBeTrue();
        Arbitration.IsClaimable(Email(), Now.AddTicks(-1)).ShouldBeFalse();
        Arbitration.IsClaimable(Email() with { NextAttempt = Now.AddSeconds(1) }, Now).ShouldBeFalse();
        Arbitration.IsClaimable(Email() with { NotAfter = Now }, Now).ShouldBeTrue();
        Arbitration.IsClaimable(Email() with { NotAfter = Now }, Now.AddTicks(1)).ShouldBeFalse();
        foreach (var status in Enum.GetValues<EmailStatus>().Where(status => status != EmailStatus.Pending))
        {
            Arbitration.IsClaimable(Email() with { Status = status }, Now).ShouldBeFalse();
            Arbitration.IsExpired(Email() with { Status = status, NotAfter = Now.AddDays(-1) }, Now).ShouldBeFalse();
        }

        var waiting = Email() with { NotAfter = Now.AddHours(1), NextAttempt = Now.AddHours(2) };
        Arbitration.IsExpired(waiting, Now.AddHours(1)).ShouldBeFalse();
        Arbitration.IsExpired(waiting, Now.AddHours(1).AddTicks(1)).ShouldBeTrue();
        var expired = Arbitration.Expired(waiting, Now.AddHours(2));
        (expired.Status, expired.Reason, expired.NextAttempt).ShouldBe((EmailStatus.Failed, FailureReason.Expired, null));
    }

    [Fact]
    public void A_recorded_result_knows_all_of_the_ledger()
    {
        var ledger = Ledger(Begin(1, A, B, C), Outcome(1, Delivered(A), Delivered(B), Delivered(C)));
        var row = Arbitration.Recorded(claim.Email with { Status = EmailStatus.Sent, ClaimedBy = null }, claim.Email, ledger, claim);
        (row.Status, row.LedgerLast).ShouldBe((EmailStatus.Sent, 2));
    }

    [Fact]
    public void A_row_ahead_of_its_ledger_stays_so_when_its_claim_is_given_back_and_is_then_held()
    {
        var ahead = Claimed(Email() with { LedgerLast = 7 });
        var row = Arbitration.Recorded(Lifecycle.GivenBack(ahead.Email, Now), ahead.Email, EmailLedger.Empty, ahead);
        (row.Status, row.LedgerLast).ShouldBe((EmailStatus.Pending, 7));
        Settlement.Settle(row, EmailLedger.Empty).Status.ShouldBe(EmailStatus.Paused);
    }

    [Fact]
    public void Late_news_that_came_in_meanwhile_is_taken_into_the_result()
    {
        var second = Claimed(Email() with { Attempts = 1, LedgerLast = 2 });
        var ledger = Ledger(Begin(1, A, B, C), Entry(LedgerKind.Retry) with { Attempt = 1 }, Begin(2, A, B, C), Outcome(1, Delivered(A), Bounced(B), Deferred(C)), Outcome(2, Deferred(A), Deferred(B), Deferred(C)));
        var result = Lifecycle.After(second.Email, new([Deferred(A), Deferred(B), Deferred(C)]), new(), Now, new EvenDice());
        var row = Arbitration.Recorded(result, second.Email, ledger, second);
        (row.Status, row.States(), row.LedgerLast).ShouldBe((EmailStatus.Pending, "drp", 5));
    }

    [Fact]
    public void A_result_recorded_while_something_is_unanswered_leaves_the_doubt_to_be_found()
    {
        // The same worker claimed it twice under one attempt, because an old row came back; this one is given back, the other has begun.
        var row = Arbitration.Recorded(Lifecycle.GivenBack(claim.Email, Now), claim.Email, Ledger(Begin(1, A, B, C)), claim);
        row.LedgerLast.ShouldBe(0);
        Settlement.Settle(row, Ledger(Begin(1, A, B, C))).Status.ShouldBe(EmailStatus.InDoubt);
    }

    [Fact]
    public void A_change_that_reached_only_the_ledger_is_not_passed_over()
    {
        var row = Arbitration.Recorded(Lifecycle.GivenBack(claim.Email, Now), claim.Email, Ledger(Entry(LedgerKind.Cancel) with { Attempt = 1 }), claim);
        (row.Status, row.LedgerLast).ShouldBe((EmailStatus.Cancelled, 1));
    }

    [Fact]
    public void The_ledger_knows_what_is_begun_and_open()
    {
        var ledger = Ledger(Begin(1, A), Begin(1, B) with { Transaction = 1 }, Outcome(1, Delivered(A)));
        ledger.Unanswered().ShouldHaveSingleItem().Transaction.ShouldBe(1);
        ledger.HasBegun(1, 1).ShouldBeTrue();
        ledger.HasBegun(2, 0).ShouldBeFalse();
        (ledger.LastSequence, ledger.LastAttempt, ledger.After(2).Count()).ShouldBe((3, 1, 1));
        Ledger(Begin(1, A), Entry(LedgerKind.Retry)).Unanswered().ShouldBeEmpty();
        Ledger(Begin(1, A), Entry(LedgerKind.MarkSent)).Unanswered().ShouldBeEmpty();
        Ledger(Begin(1, A), Entry(LedgerKind.Cancel)).Unanswered().ShouldHaveSingleItem();
        (EmailLedger.Empty.LastSequence, EmailLedger.Empty.LastAttempt).ShouldBe((0, 0));
    }

    private string? Refusal(ScheduledEmail? row, EmailLedger ledger, int transaction = 0) => Arbitration.RefuseBegin(row, ledger, claim, transaction, sendingPaused: false, Now);
}
