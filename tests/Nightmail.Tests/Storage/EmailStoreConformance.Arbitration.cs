using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Storage;

/// <summary>Who may send, who may take back, and what becomes of what a dead worker held.</summary>
public abstract partial class EmailStoreConformance
{
    [Fact]
    public async Task A_lost_claim_cannot_record_a_result()
    {
        var claim = await ClaimedAsync();
        await store.ChangeAsync(claim.Email.Id, new EmailChange.Reschedule(Time.GetUtcNow().AddHours(1), null), Cancel);
        (await store.RecordAsync(claim, Given.Result(claim, Verdict.Deferred, Time, begun: false), Cancel)).ShouldBeFalse();
        var row = await FindAsync(claim.Email.Id);
        (row.Status, row.ScheduledFor, row.Deferrals).ShouldBe((EmailStatus.Pending, Time.GetUtcNow().AddHours(1), 0));
    }

    [Fact]
    public async Task A_claim_that_was_cancelled_cannot_begin()
    {
        var claim = await ClaimedAsync();
        (await world.Open().ChangeAsync(claim.Email.Id, new EmailChange.Cancel(), Cancel)).Done.ShouldBeTrue();
        (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldNotBeNull();
        (await FindAsync(claim.Email.Id)).Status.ShouldBe(EmailStatus.Cancelled);
    }

    [Fact]
    public async Task What_has_begun_cannot_be_taken_back()
    {
        var claim = await ClaimedAsync();
        (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldBeNull();
        Time.Advance(TimeSpan.FromSeconds(2));
        foreach (EmailChange change in new EmailChange[] { new EmailChange.Cancel(), new EmailChange.Pause(), new EmailChange.Reschedule(Time.GetUtcNow(), null), new EmailChange.Edit(claim.Email.Content) })
        {
            var refused = await world.Open().ChangeAsync(claim.Email.Id, change, Cancel);
            refused.Done.ShouldBeFalse();
            refused.Refusal.ShouldNotBeNull().ShouldContain("2 s");
        }

        (await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel)).ShouldBeTrue();
        (await store.ChangeAsync(claim.Email.Id, new EmailChange.Cancel(), Cancel)).Refusal.ShouldNotBeNull().ShouldContain("has left");
    }

    [Fact]
    public async Task A_deferred_email_can_be_cancelled_again()
    {
        var claim = await ClaimedAsync();
        await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel);
        await store.RecordAsync(claim, Given.Result(claim, Verdict.Deferred, Time), Cancel);
        (await store.ChangeAsync(claim.Email.Id, new EmailChange.Cancel(), Cancel)).Done.ShouldBeTrue();
        Time.Advance(TimeSpan.FromDays(1));
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_same_transaction_cannot_begin_twice()
    {
        var claim = await ClaimedAsync();
        (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldBeNull();
        (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldNotBeNull();
    }

    [Fact]
    public async Task An_attempt_goes_on_with_a_second_transaction_once_the_first_is_answered()
    {
        var claim = await ClaimedAsync("a@example.net", "b@example.net");
        var first = Given.Begin(claim, Time) with { Recipients = [new("a@example.net", Verdict.Untried)] };
        var second = Given.Begin(claim, Time, transaction: 1) with { Recipients = [new("b@example.net", Verdict.Untried)] };
        (await store.BeginAsync(claim, first, Cancel)).ShouldBeNull();
        (await store.BeginAsync(claim, second, Cancel)).ShouldNotBeNull();
        var delivered = DeliveryOutcome.Of(Verdict.Delivered, ["a@example.net"], new(250, null, "ok"), begun: true);
        await store.AppendOutcomeAsync(Given.Outcome(claim, delivered, null, Time), Cancel);
        (await store.RescueAsync(DoubtPolicy.Hold, Cancel)).ShouldBeEmpty();
        (await store.BeginAsync(claim, second, Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Nothing_begins_while_sending_is_paused()
    {
        var claim = await ClaimedAsync();
        await world.Open().SetSendingPausedAsync(true, Cancel);
        (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldNotBeNull();
        await store.RecordAsync(claim, new(Lifecycle.GivenBack(claim.Email, Time.GetUtcNow()), null), Cancel);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBeNull();
        (await store.OverviewAsync(Cancel)).SendingPaused.ShouldBeTrue();
        await store.SetSendingPausedAsync(false, Cancel);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_row_of_before_the_attempt_that_comes_back_cannot_send_again()
    {
        var email = await AddAsync(Given.Email(Time));
        var old = world.SaveRows();
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
        await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel);
        await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel);
        world.RestoreRows(old);
        (await FindAsync(email.Id)).Status.ShouldBe(EmailStatus.Sent);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await store.RescueAsync(DoubtPolicy.Hold, Cancel)).Single().Status.ShouldBe(EmailStatus.Sent);
    }

    [Fact]
    public async Task A_claim_that_comes_back_with_an_old_copy_cannot_begin_again()
    {
        var claim = await ClaimedAsync();
        var old = world.SaveRows();
        await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel);
        await store.RecordAsync(claim, Given.Result(claim, Verdict.Deferred, Time), Cancel);
        await store.ChangeAsync(claim.Email.Id, new EmailChange.Cancel(), Cancel);
        world.RestoreRows(old);
        (await store.BeginAsync(claim, Given.Begin(claim, Time, transaction: 1), Cancel)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("cancel", EmailStatus.Cancelled)]
    [InlineData("pause", EmailStatus.Paused)]
    [InlineData("edit", EmailStatus.Paused)]
    public async Task What_a_person_did_survives_an_old_copy(string word, EmailStatus expected)
    {
        var email = await AddAsync(Given.Email(Time));
        var old = world.SaveRows();
        EmailChange change = word switch { "cancel" => new EmailChange.Cancel(), "pause" => new EmailChange.Pause(), _ => new EmailChange.Edit(email.Content with { Subject = "new" }) };
        (await store.ChangeAsync(email.Id, change, Cancel)).Done.ShouldBeTrue();
        world.RestoreRows(old);
        (await FindAsync(email.Id)).Status.ShouldBe(expected);
        (await world.Open().ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_new_time_survives_an_old_copy()
    {
        var email = await AddAsync(Given.Email(Time));
        var old = world.SaveRows();
        await store.ChangeAsync(email.Id, new EmailChange.Reschedule(Time.GetUtcNow().AddDays(1), null), Cancel);
        world.RestoreRows(old);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBe(Time.GetUtcNow().AddDays(1));
    }

    [Fact]
    public async Task A_dead_workers_email_that_had_not_begun_is_tried_again()
    {
        var (claim, _) = await ClaimedByTheDeadAsync(begun: false);
        var rescued = (await store.RescueAsync(DoubtPolicy.Hold, Cancel)).Single();
        (rescued.Id, rescued.Status, rescued.LostClaims).ShouldBe((claim.Email.Id, EmailStatus.Pending, 1));
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single().Attempt.ShouldBe(2);
        (await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time, begun: false), Cancel)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_dead_workers_email_that_had_begun_is_in_doubt_for_exactly_the_accepted()
    {
        var (claim, _) = await ClaimedByTheDeadAsync(begun: true, new RecipientOutcome("b@example.net", Verdict.Bounced, new(550, "5.1.1", "no such user")),
            new RecipientOutcome("c@example.net", Verdict.Deferred, new(451, "4.7.1", "greylisted")));
        var row = (await store.RescueAsync(DoubtPolicy.Hold, Cancel)).Single();
        row.Status.ShouldBe(EmailStatus.InDoubt);
        row.Recipients.Select(each => (each.Address, each.Status)).ShouldBe(
            [("a@example.net", RecipientStatus.InDoubt), ("b@example.net", RecipientStatus.Rejected), ("c@example.net", RecipientStatus.Pending)]);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await store.ChangeAsync(claim.Email.Id, new EmailChange.Cancel(), Cancel)).Refusal.ShouldNotBeNull().ShouldContain("retry");
        (await store.RescueAsync(DoubtPolicy.Hold, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Late_news_settles_doubt()
    {
        var (claim, _) = await ClaimedByTheDeadAsync(begun: true);
        await store.RescueAsync(DoubtPolicy.Hold, Cancel);
        (await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel)).ShouldBeFalse();
        (await FindAsync(claim.Email.Id)).Status.ShouldBe(EmailStatus.Sent);
    }

    [Fact]
    public async Task A_person_can_retry_or_close_doubt()
    {
        var (first, _) = await ClaimedByTheDeadAsync(begun: true);
        var (second, _) = await ClaimedByTheDeadAsync(begun: true);
        await store.RescueAsync(DoubtPolicy.Hold, Cancel);
        (await store.ChangeAsync(first.Email.Id, new EmailChange.MarkSent(), Cancel)).Email!.Status.ShouldBe(EmailStatus.Sent);
        (await store.ChangeAsync(second.Email.Id, new EmailChange.Retry(), Cancel)).Email!.Status.ShouldBe(EmailStatus.Pending);
        var again = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
        again.Email.Id.ShouldBe(second.Email.Id);
        (await store.BeginAsync(again, Given.Begin(again, Time), Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task The_policy_can_send_doubtful_emails_again()
    {
        var (claim, _) = await ClaimedByTheDeadAsync(begun: true);
        (await store.RescueAsync(DoubtPolicy.Retry, Cancel)).Single().Status.ShouldBe(EmailStatus.Pending);
        var again = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
        again.Attempt.ShouldBe(claim.Attempt + 1);
        (await store.BeginAsync(again, Given.Begin(again, Time), Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task A_living_worker_keeps_what_it_has_begun_and_loses_what_it_does_not_begin()
    {
        var begun = await ClaimedAsync();
        await store.BeginAsync(begun, Given.Begin(begun, Time), Cancel);
        var slow = await ClaimedAsync();
        (await store.RescueAsync(DoubtPolicy.Hold, Cancel)).ShouldBeEmpty();
        Time.Advance(Rescue.NotBegunLimit + TimeSpan.FromSeconds(1));
        (await world.Open().RescueAsync(DoubtPolicy.Hold, Cancel)).Single().Id.ShouldBe(slow.Email.Id);
        (await store.BeginAsync(slow, Given.Begin(slow, Time), Cancel)).ShouldNotBeNull();
        (await store.RecordAsync(begun, Given.Result(begun, Verdict.Delivered, Time), Cancel)).ShouldBeTrue();
    }

    [Fact]
    public async Task An_email_that_kills_its_workers_waits_and_is_then_paused()
    {
        var email = await AddAsync(Given.Email(Time));
        for (var lost = 1; lost <= Rescue.LostClaimLimit; lost++)
        {
            var row = await LoseClaimAsync();
            row.LostClaims.ShouldBe(lost);
            row.Status.ShouldBe(lost < Rescue.LostClaimLimit ? EmailStatus.Pending : EmailStatus.Paused);
            if (lost is >= 2 and < Rescue.LostClaimLimit) row.NextAttempt.ShouldNotBeNull().ShouldBeGreaterThanOrEqualTo(Time.GetUtcNow() + Rescue.LostClaimWait);
            Time.Advance(TimeSpan.FromHours(2));
        }

        (await store.ChangeAsync(email.Id, new EmailChange.Resume(), Cancel)).Email!.Status.ShouldBe(EmailStatus.Pending);
    }

    private async Task<ScheduledEmail> LoseClaimAsync()
    {
        var process = world.Open();
        var doomed = await process.EnterAsync(Cancel);
        (await process.ClaimDueAsync(doomed.Id, Given.Capacity(), Cancel)).Count.ShouldBe(1);
        await world.KillAsync(process, doomed);
        return (await store.RescueAsync(DoubtPolicy.Hold, Cancel)).Single();
    }

    private async Task<(Claim Claim, IEmailStore Process)> ClaimedByTheDeadAsync(bool begun, params RecipientOutcome[] refused)
    {
        await AddAsync(Given.Email(Time, default, ["a@example.net", .. refused.Select(each => each.Address)]));
        var process = world.Open();
        var doomed = await process.EnterAsync(Cancel);
        var claim = (await process.ClaimDueAsync(doomed.Id, Given.Capacity(), Cancel)).Single();
        if (begun) (await process.BeginAsync(claim, Given.Begin(claim, Time, 0, refused), Cancel)).ShouldBeNull();
        await world.KillAsync(process, doomed);
        return (claim, process);
    }
}
