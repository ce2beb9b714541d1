using FsCheck;
using FsCheck.Fluent;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;
using static Nightmail.Tests.Delivery.Given;

namespace Nightmail.Tests.Delivery;

public sealed class SettlementTests
{
    [Fact]
    public void A_row_that_knows_all_stays_as_it_is()
    {
        var row = Email(A) with { LedgerLast = 2 };
        Settlement.Settle(row, Ledger(Begin(1, A), Outcome(1, Deferred(A)))).ShouldBeSameAs(row);
    }

    [Theory]
    [InlineData(EmailStatus.Pending)]
    [InlineData(EmailStatus.Paused)]
    [InlineData(EmailStatus.Sending)]
    public void An_unanswered_begin_counts_whatever_the_row_claims_to_know(EmailStatus status)
    {
        // The row took in an answer that the ledger has lost, or somebody wrote a number into it.
        foreach (var known in (long[])[1, 2, long.MaxValue])
        {
            var row = Settlement.Settle(Email(A, B) with { Status = status, LedgerLast = known }, Ledger(Begin(1, A)));
            (row.Status, row.States(), row.LedgerLast, row.ClaimedBy).ShouldBe((EmailStatus.InDoubt, "ip", known, null));
            Settlement.Settle(row, Ledger(Begin(1, A))).ShouldBeSameAs(row);
        }
    }

    [Theory]
    [InlineData(EmailStatus.Sent)]
    [InlineData(EmailStatus.Failed)]
    [InlineData(EmailStatus.Cancelled)]
    [InlineData(EmailStatus.InDoubt)]
    public void What_the_row_knows_for_good_is_not_doubted_again(EmailStatus status)
    {
        var row = Email(A) with { Status = status, LedgerLast = 2 };
        Settlement.Settle(row, Ledger(Begin(1, A))).ShouldBeSameAs(row);
        Settlement.Settle(row, EmailLedger.Empty).ShouldBeSameAs(row);
    }

    [Fact]
    public void A_sent_row_whose_recipients_are_no_longer_those_of_the_ledger_stays_sent_until_it_is_retried()
    {
        var row = Email(A) with { Status = EmailStatus.Sent };
        Settlement.Settle(row, Ledger(Begin(1, B), Outcome(1, Delivered(B)))).Status.ShouldBe(EmailStatus.Sent);
        Settlement.Settle(row, Ledger(Begin(1, B), Outcome(1, Delivered(B)), Entry(LedgerKind.Retry))).Status.ShouldBe(EmailStatus.Pending);
    }

    [Theory]
    [InlineData(Settlement.LostLedger, true)]
    [InlineData(Settlement.CameBack, true)]
    [InlineData(Settlement.OnlyInBackup, true)]
    [InlineData(Settlement.Unvouched, true)]
    [InlineData(Arrival.WasBeingSent, true)]
    [InlineData(Arrival.WasDue, true)]
    [InlineData(Settlement.OldCopy, false)]
    [InlineData(Settlement.Stranger, false)]
    [InlineData(Settlement.Doubled, false)]
    [InlineData(Settlement.LostAttachment, false)]
    public void Held_is_either_what_may_have_left_or_what_may_be_wrong_until_a_person_decides(string why, bool mayHaveLeft)
    {
        var row = Email(A) with { Status = EmailStatus.Paused, LastError = why };
        (Settlement.IsHeld(row), Settlement.MayHaveLeft(row), Settlement.MayBeWrong(row)).ShouldBe((true, mayHaveLeft, !mayHaveLeft));
        foreach (var kind in (LedgerKind[])[LedgerKind.Resume, LedgerKind.Retry, LedgerKind.Pause])
        {
            var decided = Settlement.Settle(row, Ledger(Entry(kind)));
            decided.LastError.ShouldBeNull();
            Settlement.IsHeld(decided with { Status = EmailStatus.Paused }).ShouldBeFalse();
        }

        Settlement.Settle(row with { LastError = "452 full" }, Ledger(Entry(LedgerKind.Retry))).LastError.ShouldBe("452 full");
    }

    [Fact]
    public void A_row_that_knows_more_than_the_ledger_is_held_for_a_person()
    {
        var row = Settlement.Settle(Email(A) with { LedgerLast = 7 }, EmailLedger.Empty);
        (row.Status, row.LastError, row.LedgerLast).ShouldBe((EmailStatus.Paused, Settlement.LostLedger, 7));
        Settlement.Settle(Email(A) with { LedgerLast = 7 }, Ledger(Begin(1, A), Outcome(1, Deferred(A)))).Status.ShouldBe(EmailStatus.Paused);
        var resumed = Settlement.Settle(row, new([Entry(LedgerKind.Resume) with { Sequence = 8 }]));
        (resumed.Status, resumed.LastError, resumed.LedgerLast).ShouldBe((EmailStatus.Pending, null, 8));
        var fresh = Email(A);
        Settlement.Settle(fresh, EmailLedger.Empty).ShouldBeSameAs(fresh);
    }

    [Fact]
    public void Begun_and_unanswered_is_in_doubt_for_those_that_were_accepted()
    {
        var begin = Begin(1, A, B);
        var row = Settlement.Settle(Claimed(Email()).Email, Ledger(begin with { Recipients = [.. begin.Recipients, Bounced(C)] }));
        (row.Status, row.States(), row.ClaimedBy, row.LedgerLast).ShouldBe((EmailStatus.InDoubt, "iir", null, 1));
        (row.Date, row.FrozenFrom, row.LastAccount).ShouldBe((Now, "ada@example.org", "work"));
    }

    [Fact]
    public void A_crash_between_two_transactions_leaves_the_rest_pending()
    {
        var row = Settlement.Settle(Claimed(Email()).Email, Ledger(Begin(1, A), Outcome(1, Delivered(A))));
        (row.Status, row.States(), row.NextAttempt).ShouldBe((EmailStatus.Pending, "dpp", null));
    }

    [Fact]
    public void A_crash_in_the_second_transaction_leaves_only_its_recipients_in_doubt()
    {
        var row = Settlement.Settle(Claimed(Email()).Email, Ledger(Begin(1, A), Outcome(1, Delivered(A)), Begin(1, B) with { Transaction = 1 }));
        (row.Status, row.States()).ShouldBe((EmailStatus.InDoubt, "dip"));
    }

    [Fact]
    public void A_stale_row_learns_of_every_attempt_it_missed()
    {
        var ledger = Ledger(
            Begin(1, A, B, C), Outcome(1, Delivered(A), Deferred(B), Deferred(C)) with { NextAttempt = Now.AddMinutes(5) },
            Begin(2, B, C), Outcome(2, Delivered(B), Bounced(C)));
        var row = Settlement.Settle(Email(), ledger);
        (row.Status, row.States(), row.Attempts, row.LedgerLast, row.SentReply).ShouldBe((EmailStatus.Sent, "ddr", 2, 4, "250 2.0.0 Ok queued"));
        var halfway = Settlement.Settle(Email(), new(ledger.Entries.Take(2).ToList()));
        (halfway.Status, halfway.States(), halfway.NextAttempt).ShouldBe((EmailStatus.Pending, "dpp", Now.AddMinutes(5)));
        Settlement.Settle(halfway, ledger).ShouldBeEquivalentTo(row with { Deferrals = 1 });
    }

    [Fact]
    public void What_a_person_took_back_stays_taken_back_on_a_stale_row()
    {
        Settle(Entry(LedgerKind.Cancel)).Status.ShouldBe(EmailStatus.Cancelled);
        Settle(Entry(LedgerKind.Pause)).Status.ShouldBe(EmailStatus.Paused);
        Settle(Entry(LedgerKind.Pause), Entry(LedgerKind.Resume)).Status.ShouldBe(EmailStatus.Pending);
        var wish = new Wish("2026-12-24T18:00:00", "Europe/Berlin", "2026f", Now.AddDays(23));
        var row = Settle(Entry(LedgerKind.Reschedule) with { ScheduledFor = Now.AddDays(23), Wish = wish });
        (row.ScheduledFor, row.Wish, row.Status).ShouldBe((Now.AddDays(23), wish, EmailStatus.Pending));
    }

    [Fact]
    public void An_old_content_is_never_sent_whatever_came_after_the_edit()
    {
        Settle(Entry(LedgerKind.Edit)).ShouldSatisfyAllConditions(row => row.Status.ShouldBe(EmailStatus.Paused), row => row.LastError.ShouldBe(Settlement.OldCopy));
        Settle(Entry(LedgerKind.Edit), Entry(LedgerKind.Pause), Entry(LedgerKind.Resume)).Status.ShouldBe(EmailStatus.Paused);
        Settle(Entry(LedgerKind.Edit), Begin(1, A), Outcome(1, Deferred(A))).Status.ShouldBe(EmailStatus.Paused);
        Settle(Entry(LedgerKind.Edit), Begin(1, A)).ShouldSatisfyAllConditions(row => row.Status.ShouldBe(EmailStatus.InDoubt), row => row.LastError.ShouldBe(Settlement.OldCopy));
        Settle(Entry(LedgerKind.Edit), Entry(LedgerKind.Cancel)).Status.ShouldBe(EmailStatus.Cancelled);
    }

    [Theory]
    [InlineData('d', EmailStatus.Sent)]
    [InlineData('b', EmailStatus.Failed)]
    [InlineData('p', EmailStatus.Pending)]
    [InlineData('i', EmailStatus.Pending)]
    public void Late_news_after_a_retry_counts_unless_it_says_nothing(char verdict, EmailStatus status) =>
        Settle(Begin(1, A), Entry(LedgerKind.Retry) with { Attempt = 1 }, Outcome(1, Of(verdict))).Status.ShouldBe(status);

    [Theory]
    [InlineData('d')]
    [InlineData('b')]
    [InlineData('p')]
    [InlineData('i')]
    public void Late_news_after_mark_sent_does_not_send_again(char verdict) =>
        Settle(Begin(1, A), Entry(LedgerKind.MarkSent) with { Attempt = 1 }, Outcome(1, Of(verdict))).Status.ShouldBe(EmailStatus.Sent);

    [Theory]
    [InlineData('d')]
    [InlineData('b')]
    [InlineData('p')]
    [InlineData('i')]
    public void Late_news_does_not_undo_a_cancel(char verdict) =>
        Settle(Begin(1, A), Entry(LedgerKind.Retry) with { Attempt = 1 }, Entry(LedgerKind.Cancel) with { Attempt = 1 }, Outcome(1, Of(verdict))).Status.ShouldBe(EmailStatus.Cancelled);

    [Fact]
    public void Late_news_of_an_older_attempt_does_not_hide_that_a_newer_one_is_out()
    {
        LedgerEntry[] entries = [Begin(1, A), Entry(LedgerKind.Retry) with { Attempt = 1 }, Begin(2, A)];
        Settle([.. entries, Outcome(1, Deferred(A))]).Status.ShouldBe(EmailStatus.InDoubt);
        Settle([.. entries, Outcome(1, Delivered(A))]).Status.ShouldBe(EmailStatus.Sent);
        Settle([.. entries, Outcome(1, Deferred(A)), Outcome(2, Delivered(A))]).Status.ShouldBe(EmailStatus.Sent);
    }

    [Fact]
    public void Late_news_that_it_is_deferred_does_not_revive_what_has_failed()
    {
        var failed = Email(A) with { Status = EmailStatus.Failed, Reason = FailureReason.Invalid, LedgerLast = 2 };
        var row = Settlement.Settle(failed, Ledger(Begin(1, A), Entry(LedgerKind.Retry), Outcome(1, Deferred(A))));
        (row.Status, row.Reason).ShouldBe((EmailStatus.Failed, FailureReason.Invalid));
    }

    [Fact]
    public void Giving_up_is_known_from_the_ledger()
    {
        var row = Settle(Begin(1, A), Outcome(1, Deferred(A)) with { Reason = FailureReason.GaveUp });
        (row.Status, row.Reason, row.LastError).ShouldBe((EmailStatus.Failed, FailureReason.GaveUp, "451 4.7.1 greylisted"));
    }

    [Fact]
    public void A_row_settled_from_the_ledger_is_the_row_that_its_worker_would_have_written()
    {
        var verdicts = Gen.Elements("dbpiu".ToCharArray()).Three().Select(three => new string([three.Item1, three.Item2, three.Item3]));
        Prop.ForAll(Gen.Zip(verdicts, Gen.Elements(true, false)).ToArbitrary(), one =>
        {
            var (letters, fault) = one;
            var claim = Claimed(Email() with { Deferrals = 2, AccountFailures = 1 });
            var outcomes = letters.Zip([A, B, C], (letter, address) => Of(letter, address)).ToArray();
            var delivery = new DeliveryOutcome(outcomes, fault ? Refused : null) { Begun = true };
            var written = Lifecycle.After(claim.Email with { Date = Now, FrozenFrom = "ada@example.org" }, delivery, new(), Now, new EvenDice());
            var begin = Begin(1, [A, B, C]);
            var outcome = Outcome(1, outcomes) with { Fault = delivery.Fault, NextAttempt = written.NextAttempt, Reason = written.Reason == FailureReason.GaveUp ? written.Reason : null };
            var settled = Settlement.Settle(claim.Email, Ledger(begin, outcome));
            settled.States().ShouldBe(written.States());
            (settled.Status, settled.Reason, settled.NextAttempt, settled.Attempts, settled.ClaimedBy, settled.SentAt, settled.SentReply, settled.Date, settled.FrozenFrom)
                .ShouldBe((written.Status, written.Reason, written.NextAttempt, written.Attempts, written.ClaimedBy, written.SentAt, written.SentReply, written.Date, written.FrozenFrom));
            if (written.Status == EmailStatus.Pending && (fault || letters.Contains('p'))) settled.Deferrals.ShouldBe(written.Deferrals);
        }).QuickCheckThrowOnFailure();
    }

    private static ScheduledEmail Settle(params LedgerEntry[] entries) => Settlement.Settle(Email(A), Ledger(entries));

    private static RecipientOutcome Of(char letter, string address = A) => letter switch
    {
        'd' => Delivered(address),
        'b' => Bounced(address),
        'p' => Deferred(address),
        'i' => Doubtful(address),
        _ => Untried(address),
    };
}
