using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>Bringing a backup back: nothing that left leaves again, nothing that was taken back revives, nothing is lost.</summary>
public sealed class RestoreTests : IAsyncDisposable
{
    private const string LedgerFolder = "/home/ada/.config/himalaya/scheduled_emails.ledger";
    private readonly FakeStoreWorld world = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_has_happened_since_stays_and_what_is_newer_stays_too()
    {
        var store = world.OpenFile();
        await using var worker = await store.EnterAsync(Cancel);
        var (sent, cancelled, moved, paused, edited, quiet) = (await AddAsync(store), await AddAsync(store), await AddAsync(store), await AddAsync(store), await AddAsync(store), await AddAsync(store));
        var made = await store.Backups.CreateAsync(Cancel);
        await SendAsync(store, worker, sent);
        await store.ChangeAsync(cancelled.Id, new EmailChange.Cancel(), Cancel);
        await store.ChangeAsync(moved.Id, new EmailChange.Reschedule(moved.ScheduledFor.AddDays(3), null), Cancel);
        await store.ChangeAsync(paused.Id, new EmailChange.Pause(), Cancel);
        await store.ChangeAsync(edited.Id, new EmailChange.Edit(edited.Content with { Subject = "Better" }), Cancel);
        var newer = await AddAsync(store);

        var report = await store.Backups.RestoreAsync(made.Name, Cancel);
        report.ShouldBe(new RestoreReport(0, 0, 5, 1, 0, 0, null));
        foreach (var reader in new[] { store, world.OpenFile() })
        {
            var rows = (await reader.ListAsync(new(), Cancel)).ToDictionary(row => row.Id);
            rows[sent.Id].Status.ShouldBe(EmailStatus.Sent);
            rows[cancelled.Id].Status.ShouldBe(EmailStatus.Cancelled);
            rows[moved.Id].ScheduledFor.ShouldBe(moved.ScheduledFor.AddDays(3));
            rows[paused.Id].Status.ShouldBe(EmailStatus.Paused);
            rows[edited.Id].Content.Subject.ShouldBe("Better");
            rows[quiet.Id].Status.ShouldBe(EmailStatus.Pending);
            rows[newer.Id].Status.ShouldBe(EmailStatus.Pending);
            await AddsUpAsync(reader, 7);
        }
    }

    [Fact]
    public async Task Emails_that_a_person_deleted_come_back_as_the_ledger_knows_them()
    {
        var store = world.OpenFile();
        await using var worker = await store.EnterAsync(Cancel);
        var (sent, cancelled, waiting) = (await AddAsync(store), await AddAsync(store), await AddAsync(store));
        var made = await store.Backups.CreateAsync(Cancel);
        await SendAsync(store, worker, sent);
        await store.ChangeAsync(cancelled.Id, new EmailChange.Cancel(), Cancel);
        await EmptyTheQueueAsync(store);
        var report = await store.Backups.RestoreAsync(made.Name, Cancel);
        report.Returned.ShouldBe(3);
        var rows = (await store.ListAsync(new(), Cancel)).ToDictionary(row => row.Id, row => row.Status);
        rows.ShouldBe(new Dictionary<EmailId, EmailStatus> { [sent.Id] = EmailStatus.Sent, [cancelled.Id] = EmailStatus.Cancelled, [waiting.Id] = EmailStatus.Pending }, ignoreOrder: true);
        await AddsUpAsync(store, 3);
    }

    [Fact]
    public async Task Sending_is_paused_afterwards_until_a_person_resumes_it()
    {
        var store = world.OpenFile();
        await using var worker = await store.EnterAsync(Cancel);
        var email = await AddAsync(store);
        var made = await store.Backups.CreateAsync(Cancel);
        world.Time.Advance(TimeSpan.FromHours(2));
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
        await store.Backups.RestoreAsync(made.Name, Cancel);
        (await store.BeginAsync(claim, Given.Begin(claim, world.Time), Cancel)).ShouldNotBeNull();
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        await store.RecordAsync(claim, new(Lifecycle.GivenBack(claim.Email, world.Time.GetUtcNow()), null), Cancel);
        await store.SetSendingPausedAsync(false, Cancel);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single().Email.Id.ShouldBe(email.Id);
    }

    [Theory]
    [InlineData("the ledger is deleted", "gone")]
    [InlineData("the ledger's lines are deleted", "lacks")]
    [InlineData("another ledger stands there", "another ledger")]
    [InlineData("the ledger is an older one", "lacks")]
    [InlineData("a line in the middle is damaged", "lacks")]
    public async Task Without_its_ledger_unbroken_everything_that_comes_back_is_held_and_says_so(string what, string reason)
    {
        var store = world.OpenFile();
        await using var worker = await store.EnterAsync(Cancel);
        var (sent, waiting) = (await AddAsync(store), await AddAsync(store));
        await store.ChangeAsync(waiting.Id, new EmailChange.Reschedule(waiting.ScheduledFor.AddDays(1), null), Cancel);
        var early = world.Disk.Contents($"{LedgerFolder}/00000001.log")!;
        await store.ChangeAsync(waiting.Id, new EmailChange.Reschedule(waiting.ScheduledFor.AddDays(2), null), Cancel);
        var made = await store.Backups.CreateAsync(Cancel);
        await SendAsync(store, worker, sent);
        await EmptyTheQueueAsync(store);
        var lines = Encoding.UTF8.GetString(world.Disk.Contents($"{LedgerFolder}/00000001.log")!).Split('\n');
        lines[2] = "x" + lines[2];
        switch (what)
        {
            case "the ledger is deleted": Delete("identity", "00000001.log"); break;
            case "the ledger's lines are deleted": Delete("00000001.log"); break;
            case "another ledger stands there": world.Disk.Put($"{LedgerFolder}/identity", "{\"ledger\":\"other\"}\n"u8.ToArray()); break;
            case "the ledger is an older one": world.Disk.Put($"{LedgerFolder}/00000001.log", early); break;
            default: world.Disk.Put($"{LedgerFolder}/00000001.log", Encoding.UTF8.GetBytes(string.Join('\n', lines))); break;
        }

        var after = world.OpenFile();
        var report = await after.Backups.RestoreAsync(made.Name, Cancel);
        report.LedgerBroken.ShouldNotBeNull().ShouldContain(reason);
        var rows = await after.ListAsync(new(), Cancel);
        rows.Count.ShouldBe(2);
        foreach (var row in rows.Where(row => row.Status != EmailStatus.Sent))
        {
            row.Status.ShouldBe(EmailStatus.Paused, what);
            row.LastError.ShouldBeOneOf(Settlement.CameBack, Settlement.LostLedger);
        }

        await after.SetSendingPausedAsync(false, Cancel);
        world.Time.Advance(TimeSpan.FromDays(30));
        (await after.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await after.ChangeAsync(waiting.Id, new EmailChange.Resume(), Cancel)).Refusal.ShouldBeNull();
        (await after.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single().Email.Id.ShouldBe(waiting.Id);
    }

    [Fact]
    public async Task The_present_state_is_backed_up_first_and_can_be_brought_back()
    {
        var store = world.OpenFile();
        var email = await AddAsync(store);
        var made = await store.Backups.CreateAsync(Cancel);
        var text = Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!).Replace("Grüße", "Hand-made", StringComparison.Ordinal);
        world.RestoreRows(Encoding.UTF8.GetBytes(text));
        (await store.FindAsync(email.Id, Cancel))!.Content.Subject.ShouldBe("Hand-made");
        (await store.Backups.RestoreAsync(made.Name, Cancel)).Reverted.ShouldBe(1);
        (await store.FindAsync(email.Id, Cancel))!.Content.Subject.ShouldBe("Grüße");
        var before = (await store.Backups.ListAsync(Cancel)).First(each => each.Reason.StartsWith("before restoring", StringComparison.Ordinal));
        (await store.Backups.RestoreAsync(before.Name, Cancel)).Reverted.ShouldBe(1);
        (await store.FindAsync(email.Id, Cancel))!.Content.Subject.ShouldBe("Hand-made");
    }

    [Fact]
    public async Task Idempotency_keys_survive_a_restore_from_before_them()
    {
        var store = world.OpenFile();
        await AddAsync(store);
        var made = await store.Backups.CreateAsync(Cancel);
        var keyed = Given.Email(world.Time) with { IdempotencyKey = new("k", "h") };
        await store.AddAsync([keyed], Cancel);
        await EmptyTheQueueAsync(store);
        await store.Backups.RestoreAsync(made.Name, Cancel);
        (await store.AddAsync([Given.Email(world.Time) with { IdempotencyKey = new("k", "h") }], Cancel)).Single().ShouldBeOfType<AddResult.Existing>().Id.ShouldBe(keyed.Id);
    }

    [Fact]
    public async Task Unknown_keys_come_back_with_their_email()
    {
        var store = world.OpenFile();
        await AddAsync(store);
        var text = Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!).Replace("\"metadata\": {", "\"metadata\": { \"draft\": 7,", StringComparison.Ordinal);
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(text));
        await AddAsync(store);
        var made = await store.Backups.CreateAsync(Cancel);
        await EmptyTheQueueAsync(store);
        await store.Backups.RestoreAsync(made.Name, Cancel);
        Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!).ShouldContain("\"draft\": 7");
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    private async Task<ScheduledEmail> AddAsync(FileEmailStore store) =>
        (await store.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], Cancel)).OfType<AddResult.Added>().Single().Email;

    private async Task SendAsync(FileEmailStore store, IWorkerPresence worker, ScheduledEmail email)
    {
        await store.ChangeAsync(email.Id, new EmailChange.Reschedule(world.Time.GetUtcNow(), null), Cancel);
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
        (await store.BeginAsync(claim, Given.Begin(claim, world.Time), Cancel)).ShouldBeNull();
        (await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, world.Time), Cancel)).ShouldBeTrue();
    }

    /// <summary>The queue file is lost, and the next change begins a new one that keeps the numbers.</summary>
    private async Task EmptyTheQueueAsync(FileEmailStore store)
    {
        var overview = await store.OverviewAsync(Cancel);
        var text = $$"""
            { "version": "1.0", "revision": 90, "queue": {},
              "statistics": { "total_scheduled": {{overview.TotalScheduled}}, "total_cancelled": {{overview.TotalScheduled}}, "pruned": { "cancelled": {{overview.TotalScheduled}} } } }
            """;
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(text));
    }

    private static async Task AddsUpAsync(FileEmailStore store, int scheduled)
    {
        var overview = await store.OverviewAsync(Cancel);
        overview.SendingPaused.ShouldBeTrue();
        overview.TotalScheduled.ShouldBe(scheduled);
        (overview.Counts.Values.Sum() + overview.Pruned.Values.Sum()).ShouldBe(scheduled);
    }

    private void Delete(params string[] names)
    {
        foreach (var name in names) world.Disk.Start().Delete($"{LedgerFolder}/{name}");
    }
}
