using System.Text;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Storage;

/// <summary>What becomes of emails that another store had.</summary>
public abstract partial class EmailStoreConformance
{
    [Theory]
    [InlineData(EmailStatus.Sent)]
    [InlineData(EmailStatus.Failed)]
    [InlineData(EmailStatus.Cancelled)]
    [InlineData(EmailStatus.InDoubt)]
    [InlineData(EmailStatus.Paused)]
    public async Task What_had_left_or_was_held_elsewhere_does_not_leave_after_an_import(EmailStatus status)
    {
        var foreign = Given.Email(Time) with { Status = status, Reason = status == EmailStatus.Failed ? FailureReason.Bounced : null, LedgerLast = 77 };
        var kept = await ImportedAsync(foreign);
        kept.Status.ShouldBe(status);
        Time.Advance(TimeSpan.FromHours(1));
        await store.RescueAsync(DoubtPolicy.Hold, Cancel);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await FindAsync(foreign.Id)).Status.ShouldBe(status);
    }

    [Fact]
    public async Task What_was_being_sent_elsewhere_arrives_paused_and_says_so()
    {
        var foreign = Given.Email(Time, TimeSpan.FromHours(1)) with { Status = EmailStatus.Sending, ClaimedBy = "somebody", Attempts = 1 };
        var kept = await ImportedAsync(foreign);
        (kept.Status, kept.ClaimedBy, kept.LastError, kept.Attempts).ShouldBe((EmailStatus.Paused, null, Arrival.WasBeingSent, 1));
        (await store.ChangeAsync(foreign.Id, new EmailChange.Resume(), Cancel)).Email!.LastError.ShouldBeNull();
        Time.Advance(TimeSpan.FromHours(1));
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single().Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task What_was_due_before_it_came_is_held_and_what_is_due_later_leaves_at_its_time()
    {
        var late = Given.Email(Time, -TimeSpan.FromSeconds(1));
        var early = Given.Email(Time, TimeSpan.FromMinutes(1)) with { LedgerLast = 9 };
        var results = await store.ImportAsync([new(late), new(early)], Cancel);
        var held = results[0].ShouldBeOfType<ImportResult.Imported>().Email;
        (held.Status, held.LastError, Settlement.IsHeld(held)).ShouldBe((EmailStatus.Paused, Arrival.WasDue, true));
        results[1].ShouldBeOfType<ImportResult.Imported>().Email.Status.ShouldBe(EmailStatus.Pending);
        (await store.NextDueAsync(Given.Capacity(), Cancel)).ShouldBe(early.ScheduledFor);
        Time.Advance(TimeSpan.FromMinutes(1));
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
        claim.Email.Id.ShouldBe(early.Id);
        (await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task What_is_here_already_is_left_as_it_is()
    {
        var mine = await AddAsync(Given.Email(Time, TimeSpan.FromHours(1)));
        var other = mine with { Status = EmailStatus.Cancelled, Content = mine.Content with { Subject = "another" } };
        (await store.ImportAsync([new(other), new(Given.Email(Time))], Cancel)).ShouldSatisfyAllConditions(
            results => results[0].ShouldBe(new ImportResult.Exists(mine.Id)), results => results[1].ShouldBeOfType<ImportResult.Imported>());
        Given.Words(await FindAsync(mine.Id)).ShouldBe(Given.Words(mine));
    }

    [Fact]
    public async Task An_imported_key_makes_no_second_email()
    {
        var foreign = Keyed("k", "hash", TimeSpan.FromHours(1));
        await ImportedAsync(foreign);
        (await world.Open().AddAsync([Keyed("k", "hash")], Cancel)).Single().ShouldBeOfType<AddResult.Existing>().Id.ShouldBe(foreign.Id);
        (await store.AddAsync([Keyed("k", "other")], Cancel)).Single().ShouldBe(new AddResult.KeyConflict(foreign.Id));
    }

    [Fact]
    public async Task An_email_whose_key_made_another_one_here_is_not_imported()
    {
        var mine = await AddAsync(Keyed("k", "hash", TimeSpan.FromHours(1)));
        var foreign = Keyed("k", "hash", TimeSpan.FromHours(1));
        (await store.ImportAsync([new(foreign)], Cancel)).Single().ShouldBe(new ImportResult.KeyTaken(foreign.Id, mine.Id));
        (await store.FindAsync(foreign.Id, Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task An_email_whose_bytes_are_missing_is_not_taken_unless_nobody_needs_them_and_keeps_no_other_back()
    {
        var missing = new EmailContent { To = ["a@example.net"], Attachments = [new("a.txt", new(new string('a', 64), 5))] };
        var over = Given.Email(Time) with { Content = missing, Status = EmailStatus.Sent };
        var waits = Given.Email(Time, TimeSpan.FromHours(1)) with { Content = missing };
        var whole = Given.Email(Time, TimeSpan.FromHours(1));
        (await store.ImportAsync([new(over), new(waits), new(whole)], Cancel)).ShouldSatisfyAllConditions(
            results => results[0].ShouldBeOfType<ImportResult.Imported>().Email.Content.Attachments.ShouldBe(missing.Attachments),
            results => results[1].ShouldBe(new ImportResult.NotTaken(waits.Id, Arrival.Lacks(missing.Attachments[0].Blob))),
            results => results[2].ShouldBeOfType<ImportResult.Imported>());
        (await store.FindAsync(waits.Id, Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task A_key_of_an_email_that_was_not_taken_is_free()
    {
        var waits = Keyed("k", "hash", TimeSpan.FromHours(1)) with { Content = new() { To = ["a@example.net"], Eml = new(new string('a', 64), 5) } };
        (await store.ImportAsync([new(waits)], Cancel)).Single().ShouldBeOfType<ImportResult.NotTaken>();
        (await store.AddAsync([Keyed("k", "hash")], Cancel)).Single().ShouldBeOfType<AddResult.Added>();
    }

    [Fact]
    public async Task An_email_of_a_campaign_is_not_taken_and_keeps_no_other_back()
    {
        var recipient = Given.Email(Time, TimeSpan.FromHours(1)) with { Campaign = CampaignId.New(Time) };
        var results = await store.ImportAsync([new(recipient), new(Given.Email(Time))], Cancel);
        results[0].ShouldBeOfType<ImportResult.NotTaken>().Why.ShouldContain(recipient.Campaign!.Value.ToString());
        results[1].ShouldBeOfType<ImportResult.Imported>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_old_copy_of_what_left_or_was_cancelled_here_comes_back_as_that(bool sent)
    {
        await AddAsync(Given.Email(Time, TimeSpan.FromHours(9)));
        var without = world.SaveRows();
        var claim = await ClaimedAsync();
        var copy = claim.Email with { Status = EmailStatus.Pending, ClaimedBy = null, Attempts = 0, LastAttempt = null, ScheduledFor = Time.GetUtcNow().AddHours(1) };
        if (sent) await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel);
        if (sent) await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel);
        else (await store.ChangeAsync(copy.Id, new EmailChange.Cancel(), Cancel)).Done.ShouldBeTrue();
        world.RestoreRows(without);
        (await store.FindAsync(copy.Id, Cancel)).ShouldBeNull();
        (await ImportedAsync(copy)).Status.ShouldBe(sent ? EmailStatus.Sent : EmailStatus.Cancelled);
        Time.Advance(TimeSpan.FromHours(2));
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_part_of_an_imported_email_is_kept()
    {
        var blob = await world.BlobsOf(store).AddAsync(new MemoryStream(Encoding.UTF8.GetBytes("%PDF")), Cancel);
        var foreign = Given.Email(Time, TimeSpan.FromHours(1)) with
        {
            Content = new() { From = "ada@example.org", To = ["a@example.net", "b@example.net"], Subject = "Tab\t🐈", Text = "", Html = "<p>", Headers = [new("X-One", "1")], Attachments = [new("a b.pdf", blob)], Eml = blob },
            Wish = new("2026-12-01T09:00:00", "Europe/Berlin", "2026f", Time.GetUtcNow()),
            Account = "work",
            LastAccount = "spare",
            Attempts = 3,
            LastAttempt = Time.GetUtcNow(),
            Deferrals = 2,
            AccountFailures = 1,
            LostClaims = 1,
            NextAttempt = Time.GetUtcNow().AddHours(2),
            NotAfter = Time.GetUtcNow().AddDays(2),
            MessageId = "<x@example.org>",
            Date = Time.GetUtcNow(),
            FrozenFrom = "ada@example.org",
            LastError = "451 later",
            CreatedBy = "ada@engine",
            IdempotencyKey = new("k", "h"),
            Recipients = [new("a@example.net", RecipientStatus.Delivered, "250 Ok"), new("b@example.net", RecipientStatus.Pending, "451 later")],
        };
        var kept = await ImportedAsync(foreign);
        Given.Words(kept).ShouldBe(Given.Words(foreign));
        Given.Words((await world.Open().FindAsync(foreign.Id, Cancel))!).ShouldBe(Given.Words(foreign));
    }

    [Fact]
    public async Task An_export_in_pages_has_every_email_once_whatever_is_changed_between_them()
    {
        var emails = new List<ScheduledEmail>();
        for (var hour = 1; hour <= 9; hour++) emails.Add(await AddAsync(Given.Email(Time, TimeSpan.FromHours(hour))));
        var exported = new List<ScheduledEmail>();
        for (IReadOnlyList<ScheduledEmail> page = [default!]; page.Count > 0; exported.AddRange(page))
        {
            page = await store.ExportPageAsync(exported.Count == 0 ? null : exported[^1].Id, 2, Cancel);
            // What had been behind the page goes before it, by its time, and the other way round.
            foreach (var email in emails) await store.ChangeAsync(email.Id, new EmailChange.Reschedule(Time.GetUtcNow().AddHours(20 - exported.Count - emails.IndexOf(email)), null), Cancel);
        }

        exported.Select(email => email.Id).ShouldBe(emails.Select(email => email.Id), ignoreOrder: true);
        exported.ShouldAllBe(email => email.Content.Text != null);
    }

    [Fact]
    public async Task It_adds_up_after_an_import()
    {
        await AddAsync(Given.Email(Time));
        await store.ImportAsync([.. Enum.GetValues<EmailStatus>().Select(status => new ImportedEmail(Given.Email(Time, TimeSpan.FromHours(1)) with { Status = status, Reason = status == EmailStatus.Failed ? FailureReason.Expired : null }))], Cancel);
        var overview = await store.OverviewAsync(Cancel);
        overview.TotalScheduled.ShouldBe(8);
        overview.Counts.Values.Sum().ShouldBe(8);
        overview.Counts[EmailStatus.Paused].ShouldBe(2, "the paused one and the one that was being sent");
    }

    private async Task<ScheduledEmail> ImportedAsync(ScheduledEmail email) => (await store.ImportAsync([new(email)], Cancel)).Single().ShouldBeOfType<ImportResult.Imported>().Email;
}
