using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;
using static Nightmail.Tests.Delivery.Given;

namespace Nightmail.Tests.Delivery;

public sealed class RescueTests
{
    private static readonly ScheduledEmail Sending = Claimed(Email()).Email;

    [Fact]
    public void A_live_workers_claim_stands_for_five_minutes()
    {
        Rescue.Take(Sending, EmailLedger.Empty, Alive, Now + Rescue.NotBegunLimit).ShouldBeNull();
        Rescue.Take(Sending, EmailLedger.Empty, Alive, Now + Rescue.NotBegunLimit + TimeSpan.FromSeconds(1))!.Status.ShouldBe(EmailStatus.Pending);
    }

    [Fact]
    public void A_dead_workers_claim_that_had_not_begun_is_pending_at_once()
    {
        var row = Rescue.Take(Sending, EmailLedger.Empty, Dead, Now).ShouldNotBeNull();
        (row.Status, row.ClaimedBy, row.LostClaims, row.NextAttempt).ShouldBe((EmailStatus.Pending, null, 1, null));
    }

    [Fact]
    public void The_second_lost_claim_in_a_row_waits_and_the_fifth_pauses()
    {
        var row = Email();
        var waits = new List<double?>();
        for (var i = 0; i < 5; i++)
        {
            row = Rescue.Take(Claimed(row).Email, EmailLedger.Empty, Dead, Now).ShouldNotBeNull();
            waits.Add((row.NextAttempt - Now)?.TotalMinutes);
        }

        waits.Take(4).ShouldBe([null, 5, 10, 20]);
        (row.Status, row.LostClaims).ShouldBe((EmailStatus.Paused, 5));
        row.LastError.ShouldNotBeNull().ShouldContain("5 times in a row");
    }

    [Fact]
    public void While_the_worker_that_began_lives_its_answer_is_waited_for()
    {
        Rescue.Take(Sending, Ledger(Begin(1, A)), Alive, Now.AddHours(1)).ShouldBeNull();
        var row = Rescue.Take(Sending, Ledger(Begin(1, A)), Dead, Now).ShouldNotBeNull();
        (row.Status, row.States(), row.ClaimedBy).ShouldBe((EmailStatus.InDoubt, "ipp", null));
    }

    [Fact]
    public void A_begin_that_the_row_knows_and_nobody_answered_is_in_doubt_all_the_same()
    {
        var knowing = Sending with { LedgerLast = 5 };
        Rescue.Take(knowing, Ledger(Begin(1, A)), Alive, Now.AddHours(1)).ShouldBeNull();
        Rescue.Take(knowing, Ledger(Begin(1, A)), Dead, Now)!.Status.ShouldBe(EmailStatus.InDoubt);
    }

    [Fact]
    public void A_begin_without_a_worker_is_a_dead_ones() =>
        Rescue.Take(Sending, Ledger(Begin(1, A) with { Worker = null }), Alive, Now)!.Status.ShouldBe(EmailStatus.InDoubt);

    [Fact]
    public void A_worker_between_two_transactions_is_at_work()
    {
        var ledger = Ledger(Begin(1, A), Outcome(1, Delivered(A)) with { At = Now.AddMinutes(9) });
        Rescue.Take(Sending, ledger, Alive, Now.AddMinutes(10)).ShouldBeNull();
        var row = Rescue.Take(Sending, ledger, Alive, Now.AddMinutes(15)).ShouldNotBeNull();
        (row.Status, row.States(), row.LostClaims).ShouldBe((EmailStatus.Pending, "dpp", 0));
        Rescue.Take(Sending, ledger, Dead, Now.AddMinutes(10))!.States().ShouldBe("dpp");
    }

    [Fact]
    public void An_outcome_whose_row_was_never_written_is_taken_in() =>
        Rescue.Take(Sending, Ledger(Begin(1, A, B, C), Outcome(1, Delivered(A), Delivered(B), Bounced(C))), Dead, Now)!.Status.ShouldBe(EmailStatus.Sent);

    [Fact]
    public void An_old_row_under_a_claim_is_taken_back_when_another_attempts_sender_is_dead()
    {
        // The row came back from a time when another worker, that still lives, had claimed it.
        var row = Rescue.Take(Sending, Ledger(Begin(2, A, B, C) with { Worker = "gone" }), Alive, Now).ShouldNotBeNull();
        (row.Status, row.Attempts).ShouldBe((EmailStatus.InDoubt, 2));
    }

    [Fact]
    public void A_row_that_is_being_sent_by_nobody_since_never_is_taken_back()
    {
        var strange = Email() with { Status = EmailStatus.Sending };
        Rescue.Take(strange, EmailLedger.Empty, Alive, Now)!.Status.ShouldBe(EmailStatus.Pending);
        Rescue.Take(strange with { ClaimedBy = Owner.Text }, EmailLedger.Empty, Alive, Now)!.Status.ShouldBe(EmailStatus.Pending);
    }
}
