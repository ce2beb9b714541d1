using System.Text;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>Copies of the queue, made and kept.</summary>
public sealed class BackupTests : IAsyncDisposable
{
    private const string Folder = "/home/ada/.config/himalaya/backups";
    private readonly FakeStoreWorld world = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_file_that_is_about_to_be_replaced_is_kept_at_most_once_a_minute()
    {
        var store = world.OpenFile();
        await AddAsync(store);
        var first = world.Disk.Contents(FakeStoreWorld.Path);
        Names().ShouldBeEmpty();
        await AddAsync(store);
        var kept = Names().ShouldHaveSingleItem();
        kept.ShouldStartWith("scheduled_emails.");
        world.Disk.Contents($"{Folder}/{kept}").ShouldBe(first);
        for (var second = 0; second < 59; second++)
        {
            world.Time.Advance(TimeSpan.FromSeconds(1));
            await AddAsync(store);
            await AddAsync(world.OpenFile());
        }

        Names().Count.ShouldBe(1);
        world.Time.Advance(TimeSpan.FromSeconds(1));
        await AddAsync(world.OpenFile());
        Names().Count.ShouldBe(2);
    }

    [Fact]
    public async Task Each_backup_is_good_and_the_newest_comes_first()
    {
        var store = world.OpenFile();
        for (var minute = 0; minute < 30; minute++)
        {
            await AddAsync(store);
            world.Time.Advance(TimeSpan.FromMinutes(1));
        }

        var listed = await store.Backups.ListAsync(Cancel);
        listed.Count.ShouldBeInRange(5, 10);
        listed.ShouldAllBe(each => each.Damage == null);
        listed.Select(each => each.CreatedAt).ShouldBe(listed.Select(each => each.CreatedAt).OrderDescending());
        (await store.Backups.CreateAsync(Cancel)).Sha256.ShouldBe(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(world.Disk.Contents(FakeStoreWorld.Path)!)));
    }

    [Fact]
    public async Task A_changed_byte_a_cut_and_a_missing_note_are_told()
    {
        var store = world.OpenFile();
        await AddAsync(store);
        var names = new List<string>();
        for (var count = 0; count < 3; count++) names.Add((await store.Backups.CreateAsync(Cancel)).Name);
        var bytes = world.Disk.Contents($"{Folder}/{names[0]}")!;
        bytes[40] ^= 1;
        world.Disk.Put($"{Folder}/{names[0]}", bytes);
        world.Disk.Put($"{Folder}/{names[1]}", bytes[..^10]);
        world.Disk.Put($"{Folder}/{BackupName.AboutOf(names[2])}", "nonsense"u8.ToArray());
        var damage = (await store.Backups.ListAsync(Cancel)).ToDictionary(each => each.Name, each => each.Damage);
        damage[names[0]].ShouldBe("its bytes have changed");
        damage[names[1]].ShouldBe($"it has {bytes.Length - 10} bytes instead of {bytes.Length}");
        damage[names[2]].ShouldBe("nobody noted its checksum");
        var before = world.Disk.Contents(FakeStoreWorld.Path);
        (await Should.ThrowAsync<StoreException>(async () => await store.Backups.RestoreAsync(names[0], Cancel))).Message.ShouldContain("damaged");
        world.Disk.Contents(FakeStoreWorld.Path).ShouldBe(before);
    }

    [Fact]
    public async Task A_backup_that_cannot_be_made_stops_no_change_and_is_told()
    {
        var listener = new Listener();
        var store = world.OpenFile(options => options with { Observer = listener });
        await AddAsync(store);
        world.Disk.Trouble = call => call.Path.StartsWith(Folder, StringComparison.Ordinal) ? DiskFailure.NoSpace : null;
        await AddAsync(store);
        (await store.ListAsync(new(), Cancel)).Count.ShouldBe(2);
        listener.Words().ShouldContain(words => words.StartsWith("no backup was made", StringComparison.Ordinal));
        await Should.ThrowAsync<StoreException>(async () => await store.Backups.CreateAsync(Cancel));
    }

    [Fact]
    public async Task What_a_killed_process_left_in_the_folder_is_removed()
    {
        var store = world.OpenFile();
        await AddAsync(store);
        for (var call = 1; ; call++)
        {
            var victim = world.OpenFile();
            world.SessionOf(victim).DiesAtCall = call;
            try
            {
                await victim.Backups.CreateAsync(Cancel);
                break;
            }
            catch (ProcessDiedException)
            {
                await store.Backups.PruneAsync(Cancel);
                var left = world.Disk.Start().List(Folder);
                left.ShouldNotContain(name => name.EndsWith(".tmp", StringComparison.Ordinal), $"call {call}");
                left.Count(name => name.EndsWith(".about", StringComparison.Ordinal)).ShouldBe(left.Count(name => name.EndsWith(".json", StringComparison.Ordinal)));
                (await store.Backups.ListAsync(Cancel)).ShouldAllBe(each => each.Damage == null);
            }
        }
    }

    [Fact]
    public async Task A_copy_shares_no_bytes_with_the_original()
    {
        await using var real = new FileStoreWorld();
        var store = real.OpenFile(new() { Path = real.Path });
        await AddAsync(store);
        var made = await store.Backups.CreateAsync(Cancel);
        var kept = await System.IO.File.ReadAllTextAsync(Path.Combine(store.Backups.Folder, made.Name), Cancel);
        await using (var editor = new FileStream(real.Path, FileMode.Open, FileAccess.Write)) editor.Write(Encoding.UTF8.GetBytes("{ \"broken"));
        (await System.IO.File.ReadAllTextAsync(Path.Combine(store.Backups.Folder, made.Name), Cancel)).ShouldBe(kept);
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    private async Task AddAsync(FileEmailStore store) => await store.AddAsync([Given.Email(world.Time, TimeSpan.FromDays(1))], Cancel);

    private List<string> Names() => [.. world.Disk.Start().List(Folder).Where(name => name.EndsWith(".json", StringComparison.Ordinal))];
}
