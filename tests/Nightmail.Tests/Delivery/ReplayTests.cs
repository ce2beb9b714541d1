using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;
using static Nightmail.Tests.Delivery.Given;

namespace Nightmail.Tests.Delivery;

/// <summary>Rows that claim to know the whole ledger and are pending all the same: two of their bytes were lost, or half of another row came into them.</summary>
public sealed class ReplayTests
{
    public static TheoryData<string, EmailStatus> Ends => new()
    {
        { "delivered", EmailStatus.Sent }, { "bounced", EmailStatus.Failed }, { "given up", EmailStatus.Failed }, { "cancelled", EmailStatus.Cancelled },
        { "marked sent", EmailStatus.Sent }, { "in doubt", EmailStatus.InDoubt },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void An_open_row_that_says_it_knows_of_its_end_is_not_believed(string end, EmailStatus status)
    {
        foreach (var open in (EmailStatus[])[EmailStatus.Pending, EmailStatus.Paused])
        {
            var ledger = LedgerOf(end);
            var row = Settlement.Settle(Email(A) with { Status = open, LedgerLast = ledger.LastSequence }, ledger);
            row.Status.ShouldBe(status);
            Settlement.Settle(row, ledger).ShouldBeSameAs(row);
        }
    }

    [Fact]
    public void A_row_that_claims_to_know_more_than_the_ledger_is_over_where_the_ledger_says_so() =>
        Settlement.Settle(Email(A) with { LedgerLast = 99 }, LedgerOf("delivered")).Status.ShouldBe(EmailStatus.Sent);

    [Theory]
    [MemberData(nameof(Ends))]
    public void The_content_of_another_row_makes_no_difference(string end, EmailStatus status)
    {
        var ledger = LedgerOf(end);
        var row = Settlement.Settle(Email(B) with { LedgerLast = ledger.LastSequence }, ledger);
        (row.Status, row.LastError).ShouldBe((status, end is "cancelled" ? null : Settlement.Stranger));
    }

    [Fact]
    public void The_content_of_another_row_is_held_where_the_ledger_tells_of_no_end()
    {
        var ledger = Ledger(Begin(1, A, B), Outcome(1, Delivered(A), Deferred(B)));
        var row = Settlement.Settle(Email(C) with { LedgerLast = 2 }, ledger);
        (row.Status, row.LastError).ShouldBe((EmailStatus.Paused, Settlement.Stranger));
        // Once a person has let it go on, it does.
        var resumed = new EmailLedger([.. ledger.Entries, Entry(LedgerKind.Resume) with { Sequence = 3 }]);
        Settlement.Settle(row, resumed).Status.ShouldBe(EmailStatus.Pending);
    }

    [Fact]
    public void A_pause_that_was_not_ended_holds() =>
        Settlement.Settle(Email(A) with { LedgerLast = 1 }, Ledger(Entry(LedgerKind.Pause))).Status.ShouldBe(EmailStatus.Paused);

    [Fact]
    public void What_is_rightly_pending_after_an_end_stays_as_it_is()
    {
        Stays(Email(A), Begin(1, A), Outcome(1, Bounced(A)), Entry(LedgerKind.Retry));
        Stays(Email(A), Begin(1, A), Outcome(1, Doubtful(A)), Entry(LedgerKind.Retry));
        Stays(Email(A), Entry(LedgerKind.Pause), Entry(LedgerKind.Resume));
        // Of two, one has it; or one was refused, and then the person named another.
        Stays(Email(A, B) with { Recipients = [new(A, RecipientStatus.Delivered), new(B)] }, Begin(1, A, B), Outcome(1, Delivered(A), Deferred(B)));
        Stays(Email(B, C) with { Recipients = [new(B), new(C), new(A, RecipientStatus.Delivered)] }, Begin(1, A, B), Outcome(1, Delivered(A), Deferred(B)), Entry(LedgerKind.Edit));
        Stays(Email(A) with { Recipients = [new(A)] }, Begin(1, A, B), Outcome(1, Bounced(A), Deferred(B)), Entry(LedgerKind.Edit), Entry(LedgerKind.Edit));
    }

    private static void Stays(ScheduledEmail row, params LedgerEntry[] entries)
    {
        var known = row with { LedgerLast = entries.Length };
        Settlement.Settle(known, Ledger(entries)).ShouldBeSameAs(known);
    }

    private static EmailLedger LedgerOf(string end) => end switch
    {
        "delivered" => Ledger(Begin(1, A), Outcome(1, Delivered(A))),
        "bounced" => Ledger(Begin(1, A), Outcome(1, Bounced(A))),
        "given up" => Ledger(Begin(1, A), Outcome(1, Deferred(A)) with { Reason = FailureReason.GaveUp }),
        "cancelled" => Ledger(Entry(LedgerKind.Cancel)),
        "marked sent" => Ledger(Begin(1, A), Entry(LedgerKind.MarkSent)),
        "in doubt" => Ledger(Begin(1, A), Outcome(1, Doubtful(A))),
        _ => throw new ArgumentOutOfRangeException(nameof(end)),
    };
}
