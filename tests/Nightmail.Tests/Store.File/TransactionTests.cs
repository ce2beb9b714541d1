using System.Diagnostics;
using Nightmail.Core.Delivery;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>How changes share the lock and the disk.</summary>
public sealed class TransactionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Changes_that_arrive_together_share_one_write()
    {
        var world = new FakeStoreWorld();
        var store = world.OpenFile();
        var renames = 0;
        world.Disk.Trouble = call =>
        {
            if (call is { Kind: DiskCallKind.Rename, Path: FakeStoreWorld.Path }) renames++;
            return null;
        };
        var adding = Enumerable.Range(0, 50).Select(async _ => await store.AddAsync([Given.Email(world.Time)], Cancel)).ToList();
        await Task.WhenAll(adding);
        (await store.ListAsync(new(), Cancel)).Count.ShouldBe(50);
        renames.ShouldBeLessThan(10);
    }

    [Fact]
    public async Task A_begin_does_not_write_the_queue()
    {
        var scene = await ChangeScene.CreateAsync(1);
        var before = scene.World.Disk.Contents(FakeStoreWorld.Path);
        await ChangeScene.Kinds["begin"](scene);
        scene.World.Disk.Contents(FakeStoreWorld.Path).ShouldBe(before);
    }

    [Fact]
    public async Task Where_nothing_is_to_be_done_no_lock_is_taken_and_nothing_is_written()
    {
        var scene = await ChangeScene.CreateAsync(1);
        await scene.Store.RecordAsync(scene.Claimed, new(Lifecycle.Invalid(scene.Claimed.Email, "x", scene.World.Time.GetUtcNow()), null), Cancel);
        List<DiskCallKind> calls = [];
        scene.World.Disk.Trouble = call =>
        {
            calls.Add(call.Kind);
            return null;
        };
        (await scene.Store.ClaimDueAsync(scene.Worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
        (await scene.Store.RescueAsync(DoubtPolicy.Hold, Cancel)).ShouldBeEmpty();
        await scene.Store.NextDueAsync(Given.Capacity(), Cancel);
        calls.ShouldNotContain(DiskCallKind.Lock);
        calls.ShouldNotContain(DiskCallKind.Write);
    }

    [Fact]
    public async Task The_revision_rises_with_every_write_and_a_refused_change_writes_nothing()
    {
        var world = new FakeStoreWorld();
        var store = world.OpenFile();
        var email = (await store.AddAsync([Given.Email(world.Time)], Cancel)).OfType<AddResult.Added>().Single().Email;
        await store.ChangeAsync(email.Id, new EmailChange.Cancel(), Cancel);
        var before = world.Disk.Contents(FakeStoreWorld.Path)!;
        System.Text.Encoding.UTF8.GetString(before).ShouldContain("\"revision\": 2,");
        (await store.ChangeAsync(email.Id, new EmailChange.Cancel(), Cancel)).Done.ShouldBeFalse();
        await store.SetSendingPausedAsync(false, Cancel);
        world.Disk.Contents(FakeStoreWorld.Path).ShouldBe(before);
    }

    [Fact]
    public async Task Waiting_for_the_lock_ends_with_an_error_that_names_the_holder()
    {
        await using var world = new FileStoreWorld();
        var store = world.OpenFile(new() { Path = world.Path });
        await store.AddAsync([Given.Email(world.Time)], Cancel);
        using var held = RealDisk.Instance.TryLock(Path.ChangeExtension(world.Path, ".lock")).ShouldNotBeNull();
        held.WriteNote("{\"pid\":4711,\"host\":\"elsewhere\",\"since\":\"2026-12-01T07:59:00Z\"}"u8);
        var adding = Task.Run(async () => await store.AddAsync([Given.Email(world.Time)], Cancel), Cancel);
        await UntilAsync(() => world.Time.NextTimer is not null);
        world.Time.Advance(TimeSpan.FromSeconds(5));
        var error = await Should.ThrowAsync<StoreException>(adding);
        (error.Trouble, error.Message.Contains("process 4711 on elsewhere since 2026-12-01T07:59:00Z", StringComparison.Ordinal)).ShouldBe((StoreTrouble.Busy, true));
        held.Dispose();
        (await store.AddAsync([Given.Email(world.Time)], Cancel)).Single().ShouldBeOfType<AddResult.Added>();
        (await store.ListAsync(new(), Cancel)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_change_that_is_given_up_while_it_waits_is_not_made()
    {
        await using var world = new FileStoreWorld();
        var store = world.OpenFile(new() { Path = world.Path });
        using var held = RealDisk.Instance.TryLock(Path.ChangeExtension(world.Path, ".lock")).ShouldNotBeNull();
        using var giveUp = new CancellationTokenSource();
        var adding = store.AddAsync([Given.Email(world.Time)], giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(adding);
        held.Dispose();
        (await store.AddAsync([Given.Email(world.Time)], Cancel)).Count.ShouldBe(1);
        (await store.ListAsync(new(), Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Many_stores_that_change_one_file_at_once_lose_nothing()
    {
        await using var world = new FileStoreWorld();
        var options = new QueueFileOptions { Path = world.Path, LockTimeout = TimeSpan.FromMinutes(5) };
        var stores = Enumerable.Range(0, 8).Select(_ => FileEmailStore.Open(options, RealDisk.Instance, TimeProvider.System)).ToList();
        await Parallel.ForEachAsync(stores, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancel }, async (store, cancel) =>
        {
            for (var count = 0; count < 25; count++) await store.AddAsync([Given.Email(world.Time)], cancel);
        });
        (await stores[0].ListAsync(new(), Cancel)).Count.ShouldBe(200);
        (await stores[0].OverviewAsync(Cancel)).TotalScheduled.ShouldBe(200);
        foreach (var store in stores) await store.DisposeAsync();
        Directory.GetFiles(Path.GetDirectoryName(world.Path)!, ".*").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_link_and_its_target_are_one_queue()
    {
        await using var world = new FileStoreWorld();
        var link = Path.Combine(Path.GetDirectoryName(world.Path)!, "link.json");
        System.IO.File.CreateSymbolicLink(link, world.Path);
        await world.OpenFile(new() { Path = link }).AddAsync([Given.Email(world.Time)], Cancel);
        (await world.Open().ListAsync(new(), Cancel)).Count.ShouldBe(1);
        new FileInfo(link).LinkTarget.ShouldBe(world.Path);
        Directory.GetFiles(Path.GetDirectoryName(world.Path)!, "link.lock").ShouldBeEmpty();
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task Only_the_lock_can_be_read_by_others()
    {
        await using var world = new FileStoreWorld();
        var store = world.OpenFile(new() { Path = world.Path });
        var email = (await store.AddAsync([Given.Email(world.Time) with { IdempotencyKey = new("k", "h") }], Cancel)).OfType<AddResult.Added>().Single().Email;
        await store.ChangeAsync(email.Id, new EmailChange.Cancel(), Cancel);
        await store.Blobs.AddAsync(new MemoryStream([1]), Cancel);
        await using var worker = await store.EnterAsync(Cancel);
        var folder = Path.GetDirectoryName(world.Path)!;
        foreach (var path in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories))
        {
            var mode = System.IO.File.GetUnixFileMode(path);
            if (path.EndsWith(".lock", StringComparison.Ordinal)) mode.HasFlag(UnixFileMode.OtherWrite).ShouldBeFalse(path);
            else (mode & (UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)).ShouldBe(UnixFileMode.None, path);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(30)) throw new TimeoutException("the condition never came true");
            await Task.Yield();
        }
    }
}
