using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Storage;

/// <summary>That cleaning up takes what is over, counts it, and nothing else.</summary>
public abstract partial class EmailStoreConformance
{
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    [Fact]
    public async Task What_is_final_for_longer_than_the_retention_leaves_and_still_counts()
    {
        var sent = await FinishAsync(Verdict.Delivered);
        var cancelled = await AddAsync(Given.Email(Time));
        await store.ChangeAsync(cancelled.Id, new EmailChange.Cancel(), Cancel);
        var doubtful = await FinishAsync(Verdict.InDoubt);
        var waiting = await AddAsync(Given.Email(Time, TimeSpan.FromDays(30)));
        (await store.CleanUpAsync(Week, Cancel)).ShouldBe(0);
        Time.Advance(Week);
        (await store.CleanUpAsync(Week, Cancel)).ShouldBe(0);
        Time.Advance(TimeSpan.FromSeconds(1));
        var young = await AddAsync(Given.Email(Time));
        await store.ChangeAsync(young.Id, new EmailChange.Cancel(), Cancel);

        (await world.Open().CleanUpAsync(Week, Cancel)).ShouldBe(2);
        (await store.ListAsync(new(), Cancel)).Select(row => row.Id).ShouldBe([doubtful.Id, waiting.Id, young.Id], ignoreOrder: true);
        (await store.FindAsync(sent.Id, Cancel)).ShouldBeNull();
        var overview = await store.OverviewAsync(Cancel);
        overview.TotalScheduled.ShouldBe(5);
        overview.Counts.Values.Sum().ShouldBe(3);
        overview.Pruned.Where(each => each.Value > 0).ToDictionary().ShouldBe(new Dictionary<EmailStatus, long> { [EmailStatus.Sent] = 1, [EmailStatus.Cancelled] = 1 }, ignoreOrder: true);
    }

    [Fact]
    public async Task A_key_outlives_its_pruned_email_for_thirty_days()
    {
        var keyed = await AddAsync(Keyed("k", "h"));
        await store.ChangeAsync(keyed.Id, new EmailChange.Cancel(), Cancel);
        Time.Advance(Week + TimeSpan.FromHours(1));
        await store.CleanUpAsync(Week, Cancel);
        var again = (await store.AddAsync([Keyed("k", "h")], Cancel)).Single().ShouldBeOfType<AddResult.Existing>();
        (again.Id, again.Email).ShouldBe((keyed.Id, null));
        (await store.AddAsync([Keyed("k", "other")], Cancel)).Single().ShouldBeOfType<AddResult.KeyConflict>();
        Time.Advance(TimeSpan.FromDays(23));
        await store.CleanUpAsync(Week, Cancel);
        (await world.Open().AddAsync([Keyed("k", "h")], Cancel)).Single().ShouldBeOfType<AddResult.Added>();
    }

    [Fact]
    public async Task A_key_stays_as_long_as_its_email_waits()
    {
        var keyed = (await store.AddAsync([Keyed("k", "h") with { ScheduledFor = Time.GetUtcNow().AddDays(60) }], Cancel)).OfType<AddResult.Added>().Single().Email;
        Time.Advance(TimeSpan.FromDays(50));
        await store.CleanUpAsync(Week, Cancel);
        (await store.AddAsync([Keyed("k", "h")], Cancel)).Single().ShouldBeOfType<AddResult.Existing>().Id.ShouldBe(keyed.Id);
    }

    [Fact]
    public async Task An_old_row_of_a_pruned_email_sends_nothing_again()
    {
        var email = await AddAsync(Given.Email(Time));
        var saved = world.SaveRows();
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
        await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel);
        await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, Time), Cancel);
        Time.Advance(Week * 60);
        await store.CleanUpAsync(Week, Cancel);
        (await store.FindAsync(email.Id, Cancel)).ShouldBeNull();
        world.RestoreRows(saved);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await store.FindAsync(email.Id, Cancel))?.Status.ShouldBeOneOf(EmailStatus.Sent, EmailStatus.Paused);
    }

    [Fact]
    public async Task Bytes_stay_as_long_as_an_email_needs_them()
    {
        var bytes = await world.BlobsOf(store).AddAsync(new MemoryStream(Encoding.UTF8.GetBytes("minutes")), Cancel);
        var email = await AddAsync(Given.Email(Time) with { Content = new() { To = ["a@example.net"], Attachments = [new("a.txt", bytes)] } });
        Time.Advance(Week * 2);
        await store.CleanUpAsync(Week, Cancel);
        world.BlobsOf(store).Open(bytes).Dispose();
        await store.ChangeAsync(email.Id, new EmailChange.Cancel(), Cancel);
        await store.CleanUpAsync(Week, Cancel);
        world.BlobsOf(store).Open(bytes).Dispose();
    }

    private async Task<ScheduledEmail> FinishAsync(Verdict verdict)
    {
        await AddAsync(Given.Email(Time));
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
        await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel);
        await store.RecordAsync(claim, Given.Result(claim, verdict, Time), Cancel);
        return claim.Email;
    }
}
