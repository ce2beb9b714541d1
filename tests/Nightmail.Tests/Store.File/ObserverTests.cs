using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>What the store tells those who write logs.</summary>
public sealed class ObserverTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Changes_are_told_with_id_old_and_new_state_and_never_a_recipient_or_a_body()
    {
        await using var world = new FakeStoreWorld();
        var listener = new Listener(wantsOperations: true);
        var store = world.OpenFile(options => options with { Observer = listener });
        var email = (await store.AddAsync([Given.Email(world.Time)], Cancel)).OfType<AddResult.Added>().Single().Email;
        await store.ChangeAsync(email.Id, new EmailChange.Cancel(), Cancel);
        listener.Heard.OfType<StoreEvent.Changed>().ShouldBe([new(email.Id, null, EmailStatus.Pending), new(email.Id, EmailStatus.Pending, EmailStatus.Cancelled)]);
        listener.Heard.OfType<StoreEvent.LockTaken>().Count().ShouldBe(2);
        listener.Heard.OfType<StoreEvent.LockReleased>().Count().ShouldBe(2);
        listener.Heard.OfType<StoreEvent.FileOperation>().ShouldContain(each => each.Operation == "replace" && each.Path == FakeStoreWorld.Path);
        var everything = string.Join('\n', listener.Heard);
        everything.ShouldNotContain("grace");
        everything.ShouldNotContain("Hello");
    }

    [Fact]
    public async Task Who_wants_no_operations_hears_of_none()
    {
        await using var world = new FakeStoreWorld();
        var listener = new Listener();
        await world.OpenFile(options => options with { Observer = listener }).AddAsync([Given.Email(world.Time)], Cancel);
        listener.Heard.ShouldAllBe(each => each is StoreEvent.Changed);
    }

    [Fact]
    public async Task A_failed_call_is_told_with_path_operation_and_the_systems_number()
    {
        await using var world = new FakeStoreWorld();
        var listener = new Listener();
        var store = world.OpenFile(options => options with { Observer = listener });
        world.Disk.Trouble = call => call.Kind == DiskCallKind.Sync ? DiskFailure.InputOutput : null;
        await Should.ThrowAsync<StoreException>(async () => await store.AddAsync([Given.Email(world.Time)], Cancel));
        var failed = listener.Heard.OfType<StoreEvent.Failed>().ShouldHaveSingleItem().Call.ShouldNotBeNull();
        (failed.Operation, failed.Code).ShouldBe(("sync", DiskFailure.InputOutput));
        failed.Path.ShouldEndWith(".tmp");
    }

    [Fact]
    public async Task A_lock_that_a_dead_process_left_is_taken_over_and_told()
    {
        var scene = await ChangeScene.CreateAsync(1);
        var session = scene.World.SessionOf(scene.Store);
        session.DiesAtCall = session.Calls + 8;
        await Should.ThrowAsync<ProcessDiedException>(async () => await ChangeScene.Kinds["add"](scene));
        var listener = new Listener();
        await scene.World.OpenFile(options => options with { Observer = listener }).AddAsync([Given.Email(scene.World.Time)], Cancel);
        listener.Words().ShouldContain(words => words.Contains($"was left by process {session.ProcessId} on engine since", StringComparison.Ordinal) && words.EndsWith("taken over", StringComparison.Ordinal));
    }

    [Fact]
    public async Task In_memory_everything_works_and_no_file_is_made()
    {
        var path = Path.Combine(Path.GetTempPath(), $"nightmail-nowhere-{Guid.NewGuid():N}", "queue.json");
        var time = new Testing.ManualTime();
        await using var store = FileEmailStore.Open(new() { Path = path }, new MemoryDisk(time), time);
        await using var worker = await store.EnterAsync(Cancel);
        var blob = await store.Blobs.AddAsync(new MemoryStream([1, 2, 3]), Cancel);
        var email = (await store.AddAsync([Given.Email(time) with { Content = new() { To = ["a@example.net"], Attachments = [new("x", blob)] } }], Cancel)).OfType<AddResult.Added>().Single().Email;
        var told = 0;
        using var subscription = store.OnChanged(() => told++);
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).Single();
        (await store.BeginAsync(claim, Given.Begin(claim, time), Cancel)).ShouldBeNull();
        (await store.RecordAsync(claim, Given.Result(claim, Core.Delivery.Verdict.Delivered, time), Cancel)).ShouldBeTrue();
        (await store.FindAsync(email.Id, Cancel))!.Status.ShouldBe(EmailStatus.Sent);
        (await store.Backups.CreateAsync(Cancel)).Damage.ShouldBeNull();
        await store.CleanUpAsync(TimeSpan.FromDays(7), Cancel);
        told.ShouldBeGreaterThan(0);
        (await store.WorkersAsync(Cancel)).Count.ShouldBe(1);
        Directory.Exists(Path.GetDirectoryName(path)).ShouldBeFalse();
    }
}

/// <summary>The store in memory keeps what every store promises, for as long as its process lives.</summary>
public sealed class MemoryEmailStoreTests : Storage.EmailStoreConformance
{
    protected override StoreWorld CreateWorld() => new MemoryStoreWorld();
}
