using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Salvage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File.Merge;

/// <summary>Saves that land at the one moment between a store's last look at the queue file and its own rename.</summary>
public sealed class LostSaveTests : IAsyncDisposable
{
    private readonly FakeStoreWorld world = new();
    private readonly FileEmailStore store;

    public LostSaveTests() => store = world.OpenFile();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_saved_between_the_last_look_and_the_rename_is_merged(bool inPlace)
    {
        var email = await AddAsync();
        SaveAtRename(Text().Replace("Grüße", "Neu", StringComparison.Ordinal), inPlace);
        var added = await AddAsync();
        (await FindAsync(email)).Content.Subject.ShouldBe("Neu");
        (await FindAsync(added)).Status.ShouldBe(EmailStatus.Pending);
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_change_of_the_same_email_and_a_save_of_it_in_that_moment_both_count()
    {
        var email = await AddAsync();
        SaveAtRename(Text().Replace("Grüße", "Neu", StringComparison.Ordinal), inPlace: false);
        (await store.ChangeAsync(email.Id, new Core.Scheduling.EmailChange.Pause(), default)).Done.ShouldBeTrue();
        var merged = await FindAsync(email);
        (merged.Content.Subject, merged.Status).ShouldBe(("Neu", EmailStatus.Paused));
    }

    [Fact]
    public async Task A_save_that_is_half_written_in_that_moment_is_merged_once_it_is_whole()
    {
        var email = await AddAsync();
        var whole = Text().Replace("Grüße", "Neu", StringComparison.Ordinal);
        SaveAtRename(whole[..(whole.Length / 2)], inPlace: true);
        var added = await AddAsync();
        (await FindAsync(added)).Status.ShouldBe(EmailStatus.Pending);
        // The editor goes on writing into the file that it has open, whatever its name is now.
        world.Disk.Overwrite(Saved().Single(), Encoding.UTF8.GetBytes(whole));
        for (var looks = 0; Saved().Count > 0 && looks < 100; looks++) await NextTryAsync();
        (await FindAsync(email)).Content.Subject.ShouldBe("Neu");
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_save_that_cannot_be_merged_is_tried_ever_more_rarely_holds_nobody_up_and_is_merged_in_the_end()
    {
        const int ioError = 5;
        var email = await AddAsync();
        var refuses = true;
        var (tries, saved) = (0, (string?)null);
        SaveAtRename(Text().Replace("Grüße", "Neu", StringComparison.Ordinal), inPlace: false, () => world.Disk.Trouble = call =>
        {
            if (!refuses || call.Kind != DiskCallKind.OpenRead || !call.Path.Contains(".saved.", StringComparison.Ordinal)) return null;
            if (call.Path != (saved ??= call.Path)) return null;
            tries++;
            return ioError;
        });
        await AddAsync();
        List<double> waits = [];
        for (var expected = 1; expected <= 11; expected++)
        {
            // And once when it was displaced.
            tries.ShouldBe(expected + 1);
            (await FindAsync(await AddAsync())).Status.ShouldBe(EmailStatus.Pending);
            tries.ShouldBe(expected + 1, "a request does not try it before its time");
            waits.Add((await NextTryAsync()).TotalSeconds);
        }

        waits.ShouldBe([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30], tolerance: 0.001);
        refuses = false;
        await NextTryAsync();
        (await FindAsync(email)).Content.Subject.ShouldBe("Neu");
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_process_that_dies_after_its_rename_leaves_the_save_to_the_next()
    {
        for (var steps = 0L; steps < 3; steps++)
        {
            var email = await AddAsync();
            var dying = world.OpenFile();
            await dying.ListAsync(new(), default);
            SaveAtRename(Text().Replace("Grüße", $"Neu {steps}", StringComparison.Ordinal), inPlace: true, () => world.SessionOf(dying).DiesAtCall = world.SessionOf(dying).Calls + 1 + steps);
            await Should.ThrowAsync<ProcessDiedException>(async () => await dying.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default));
            var heir = world.OpenFile();
            await heir.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default);
            (await heir.FindAsync(email.Id, default))!.Content.Subject.ShouldBe($"Neu {steps}");
            await NothingIsLeftAsync();
        }
    }

    [Fact]
    public async Task Where_files_cannot_change_names_a_save_before_the_rename_is_merged_all_the_same()
    {
        world.Disk.CanExchange = false;
        var email = await AddAsync();
        SaveAtRename(Text().Replace("Grüße", "Neu", StringComparison.Ordinal), inPlace: false);
        await AddAsync();
        (await FindAsync(email)).Content.Subject.ShouldBe("Neu");
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task What_an_editor_writes_into_a_file_that_was_replaced_after_it_had_opened_it_is_merged()
    {
        var email = await AddAsync();
        var whole = Text().Replace("Grüße", "Neu", StringComparison.Ordinal);
        FakeDisk.FakeEditor? editor = null;
        AtRename(() => editor = world.Disk.Edit(FakeStoreWorld.Path));
        await AddAsync();
        var saved = Saved().Single();
        for (var looks = 0; looks < 3; looks++) await NextTryAsync();
        Saved().ShouldBe([saved], "somebody may still write into it");

        editor!.Save([]);
        await NextTryAsync();
        editor.Save(Encoding.UTF8.GetBytes(whole[..(whole.Length / 2)]));
        world.Time.Advance(TimeSpan.FromSeconds(4));
        await AddAsync();
        Saved().ShouldBe([saved]);
        editor.Save(Encoding.UTF8.GetBytes(whole));
        editor.Dispose();
        for (var looks = 0; Saved().Count > 0 && looks < 100; looks++) await NextTryAsync();
        (await FindAsync(email)).Content.Subject.ShouldBe("Neu");
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task An_editor_that_has_the_file_open_and_writes_nothing_changes_nothing()
    {
        await AddAsync();
        FakeDisk.FakeEditor? editor = null;
        AtRename(() => editor = world.Disk.Edit(FakeStoreWorld.Path));
        await AddAsync();
        Saved().ShouldHaveSingleItem();
        editor!.Dispose();
        for (var looks = 0; Saved().Count > 0 && looks < 100; looks++) await NextTryAsync();
        (await store.ListAsync(new(), default)).Count.ShouldBe(2);
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_clean_up_by_anybody_leaves_a_save_that_is_not_whole_yet()
    {
        var email = await AddAsync();
        var whole = Text().Replace("Grüße", "Neu", StringComparison.Ordinal);
        SaveAtRename(whole[..(whole.Length / 2)], inPlace: true);
        await AddAsync();
        var saved = Saved().Single();
        foreach (var cleaner in new[] { store, world.OpenFile() }) await cleaner.CleanUpAsync(TimeSpan.FromDays(7), default);
        Saved().ShouldBe([saved]);
        await MergesOnceWholeAsync(saved, whole, email);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_save_in_the_moment_of_a_prune_is_merged_before_the_clean_up_goes_on(bool isWhole)
    {
        var (gone, email) = (await AddAsync(), await AddAsync());
        (await store.ChangeAsync(gone.Id, new Core.Scheduling.EmailChange.Cancel(), default)).Done.ShouldBeTrue();
        world.Time.Advance(TimeSpan.FromMinutes(2));
        var whole = Text().Replace("Grüße", "Neu", StringComparison.Ordinal);
        var isMerged = false;
        SaveAtRename(isWhole ? whole : whole[..(whole.Length / 2)], inPlace: true, () => world.Disk.Trouble = call =>
        {
            // The first thing that the clean-up does after the prune.
            if (call is not { Kind: DiskCallKind.List, Path: "/home/ada/.config/himalaya/scheduled_emails.ledger" }) return null;
            isMerged = Text().Contains("Neu", StringComparison.Ordinal);
            world.Disk.Trouble = null;
            return null;
        });
        (await store.CleanUpAsync(TimeSpan.FromMinutes(1), default)).ShouldBe(1);
        isMerged.ShouldBe(isWhole);
        if (!isWhole) await MergesOnceWholeAsync(Saved().Single(), whole, email);
        (await FindAsync(email)).Content.Subject.ShouldBe("Neu");
        (await store.FindAsync(gone.Id, default)).ShouldBeNull();
        Saved().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_save_that_a_process_left_half_written_when_it_died_is_merged_once_it_is_whole()
    {
        for (var steps = 0L; steps < 3; steps++)
        {
            var email = await AddAsync();
            var whole = Text().Replace("Grüße", $"Neu {steps}", StringComparison.Ordinal);
            var dying = world.OpenFile();
            await dying.ListAsync(new(), default);
            SaveAtRename(whole[..(whole.Length / 2)], inPlace: true, () => world.SessionOf(dying).DiesAtCall = world.SessionOf(dying).Calls + 1 + steps);
            await Should.ThrowAsync<ProcessDiedException>(async () => await dying.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default));
            await AddAsync();
            await MergesOnceWholeAsync(Saved().Single(), whole, email);
            (await FindAsync(email)).Content.Subject.ShouldBe($"Neu {steps}");
            await NothingIsLeftAsync();
        }
    }

    [Fact]
    public async Task A_clean_up_takes_the_saves_that_others_have_left_first()
    {
        var email = await AddAsync();
        var dying = world.OpenFile();
        await dying.ListAsync(new(), default);
        SaveAtRename(Text().Replace("Grüße", "Neu", StringComparison.Ordinal), inPlace: true, () => world.SessionOf(dying).DiesAtCall = world.SessionOf(dying).Calls + 3);
        await Should.ThrowAsync<ProcessDiedException>(async () => await dying.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default));
        Saved().ShouldNotBeEmpty();
        await world.OpenFile().CleanUpAsync(TimeSpan.FromDays(7), default);
        (await FindAsync(email)).Content.Subject.ShouldBe("Neu");
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_queue_that_a_process_was_about_to_put_in_its_place_when_it_died_is_no_save()
    {
        var email = await AddAsync();
        var before = world.Disk.Contents(FakeStoreWorld.Path);
        var dying = world.OpenFile();
        await dying.ListAsync(new(), default);
        AtRename(() => world.SessionOf(dying).Die());
        (await Should.ThrowAsync<Exception>(async () => await dying.ChangeAsync(email.Id, new Core.Scheduling.EmailChange.Edit(email.Content with { Subject = "Neu" }), default))).ShouldNotBeNull();
        world.Disk.Put(FakeStoreWorld.Path, before!);
        Saved().ShouldNotBeEmpty();
        await world.OpenFile().CleanUpAsync(TimeSpan.FromDays(7), default);
        Saved().ShouldBeEmpty();
        Text().ShouldNotContain("Neu");
    }

    [Fact]
    public async Task A_save_that_breaks_the_merge_fails_no_change_and_is_kept_and_told()
    {
        await AddAsync();
        var whole = Text().Replace("Grüße", "Neu", StringComparison.Ordinal);
        SaveAtRename(whole, inPlace: false, () => world.Disk.Trouble = call =>
            call.Kind == DiskCallKind.OpenRead && call.Path.Contains(".saved.", StringComparison.Ordinal) ? throw new ArithmeticException("it breaks") : null);
        var added = await AddAsync();
        world.Disk.Trouble = null;
        (await world.OpenFile().FindAsync(added.Id, default)).ShouldNotBeNull();
        var report = store.RecoveryReports().ShouldHaveSingleItem();
        (report.Gravity, report.KeptAs).ShouldBe((RecoveryGravity.Incomplete, Saved().Single()));
        report.Summary.ShouldContain("it breaks");
        Encoding.UTF8.GetString(world.Disk.Contents(report.KeptAs!)!).ShouldBe(whole);
    }

    private async Task MergesOnceWholeAsync(string saved, string whole, ScheduledEmail email)
    {
        world.Disk.Overwrite(saved, Encoding.UTF8.GetBytes(whole));
        await AddAsync();
        for (var looks = 0; Saved().Count > 0 && looks < 100; looks++) await NextTryAsync();
        (await FindAsync(email)).Content.Subject.ShouldStartWith("Neu");
        Saved().ShouldBeEmpty();
    }

    private void AtRename(Action then)
    {
        world.Disk.Trouble = call =>
        {
            if (call is not { Kind: DiskCallKind.Rename, Path: FakeStoreWorld.Path }) return null;
            world.Disk.Trouble = null;
            then();
            return null;
        };
    }

    private void SaveAtRename(string text, bool inPlace, Action? then = null)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        AtRename(() =>
        {
            if (inPlace) world.Disk.Overwrite(FakeStoreWorld.Path, bytes);
            else world.Disk.Put(FakeStoreWorld.Path, bytes);
            then?.Invoke();
        });
    }

    /// <summary>Lets as much time pass as the store waits before it tries again to merge, and waits until it has.</summary>
    private async Task<TimeSpan> NextTryAsync()
    {
        var wait = await TimerAsync() - world.Time.Elapsed;
        world.Time.Advance(wait);
        if (Saved().Count > 0) await TimerAsync();
        return wait;
    }

    private async Task<TimeSpan> TimerAsync()
    {
        var patience = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(patience) < TimeSpan.FromMinutes(1))
        {
            if (Saved().Count == 0) return world.Time.Elapsed;
            if (world.Time.NextTimer is { } timer) return timer;
            await Task.Yield();
        }

        throw new TimeoutException("nobody tries to merge the save");
    }

    private List<string> Saved()
    {
        var folder = Path.GetDirectoryName(FakeStoreWorld.Path)!;
        return [.. world.Disk.Start().List(folder).Where(name => name.EndsWith(".tmp", StringComparison.Ordinal)).Select(name => $"{folder}/{name}")];
    }

    private async Task NothingIsLeftAsync()
    {
        Saved().ShouldBeEmpty();
        store.RecoveryReports().ShouldBeEmpty();
        (await store.ListAsync(new(), default)).ShouldBe(await world.OpenFile().ListAsync(new(), default), new Words());
    }

    private async Task<ScheduledEmail> AddAsync() => (await store.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default)).OfType<AddResult.Added>().Single().Email;

    private async Task<ScheduledEmail> FindAsync(ScheduledEmail email) => (await store.FindAsync(email.Id, default)).ShouldNotBeNull();

    private string Text() => Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!);

    private sealed class Words : IEqualityComparer<ScheduledEmail>
    {
        public bool Equals(ScheduledEmail? one, ScheduledEmail? other) => Given.Words(one!) == Given.Words(other!);

        public int GetHashCode(ScheduledEmail email) => email.Id.GetHashCode();
    }
}
