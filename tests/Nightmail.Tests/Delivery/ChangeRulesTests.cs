using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Shouldly;
using Xunit;
using static Nightmail.Tests.Delivery.Given;

namespace Nightmail.Tests.Delivery;

public sealed class ChangeRulesTests
{
    private static readonly EmailChange Cancel = new EmailChange.Cancel();
    private static readonly EmailChange Pause = new EmailChange.Pause();
    private static readonly EmailChange Resume = new EmailChange.Resume();
    private static readonly EmailChange Retry = new EmailChange.Retry();
    private static readonly EmailChange MarkSent = new EmailChange.MarkSent();
    private static readonly EmailChange Tomorrow = new EmailChange.Reschedule(Now.AddDays(1), null);
    private static readonly EmailChange OtherText = new EmailChange.Edit(Email().Content with { Text = "other" });
    private static readonly EmailChange[] All = [Cancel, Pause, Resume, Retry, MarkSent, Tomorrow, OtherText];

    [Theory]
    [InlineData(EmailStatus.Pending, "cancel pause reschedule edit")]
    [InlineData(EmailStatus.Sending, "cancel pause reschedule edit")]
    [InlineData(EmailStatus.Paused, "cancel resume reschedule edit")]
    [InlineData(EmailStatus.Sent, "")]
    [InlineData(EmailStatus.Failed, "retry")]
    [InlineData(EmailStatus.Cancelled, "")]
    [InlineData(EmailStatus.InDoubt, "retry mark-sent")]
    public void What_is_granted_depends_on_the_status(EmailStatus status, string granted)
    {
        var row = Email() with { Status = status, Attempts = 1, ClaimedBy = status == EmailStatus.Sending ? Owner.Text : null };
        string.Join(' ', All.Where(change => Decide(row, change).Refusal is null).Select(change => change.Name)).ShouldBe(granted == "" ? "" : string.Join(' ', All.Select(change => change.Name).Where(granted.Split(' ').Contains)));
        foreach (var decision in All.Select(change => Decide(row, change))) (decision.Entry is null).ShouldBe(decision.Refusal is not null);
    }

    [Fact]
    public void What_is_begun_by_a_live_worker_cannot_be_changed_and_says_since_when()
    {
        foreach (var change in All)
        {
            var decision = ChangeRules.Decide(Claimed(Email()).Email, Ledger(Begin(1, A)), change, Alive, Now.AddSeconds(2));
            decision.Refusal.ShouldBe("it is being sent since 2 s (attempt 1, waiting for the server's answer)");
        }

        // Also when the row does not know: an old one came back.
        ChangeRules.Decide(Email(), Ledger(Begin(1, A)), Cancel, Alive, Now).Refusal.ShouldNotBeNull();
    }

    [Fact]
    public void What_a_dead_worker_had_begun_is_in_doubt_first()
    {
        ChangeRules.Decide(Claimed(Email()).Email, Ledger(Begin(1, A)), Cancel, Dead, Now).Refusal.ShouldNotBeNull().ShouldContain("mark-sent");
        ChangeRules.Decide(Claimed(Email()).Email, Ledger(Begin(1, A)), Retry, Dead, Now).Row.States().ShouldBe("ppp");
        ChangeRules.Decide(Claimed(Email()).Email, Ledger(Begin(1, A)), MarkSent, Dead, Now).Row.States().ShouldBe("dpp");
    }

    [Fact]
    public void A_claim_that_has_not_begun_is_taken_back()
    {
        var claim = Claimed(Email());
        var decision = Decide(claim.Email, Cancel);
        (decision.Row.Status, decision.Row.ClaimedBy).ShouldBe((EmailStatus.Cancelled, null));
        (decision.Entry!.Kind, decision.Entry.Attempt).ShouldBe((LedgerKind.Cancel, 1));
        Arbitration.RefuseBegin(decision.Row, Ledger(decision.Entry), claim, 0, false, Now).ShouldNotBeNull();
    }

    [Fact]
    public void What_has_left_meanwhile_cannot_be_cancelled_and_says_when()
    {
        var decision = ChangeRules.Decide(Claimed(Email(A)).Email, Ledger(Begin(1, A), Outcome(1, Delivered(A))), Cancel, Dead, Now);
        decision.Refusal.ShouldBe("it has left already (2026-12-01 08:00:00Z)");
        decision.Row.Status.ShouldBe(EmailStatus.Sent);
    }

    [Fact]
    public void A_granted_change_is_what_an_old_row_becomes_by_it_later()
    {
        var waiting = Email() with { Attempts = 2, NextAttempt = Now.AddHours(1), Deferrals = 2, LastError = "451 later", NotAfter = Now.AddDays(3) };
        var paused = waiting with { Status = EmailStatus.Paused, LostClaims = 5 };
        var doubtful = waiting with { Status = EmailStatus.InDoubt, Recipients = [new(A, RecipientStatus.InDoubt), new(B, RecipientStatus.Delivered), new(C)] };
        foreach (var (row, change) in ((ScheduledEmail, EmailChange)[])[(waiting, Cancel), (waiting, Pause), (paused, Resume), (waiting, Tomorrow), (doubtful, Retry), (doubtful, MarkSent)])
        {
            var decision = Decide(row, change);
            var later = Settlement.Settle(row, Ledger(decision.Entry!)) with { LedgerLast = 0, LastModified = Now };
            later.ShouldBeEquivalentTo(decision.Row, change.Name);
        }
    }

    [Fact]
    public void A_reschedule_ends_the_wait_and_keeps_the_wish()
    {
        var wish = new Wish("2026-12-02T09:00:00", "Europe/Berlin", "2026f", Now.AddDays(1));
        var decision = Decide(Email() with { NextAttempt = Now.AddHours(4) }, new EmailChange.Reschedule(Now.AddDays(1), wish));
        (decision.Row.Due, decision.Row.Wish, decision.Entry!.ScheduledFor, decision.Entry.Wish).ShouldBe((Now.AddDays(1), wish, Now.AddDays(1), wish));
    }

    [Fact]
    public void A_reschedule_past_its_last_moment_is_refused() =>
        Decide(Email() with { NotAfter = Now.AddHours(1) }, Tomorrow).Refusal.ShouldBe("it is not wanted after 2026-12-01 09:00:00Z; give an earlier time");

    [Theory]
    [InlineData("iii", "ppp")]
    [InlineData("dip", "dpp")]
    [InlineData("dri", "drp")]
    [InlineData("rrr", "ppp")]
    [InlineData("ppp", "ppp")]
    public void A_retry_is_for_the_deferred_and_doubtful_or_for_all_where_all_were_refused(string before, string after)
    {
        var row = With(before) with { Status = EmailStatus.Failed, Reason = FailureReason.GaveUp, Deferrals = 9, AccountFailures = 2, LostClaims = 1 };
        var retried = Decide(row, Retry).Row;
        retried.States().ShouldBe(after);
        (retried.Status, retried.Reason, retried.Deferrals, retried.AccountFailures, retried.LostClaims, retried.RetriedAt, retried.NextAttempt)
            .ShouldBe((EmailStatus.Pending, null, 0, 0, 0, Now, null));
    }

    [Fact]
    public void A_retry_of_what_expired_sends_it_all_the_same()
    {
        var expired = Arbitration.Expired(Email() with { NotAfter = Now.AddMinutes(-1) }, Now);
        var retried = Decide(expired, Retry).Row;
        retried.NotAfter.ShouldBeNull();
        Arbitration.IsClaimable(retried, Now).ShouldBeTrue();
        Decide(expired with { NotAfter = Now.AddHours(1) }, Retry).Row.NotAfter.ShouldBe(Now.AddHours(1));
    }

    [Theory]
    [InlineData("iii", "ddd", EmailStatus.Sent)]
    [InlineData("ri", "rd", EmailStatus.Sent)]
    [InlineData("ip", "dp", EmailStatus.Pending)]
    public void Mark_sent_closes_the_doubt_and_leaves_the_deferred(string before, string after, EmailStatus status)
    {
        var row = Decide(With(before) with { Status = EmailStatus.InDoubt }, MarkSent).Row;
        (row.States(), row.Status).ShouldBe((after, status));
    }

    [Fact]
    public void An_edit_keeps_who_has_it_and_sends_the_rest_to_the_new_ones()
    {
        var edit = new EmailChange.Edit(Email("B@x.example", "new@x.example").Content);
        var row = Decide(With("dpr") with { MessageId = "<own@x.example>" }, edit).Row;
        row.AllRecipients().Select(recipient => recipient.Address).ShouldBe([B, "new@x.example", A]);
        (row.States(), row.MessageId).ShouldBe(("ppd", "<own@x.example>"));
        var again = Decide(row, new EmailChange.Edit(Email(A, B).Content)).Row;
        again.States().ShouldBe("dp");
    }

    [Fact]
    public void An_edit_that_leaves_nobody_to_send_to_is_refused()
    {
        Decide(With("dpr"), new EmailChange.Edit(Email(A, C).Content)).Refusal.ShouldNotBeNull().ShouldContain("cancel it instead");
        Decide(Email(), new EmailChange.Edit(Email().Content with { To = [] })).Refusal.ShouldNotBeNull();
    }

    [Fact]
    public void Resume_and_edit_end_the_complaint_about_an_old_copy()
    {
        var outdated = Email() with { Status = EmailStatus.Paused, LastError = Settlement.OldCopy };
        Decide(outdated, Resume).Row.LastError.ShouldBeNull();
        Decide(outdated, OtherText).Row.LastError.ShouldBeNull();
        Decide(outdated with { LastError = "451 later" }, Resume).Row.LastError.ShouldBe("451 later");
    }

    private static ChangeDecision Decide(ScheduledEmail row, EmailChange change) => ChangeRules.Decide(row, EmailLedger.Empty, change, Alive, Now);

    private static ScheduledEmail With(string states) => Email([.. new[] { A, B, C }.Take(states.Length)]) with
    {
        Recipients = [.. states.Zip([A, B, C], (state, address) => new Recipient(address, state switch
        {
            'd' => RecipientStatus.Delivered,
            'r' => RecipientStatus.Rejected,
            'i' => RecipientStatus.InDoubt,
            _ => RecipientStatus.Pending,
        }))],
    };
}
