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

/// <summary>Nobody adds to a queue more than it is to hold; what is in it goes on.</summary>
public sealed class QueueSizeTests : IAsyncDisposable
{
    private const int Most = 64 * 1024;
    private const string Ledger = "/home/ada/.config/himalaya/scheduled_emails.ledger";
    private static readonly string Long = new('x', Most);
    private readonly FakeStoreWorld world = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task What_would_make_it_too_large_is_refused_and_changes_neither_the_queue_nor_the_ledger()
    {
        var store = Small();
        var email = await AddAsync(store, "short");
        var (queue, ledger) = (world.Disk.Contents(FakeStoreWorld.Path), LedgerBytes());
        foreach (var change in new Func<Task>[]
        {
            async () => await store.ChangeAsync(email.Id, new EmailChange.Edit(email.Content with { Text = Long }), default),
            async () => await AddAsync(store, Long),
            async () => await store.ImportAsync([new(Given.Email(world.Time, TimeSpan.FromHours(1)) with { Content = email.Content with { Html = Long } })], default),
        })
        {
            var refused = await Should.ThrowAsync<StoreException>(change);
            refused.Trouble.ShouldBe(StoreTrouble.Unwritable);
            refused.Message.ShouldContain("than the 0.1 MiB that a queue file holds; nothing was changed: ");
            world.Disk.Contents(FakeStoreWorld.Path).ShouldBe(queue);
            LedgerBytes().ShouldBe(ledger);
        }

        (await store.FindAsync(email.Id, default))!.Content.Text.ShouldBe("short");
        await AddAsync(store, "another");
    }

    [Fact]
    public async Task Of_changes_that_come_together_only_the_one_that_is_too_large_is_refused()
    {
        var store = Small();
        var all = new[] { "one", Long, "two" }.Select(text => store.AddAsync([Email(text)], default).AsTask()).ToList();
        await Should.ThrowAsync<StoreException>(all[1]);
        await all[0];
        await all[2];
        (await store.ListAsync(new(), default)).Select(email => email.Content.Text).Order().ShouldBe(["one", "two"]);
    }

    [Fact]
    public async Task A_full_queue_is_sent_changed_and_cleaned_up_all_the_same()
    {
        var store = Small();
        List<ScheduledEmail> emails = [];
        try
        {
            while (true) emails.Add(await AddAsync(store, "full"));
        }
        catch (StoreException full) when (full.Message.Contains("a queue file holds", StringComparison.Ordinal))
        {
            emails.Count.ShouldBeGreaterThan(20);
        }

        world.Time.Advance(TimeSpan.FromHours(2));
        var (taken, other) = (emails[0], emails[1]);
        (await store.ChangeAsync(taken.Id, new EmailChange.Cancel(), default)).Done.ShouldBeTrue();
        (await store.ChangeAsync(other.Id, new EmailChange.Edit(other.Content with { Text = "" }), default)).Done.ShouldBeTrue();
        foreach (var claim in await store.ClaimDueAsync(new("w"), Given.Capacity(), default)) await SendAsync(store, claim);
        world.Disk.Contents(FakeStoreWorld.Path)!.Length.ShouldBeGreaterThan(Most, "claims and outcomes need room too");
        var fresh = Small();
        (await fresh.ListAsync(new() { Statuses = [EmailStatus.Sent] }, default)).ShouldNotBeEmpty();
        await Should.ThrowAsync<StoreException>(async () => await AddAsync(fresh, "more"));

        world.Time.Advance(TimeSpan.FromDays(1));
        (await fresh.CleanUpAsync(TimeSpan.FromHours(1), default)).ShouldBeGreaterThan(20);
        await AddAsync(fresh, "there is room again");
    }

    [Fact]
    public async Task A_backup_that_would_make_it_too_large_is_not_restored()
    {
        var large = world.OpenFile();
        var email = await AddAsync(large, Long);
        var backup = await large.Backups.CreateAsync(default);
        await large.ChangeAsync(email.Id, new EmailChange.Cancel(), default);
        world.Time.Advance(TimeSpan.FromDays(1));
        (await large.CleanUpAsync(TimeSpan.FromHours(1), default)).ShouldBe(1);
        var queue = world.Disk.Contents(FakeStoreWorld.Path);
        (await Should.ThrowAsync<StoreException>(async () => await Small().Backups.RestoreAsync(backup.Name, default))).Message.ShouldContain("a queue file holds; nothing was changed");
        world.Disk.Contents(FakeStoreWorld.Path).ShouldBe(queue);
    }

    [Fact]
    public async Task A_file_of_that_size_which_no_queue_of_ours_could_be_is_not_read()
    {
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(Long + Long));
        (await Should.ThrowAsync<StoreException>(async () => await Small().ListAsync(new(), default))).Message.ShouldContain("more than any queue");
    }

    private async Task SendAsync(FileEmailStore store, Claim claim)
    {
        (await store.BeginAsync(claim, Given.Begin(claim, world.Time), default)).ShouldBeNull();
        (await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, world.Time), default)).ShouldBeTrue();
    }

    private FileEmailStore Small() => world.OpenFile(options => options with { MostBytes = Most });

    private ScheduledEmail Email(string text)
    {
        var email = Given.Email(world.Time, TimeSpan.FromHours(1));
        return email with { Content = email.Content with { Text = text } };
    }

    private async Task<ScheduledEmail> AddAsync(FileEmailStore store, string text) => (await store.AddAsync([Email(text)], default)).OfType<AddResult.Added>().Single().Email;

    private byte[] LedgerBytes() => [.. world.Disk.Start().List(Ledger).Order(StringComparer.Ordinal).SelectMany(name => world.Disk.Contents($"{Ledger}/{name}") ?? [])];
}
