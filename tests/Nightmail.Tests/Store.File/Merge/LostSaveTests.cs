using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
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
        var tries = 0;
        SaveAtRename(Text().Replace("Grüße", "Neu", StringComparison.Ordinal), inPlace: false, () => world.Disk.Trouble = call =>
        {
            if (!refuses || call.Kind != DiskCallKind.OpenRead || !call.Path.Contains(".saved.", StringComparison.Ordinal)) return null;
            tries++;
            return ioError;
        });
        await AddAsync();
        List<double> waits = [];
        for (var expected = 1; expected <= 11; expected++)
        {
            tries.ShouldBe(expected);
            (await FindAsync(await AddAsync())).Status.ShouldBe(EmailStatus.Pending);
            tries.ShouldBe(expected, "a request does not try it before its time");
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

    private void SaveAtRename(string text, bool inPlace, Action? then = null)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        world.Disk.Trouble = call =>
        {
            if (call is not { Kind: DiskCallKind.Rename, Path: FakeStoreWorld.Path }) return null;
            world.Disk.Trouble = null;
            if (inPlace) world.Disk.Overwrite(FakeStoreWorld.Path, bytes);
            else world.Disk.Put(FakeStoreWorld.Path, bytes);
            then?.Invoke();
            return null;
        };
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
