using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Maintenance;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Health;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>What cleaning up removes beside the queue, and what it leaves.</summary>
public sealed class CleanUpTests : IAsyncDisposable
{
    private const string Home = "/home/ada/.config/himalaya";
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);
    private readonly FakeStoreWorld world = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Attachments_go_a_day_after_the_last_that_refers_to_them_a_backup_too()
    {
        var store = world.OpenFile(options => options with { BackupCount = 1 });
        var blob = await BlobAsync(store, "the bytes");
        var email = (await store.AddAsync([Given.Email(world.Time) with { Content = new() { To = ["a@example.net"], Attachments = [new("a.txt", blob)] } }], Cancel)).OfType<AddResult.Added>().Single().Email;
        await store.ChangeAsync(email.Id, new EmailChange.Cancel(), Cancel);
        world.Time.Advance(Week * 2);
        (await store.CleanUpAsync(Week, Cancel)).ShouldBe(1);
        await store.CleanUpAsync(Week, Cancel);
        Blobs().ShouldBe([blob.Sha256], "a backup still refers to it");
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        await store.Backups.CreateAsync(Cancel);
        await store.CleanUpAsync(Week, Cancel);
        Blobs().ShouldBe([blob.Sha256], "somebody may have loaded the queue when it still referred to it");
        world.Time.Advance(TimeSpan.FromDays(1.1));
        await store.CleanUpAsync(Week, Cancel);
        Blobs().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_young_attachment_stays_for_the_email_that_is_about_to_be_scheduled()
    {
        var store = world.OpenFile();
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        var blob = await BlobAsync(store, "the bytes");
        world.Time.Advance(TimeSpan.FromHours(23));
        await store.CleanUpAsync(Week, Cancel);
        Blobs().ShouldBe([blob.Sha256]);
        world.Time.Advance(TimeSpan.FromHours(2));
        await store.CleanUpAsync(Week, Cancel);
        Blobs().ShouldBeEmpty();
    }

    [Fact]
    public async Task What_somebody_saved_and_nobody_has_merged_yet_stays()
    {
        var store = world.OpenFile();
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        world.Disk.Put($"{Home}/.scheduled_emails.saved.4711-1.tmp", [1]);
        await store.CleanUpAsync(Week, Cancel);
        world.Disk.Start().List(Home).ShouldContain(".scheduled_emails.saved.4711-1.tmp");
    }

    [Fact]
    public async Task What_dead_writers_left_goes_and_strangers_stay()
    {
        var store = world.OpenFile();
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        await BlobAsync(store, "x");
        world.Disk.Put($"{Home}/.scheduled_emails.4711-1-1.tmp", [1]);
        world.Disk.Put($"{Home}/scheduled_emails.blobs/.4711-1.tmp", [1]);
        world.Disk.Put($"{Home}/.another.tmp", [1]);
        world.Disk.Put($"{Home}/notes.txt", [1]);
        await store.CleanUpAsync(Week, Cancel);
        world.Disk.Start().List($"{Home}/scheduled_emails.blobs").ShouldContain(".4711-1.tmp", "its writer may be at it");
        world.Time.Advance(TimeSpan.FromHours(2));
        await store.CleanUpAsync(Week, Cancel);
        var left = world.Disk.Start().List(Home);
        left.ShouldNotContain(".scheduled_emails.4711-1-1.tmp");
        left.ShouldContain(".another.tmp");
        left.ShouldContain("notes.txt");
        world.Disk.Start().List($"{Home}/scheduled_emails.blobs").ShouldNotContain(".4711-1.tmp");
    }

    [Fact]
    public async Task Where_nothing_is_over_nothing_is_written()
    {
        var store = world.OpenFile();
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        var before = world.Disk.Contents(FakeStoreWorld.Path);
        world.Time.Advance(Week * 4);
        (await store.CleanUpAsync(Week, Cancel)).ShouldBe(0);
        world.Disk.Contents(FakeStoreWorld.Path).ShouldBe(before);
    }

    [Fact]
    public async Task A_part_that_fails_is_told_and_stops_no_other()
    {
        var listener = new Listener();
        var store = world.OpenFile(options => options with { Observer = listener });
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        world.Disk.Put($"{Home}/.scheduled_emails.4711-1-1.tmp", [1]);
        world.Disk.Trouble = call => call.Kind == DiskCallKind.List && call.Path.EndsWith("backups", StringComparison.Ordinal) ? DiskFailure.NoPermission : null;
        await store.CleanUpAsync(Week, Cancel);
        listener.Words().ShouldContain(words => words.StartsWith("could not clean up backups", StringComparison.Ordinal));
        world.Disk.Start().List(Home).ShouldNotContain(".scheduled_emails.4711-1-1.tmp");
    }

    [Fact]
    public async Task A_full_disk_lets_nothing_be_begun_that_later_changes_would_have_to_put_right()
    {
        var store = world.OpenFile();
        await CancelledAsync(store);
        world.Time.Advance(Week * 2);
        var ledger = world.Disk.Contents($"{Home}/scheduled_emails.ledger/00000001.log");
        ledger.ShouldNotBeNull();
        world.Disk.Trouble = call => call.Kind == DiskCallKind.Write && !call.Path.EndsWith(".lock", StringComparison.Ordinal) ? DiskFailure.NoSpace : null;
        await Should.ThrowAsync<StoreException>(async () => await store.CleanUpAsync(Week, Cancel));
        store.Inspect().Lock.ShouldBe(LockState.Free, "nothing is left that has to be made safe first");
        world.Disk.Contents($"{Home}/scheduled_emails.ledger/00000001.log").ShouldBe(ledger);
        world.Disk.Trouble = null;
        (await store.CleanUpAsync(Week, Cancel)).ShouldBe(1);
    }

    [Fact]
    public async Task A_pass_removes_so_many_emails_at_most_the_oldest_first()
    {
        var store = world.OpenFile(options => options with { MostPruned = 2 });
        var oldest = await CancelledAsync(store);
        world.Time.Advance(TimeSpan.FromHours(1));
        for (var count = 0; count < 4; count++) await CancelledAsync(store);
        world.Time.Advance(Week * 2);
        (await store.CleanUpAsync(Week, Cancel)).ShouldBe(2);
        (await store.FindAsync(oldest, Cancel)).ShouldBeNull();
        (await store.CleanUpAsync(Week, Cancel)).ShouldBe(2);
        (await store.CleanUpAsync(Week, Cancel)).ShouldBe(1);
        (await store.ListAsync(new(), Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_clock_that_is_set_back_puts_no_clean_up_off()
    {
        var cleaner = new Cleaner(world.OpenFile(), new(), world.Time);
        await cleaner.RunOnceAsync(Cancel);
        cleaner.Next.ShouldBe(world.Time.GetUtcNow() + TimeSpan.FromMinutes(5));
        world.Time.ShiftWall(TimeSpan.FromDays(-1));
        await cleaner.RunOnceAsync(Cancel);
        cleaner.Next.ShouldBe(world.Time.GetUtcNow() + TimeSpan.FromMinutes(5));
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    private async Task<EmailId> CancelledAsync(FileEmailStore store)
    {
        var email = Given.Email(world.Time, TimeSpan.FromHours(1));
        await store.AddAsync([email], Cancel);
        (await store.ChangeAsync(email.Id, new EmailChange.Cancel(), Cancel)).Done.ShouldBeTrue();
        return email.Id;
    }

    private static async Task<BlobRef> BlobAsync(FileEmailStore store, string text) => await store.Blobs.AddAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), Cancel);

    private IReadOnlyList<string> Blobs() => world.Disk.Start().List($"{Home}/scheduled_emails.blobs");
}
