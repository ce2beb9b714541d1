using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>A disk that is full or failing: the change fails with an error that says so, nothing is lost, and the store goes on.</summary>
public sealed class DiskTroubleTests
{
    public static TheoryData<string> Kinds => [.. ChangeScene.Names];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_call_that_fails_anywhere_leaves_the_old_state_or_the_new_and_a_store_that_works(string kind)
    {
        var failures = 0;
        for (var number = 1; ; number++)
        {
            var scene = await ChangeScene.CreateAsync(number);
            var before = await ChangeScene.SeenByAsync(scene.Store);
            var first = scene.World.SessionOf(scene.Store).Calls;
            var hit = false;
            scene.World.Disk.Trouble = call => (hit |= call.Number == first + number) && call.Number == first + number ? CodeFor(call.Kind) : null;
            var error = await TryAsync(scene, kind);
            scene.World.Disk.Trouble = null;
            if (!hit) break;
            var seen = await ChangeScene.SeenByAsync(scene.Store);
            seen.ShouldBe(await ChangeScene.SeenByAsync(scene.World.OpenFile()), $"memory and disk differ after call {number}");
            if (error is null) continue;
            failures++;
            error.Message.ShouldContain("simulated error");
            error.Message.ShouldNotContain("\n");
            if (error.Trouble == StoreTrouble.NotYetSafe) seen.ShouldNotBe(before);
            await ChangeScene.Kinds["add"](scene);
            await scene.SeenAfterwardsAsync();
        }

        failures.ShouldBeGreaterThan(3);
    }

    [Theory]
    [InlineData(1, true)]   // a sandbox that knows no such call
    [InlineData(22, true)]
    [InlineData(38, true)]
    [InlineData(95, true)]
    [InlineData(5, false)]
    [InlineData(13, false)]
    [InlineData(28, false)]
    [InlineData(30, false)]
    public void Where_two_files_cannot_change_names_a_plain_rename_is_tried(int code, bool isTried) => DiskFailure.MeansNoExchange(code).ShouldBe(isTried);

    [Fact]
    public async Task A_change_that_could_not_be_synced_stands_and_says_so()
    {
        var scene = await ChangeScene.CreateAsync(1);
        scene.World.Disk.Trouble = call => call.Kind == DiskCallKind.SyncFolder ? DiskFailure.InputOutput : null;
        var email = Given.Email(scene.World.Time);
        var error = await Should.ThrowAsync<StoreException>(async () => await scene.Store.AddAsync([email], default));
        error.Trouble.ShouldBe(StoreTrouble.NotYetSafe);
        scene.World.Disk.Trouble = null;
        (await scene.Store.FindAsync(email.Id, default)).ShouldNotBeNull();
        await scene.Store.SetSendingPausedAsync(true, default);
        scene.World.Disk.PowerLoss();
        (await scene.World.OpenFile().FindAsync(email.Id, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_full_disk_changes_nothing_and_is_named()
    {
        var scene = await ChangeScene.CreateAsync(1);
        var before = scene.World.Disk.Contents(FakeStoreWorld.Path);
        scene.World.Disk.Trouble = call => call.Kind == DiskCallKind.Write ? DiskFailure.NoSpace : null;
        var error = await Should.ThrowAsync<StoreException>(async () => await scene.Store.AddAsync([Given.Email(scene.World.Time)], default));
        (error.Trouble, error.Message.Contains("free some space", StringComparison.Ordinal)).ShouldBe((StoreTrouble.Unwritable, true));
        scene.World.Disk.Contents(FakeStoreWorld.Path).ShouldBe(before);
    }

    [Fact]
    public async Task A_begin_that_could_not_be_written_leaves_no_doubt_once_its_worker_says_so()
    {
        var scene = await ChangeScene.CreateAsync(1);
        scene.World.Disk.Trouble = call => call.Kind == DiskCallKind.Sync ? DiskFailure.InputOutput : null;
        await Should.ThrowAsync<StoreException>(async () => await ChangeScene.Kinds["begin"](scene));
        scene.World.Disk.Trouble = null;
        var untried = DeliveryOutcome.Of(Verdict.Untried, ["grace@example.net"], null, begun: false);
        var back = new AttemptResult(Lifecycle.GivenBack(scene.Claimed.Email, scene.World.Time.GetUtcNow()), Given.Outcome(scene.Claimed, untried, null, scene.World.Time));
        (await scene.Store.RecordAsync(scene.Claimed, back, default)).ShouldBeTrue();
        var again = (await scene.Store.ClaimDueAsync(scene.Worker.Id, Given.Capacity(), default)).Single();
        (await scene.Store.BeginAsync(again, Given.Begin(again, scene.World.Time), default)).ShouldBeNull();
    }

    [Fact]
    public async Task One_request_that_cannot_be_carried_out_does_not_spoil_those_beside_it()
    {
        var scene = await ChangeScene.CreateAsync(1);
        var good = Given.Email(scene.World.Time);
        var bad = Given.Email(scene.World.Time) with { Content = new() { To = ["a@example.net"], Attachments = [new("x", new(new string('0', 64), 1))] } };
        var adding = new[] { bad, good }.Select(async email => await scene.Store.AddAsync([email], default)).ToList();
        await Should.ThrowAsync<StoreException>(async () => await adding[0]);
        (await adding[1]).Single().ShouldBeOfType<AddResult.Added>();
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("reschedule")]
    [InlineData("retry")]
    [InlineData("mark sent")]
    [InlineData("add with a key")]
    public async Task A_person_is_told_what_became_of_the_change_wherever_the_disk_fills_up(string kind)
    {
        var (told, refused) = (0, 0);
        foreach (var code in new[] { DiskFailure.NoSpace, DiskFailure.InputOutput })
        {
            for (var number = 1; ; number++)
            {
                var scene = await ChangeScene.CreateAsync(number);
                var before = await ChangeScene.SeenByAsync(scene.Store);
                var first = scene.World.SessionOf(scene.Store).Calls;
                scene.World.Disk.Trouble = call => call.Number >= first + number && Fails(call.Kind, code) ? code : null;
                var error = await TryAsync(scene, kind);
                scene.World.Disk.Trouble = null;
                if (error is null) break;

                // What is read then, by this process, by another, and after a power cut where the answer promised as much, is what was answered.
                var seen = await ChangeScene.SeenByAsync(scene.World.OpenFile());
                if (error.Trouble == StoreTrouble.NotYetSafe)
                {
                    told++;
                    seen.ShouldNotBe(before, $"call {number}: {error.Message}");
                    if (!kind.StartsWith("add", StringComparison.Ordinal)) error.Message.ShouldContain("email_");
                }
                else
                {
                    refused++;
                    seen.ShouldBe(before, $"call {number}: {error.Message}");
                }

                (await ChangeScene.SeenByAsync(scene.Store)).ShouldBe(seen);
            }
        }

        told.ShouldBeGreaterThan(0);
        refused.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task An_edit_whose_content_could_not_be_written_holds_the_email_and_says_so()
    {
        var scene = await ChangeScene.CreateAsync(1);
        var edit = new EmailChange.Edit(scene.Waiting.Content with { Subject = "better" });
        scene.World.Disk.Trouble = call => call is { Kind: DiskCallKind.Rename, Path: FakeStoreWorld.Path } ? DiskFailure.ReadOnly : null;
        var error = await Should.ThrowAsync<StoreException>(async () => await scene.Store.ChangeAsync(scene.Waiting.Id, edit, default));
        scene.World.Disk.Trouble = null;
        error.Trouble.ShouldBe(StoreTrouble.NotYetSafe);
        error.Message.ShouldContain($"{scene.Waiting.Id} is held, because its new content could not be written");
        var held = (await scene.World.OpenFile().FindAsync(scene.Waiting.Id, default))!;
        (held.Status, held.LastError).ShouldBe((EmailStatus.Paused, Settlement.OldCopy));
        (await scene.Store.ChangeAsync(scene.Waiting.Id, edit, default)).Email!.Content.Subject.ShouldBe("better");
        (await scene.Store.ChangeAsync(scene.Waiting.Id, new EmailChange.Resume(), default)).Email!.Status.ShouldBe(EmailStatus.Pending);
    }

    private static bool Fails(DiskCallKind kind, int code) => code == DiskFailure.NoSpace
        ? kind is DiskCallKind.Write or DiskCallKind.CreateNew
        : kind is DiskCallKind.Write or DiskCallKind.CreateNew or DiskCallKind.Sync or DiskCallKind.SyncFolder or DiskCallKind.Rename;

    private static int CodeFor(DiskCallKind kind) => kind is DiskCallKind.Write or DiskCallKind.CreateNew ? DiskFailure.NoSpace : DiskFailure.InputOutput;

    private static async Task<StoreException?> TryAsync(ChangeScene scene, string kind)
    {
        try
        {
            await ChangeScene.Kinds[kind](scene);
            return null;
        }
        catch (StoreException failed)
        {
            return failed;
        }
    }
}
