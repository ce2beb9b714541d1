using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>A ledger that has lost lines, or is gone: nothing is doubled, nothing goes round in circles, and a person is told.</summary>
public sealed class LedgerLossTests : IAsyncLifetime
{
    private const string Folder = "/home/ada/.config/himalaya/scheduled_emails.ledger";
    private const string Segment = Folder + "/00000001.log";
    private readonly FakeStoreWorld world = new();
    private FileEmailStore store = null!;
    private IWorkerPresence worker = null!;

    public async ValueTask InitializeAsync()
    {
        store = world.OpenFile();
        worker = await store.EnterAsync(default);
    }

    public ValueTask DisposeAsync() => world.SessionOf(store).IsDead ? default : worker.DisposeAsync();

    [Fact]
    public async Task A_lost_answer_leaves_the_email_in_doubt_and_not_in_circles()
    {
        var deferred = await DeferredAsync();
        LoseLastLine();
        world.Time.Advance(TimeSpan.FromHours(1));
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).ShouldBeEmpty();
        (await store.NextDueAsync(Given.Capacity(), default)).ShouldBeNull();
        await worker.DisposeAsync();
        (await store.RescueAsync(DoubtPolicy.Hold, default)).Single().Status.ShouldBe(EmailStatus.InDoubt);
        (await store.RescueAsync(DoubtPolicy.Hold, default)).ShouldBeEmpty();
        (await store.ChangeAsync(deferred.Id, new EmailChange.Cancel(), default)).Refusal.ShouldNotBeNull();
        (await store.ChangeAsync(deferred.Id, new EmailChange.Retry(), default)).Email!.Status.ShouldBe(EmailStatus.Pending);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_lost_answer_of_an_email_that_was_claimed_again_is_found_by_the_rescue()
    {
        await DeferredAsync();
        world.Time.Advance(TimeSpan.FromHours(1));
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).Single();
        LoseLastLine();
        (await store.BeginAsync(claim, Given.Begin(claim, world.Time), default)).ShouldNotBeNull();
        world.SessionOf(store).Die();
        var heir = world.OpenFile();
        (await heir.RescueAsync(DoubtPolicy.Hold, default)).Single().Status.ShouldBe(EmailStatus.InDoubt);
        (await heir.RescueAsync(DoubtPolicy.Hold, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_its_ledger_an_email_that_was_tried_is_held_and_one_that_never_was_is_sent()
    {
        var tried = await DeferredAsync();
        var fresh = (await store.AddAsync([Given.Email(world.Time)], default)).OfType<AddResult.Added>().Single().Email;
        RemoveLedger();
        world.Time.Advance(TimeSpan.FromHours(1));
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).Single();
        claim.Email.Id.ShouldBe(fresh.Id);
        (await store.BeginAsync(claim, Given.Begin(claim, world.Time), default)).ShouldBeNull();
        (await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, world.Time), default)).ShouldBeTrue();

        var held = (await store.RescueAsync(DoubtPolicy.Hold, default)).Single();
        (held.Id, held.Status, held.LastError).ShouldBe((tried.Id, EmailStatus.Paused, Settlement.LostLedger));
        (await store.RescueAsync(DoubtPolicy.Hold, default)).ShouldBeEmpty();
        (await store.ChangeAsync(tried.Id, new EmailChange.Resume(), default)).Email!.Status.ShouldBe(EmailStatus.Pending);
        var again = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).Single();
        (await store.BeginAsync(again, Given.Begin(again, world.Time), default)).ShouldBeNull();
    }

    [Fact]
    public async Task A_claim_whose_ledger_goes_before_its_begin_may_not_begin()
    {
        await DeferredAsync();
        world.Time.Advance(TimeSpan.FromHours(1));
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).Single();
        RemoveLedger();
        (await store.BeginAsync(claim, Given.Begin(claim, world.Time), default)).ShouldNotBeNull().ShouldContain("the ledger has lost");
        await store.RecordAsync(claim, new(Lifecycle.GivenBack(claim.Email, world.Time.GetUtcNow()), null), default);
        (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).ShouldBeEmpty();
        (await store.FindAsync(claim.Email.Id, default))!.Status.ShouldBe(EmailStatus.Paused);
    }

    [Fact]
    public async Task A_result_whose_ledger_line_may_not_be_kept_is_not_taken_for_recorded()
    {
        await store.AddAsync([Given.Email(world.Time)], default);
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).Single();
        await store.BeginAsync(claim, Given.Begin(claim, world.Time), default);
        world.Disk.Trouble = call => call is { Kind: DiskCallKind.Sync, Path: Segment } or { Kind: DiskCallKind.SyncFolder, Path: Folder } ? DiskFailure.InputOutput : null;
        var result = Given.Result(claim, Verdict.Delivered, world.Time);
        var failed = await Should.ThrowAsync<StoreException>(async () => await store.RecordAsync(claim, result, default));
        // Whoever hears "not yet safe" does not write it again.
        failed.Trouble.ShouldBe(StoreTrouble.Unwritable);
        world.Disk.Trouble = null;
        (await store.RecordAsync(claim, result, default)).ShouldBeTrue();
        world.Disk.PowerLoss();
        (await world.OpenFile().FindAsync(claim.Email.Id, default))!.Status.ShouldBe(EmailStatus.Sent);
    }

    [Fact]
    public async Task No_row_rests_on_a_line_that_a_power_cut_takes_away()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var scene = await ChangeScene.CreateAsync(seed);
            var random = new Random(seed);
            // The ledger cannot be synced for a while; in the same batch and after it somebody settles rows by what is there to be read.
            scene.World.Disk.Trouble = call => call.Kind == DiskCallKind.Sync && call.Path.StartsWith(Segment, StringComparison.Ordinal) && random.Next(3) > 0 ? DiskFailure.InputOutput : null;
            var recording = scene.Store.RecordAsync(scene.Begun, Given.Result(scene.Begun, Verdict.Deferred, scene.World.Time), default).AsTask();
            var other = scene.World.OpenFile();
            var rescuing = scene.Store.RescueAsync(DoubtPolicy.Retry, default).AsTask();
            await Ignoring(recording);
            await Ignoring(rescuing);
            await Ignoring(other.RescueAsync(DoubtPolicy.Retry, default).AsTask());
            scene.World.Disk.Trouble = null;
            if (seed % 2 == 0) await other.SetSendingPausedAsync(true, default);
            scene.World.Disk.PowerLoss();
            var heir = scene.World.OpenFile();
            await heir.RescueAsync(DoubtPolicy.Hold, default);
            (await heir.ListAsync(new(), default)).ShouldAllBe(row => row.LastError != Settlement.LostLedger);
            var begun = (await heir.FindAsync(scene.Begun.Email.Id, default))!;
            begun.Status.ShouldBe(recording.IsCompletedSuccessfully ? EmailStatus.Pending : begun.Status, $"seed {seed}");
        }
    }

    private static async Task Ignoring(Task task)
    {
        try
        {
            await task;
        }
        catch (StoreException)
        {
            // Whatever was answered, what matters is what is there afterwards.
        }
    }

    private async Task<ScheduledEmail> DeferredAsync()
    {
        await store.AddAsync([Given.Email(world.Time)], default);
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).Single();
        await store.BeginAsync(claim, Given.Begin(claim, world.Time), default);
        await store.RecordAsync(claim, Given.Result(claim, Verdict.Deferred, world.Time), default);
        return (await store.FindAsync(claim.Email.Id, default))!;
    }

    private void LoseLastLine()
    {
        var bytes = world.Disk.Contents(Segment)!;
        world.Disk.Put(Segment, bytes[..(bytes.AsSpan(0, bytes.Length - 1).LastIndexOf((byte)'\n') + 1)]);
    }

    private void RemoveLedger() => world.Disk.Start().Delete(Segment);
}
