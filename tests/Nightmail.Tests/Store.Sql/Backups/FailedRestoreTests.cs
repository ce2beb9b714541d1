using System.Diagnostics;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Backups;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql.Backups;

using File = System.IO.File;

/// <summary>A restore that fails at its decision or after it leaves nothing that a later start would carry out over newer work.</summary>
public sealed class FailedRestoreTests : IAsyncDisposable
{
    private readonly BackupWorld world = new();

    private static CancellationToken Cancel => CancellationToken.None;

    private string Decided => Path.Combine(world.Folder, "restore");

    private string Done => Path.Combine(world.Folder, "restore.done");

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task A_decision_that_fails_leaves_sending_as_it_was()
    {
        var email = await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        // A file in its place: the folder cannot get its name.
        await File.WriteAllTextAsync(Decided, "", Cancel);

        await Should.ThrowAsync<StoreException>(() => world.RestoreAsync(backup));

        (await world.Store.OverviewAsync(Cancel)).SendingPaused.ShouldBeFalse();
        (await world.SendAsync()).ShouldBe(email.Id);
        await world.KillAndOpenAsync();
        (await world.StatusAsync(email)).ShouldBe(EmailStatus.Sent);
    }

    [Theory]
    [InlineData((int)RestoreStage.BeforeControl)]
    [InlineData((int)RestoreStage.BeforeEmails)]
    public async Task A_restore_that_failed_after_its_decision_is_not_carried_out_over_what_came_since(int stage)
    {
        await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        FailAt((RestoreStage)stage);

        await Should.ThrowAsync<StoreException>(() => world.RestoreAsync(backup));

        Directory.Exists(Decided).ShouldBeFalse();
        var since = await world.AddAsync(text: "since");
        await world.KillAndOpenAsync();
        (await world.StatusAsync(since)).ShouldBe(EmailStatus.Pending);
        (await world.Store.OverviewAsync(Cancel)).SendingPaused.ShouldBeFalse();
    }

    [Theory]
    [InlineData((int)RestoreStage.BeforeControl)]
    [InlineData((int)RestoreStage.BeforeEmails)]
    [InlineData((int)RestoreStage.BeforeEnd)]
    public async Task Where_the_decision_cannot_be_taken_away_nothing_more_is_done_until_the_start_that_completes_it(int stage)
    {
        var email = await world.AddAsync(text: "kept");
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        world.Backups.AtStage = reached =>
        {
            if (reached != (RestoreStage)stage) return;
            File.WriteAllText(Done, "in its way");
            if (reached != RestoreStage.BeforeEnd) throw new StoreException(StoreTrouble.Unwritable, "the disk is full");
        };

        (await Should.ThrowAsync<StoreException>(() => world.RestoreAsync(backup))).Message.ShouldContain("until the server is started anew");

        (await Should.ThrowAsync<StoreException>(() => world.AddAsync(text: "refused"))).Message.ShouldContain("until the server is started anew");
        await Should.ThrowAsync<StoreException>(async () => await world.Plane.Suppressions.AddAsync([new("a@x.example", "no", world.Time.GetUtcNow())], Cancel));
        await world.WhileClosedAsync(_ => File.Delete(Done));
        Directory.Exists(Decided).ShouldBeFalse();
        (await world.StatusAsync(email)).ShouldBe(EmailStatus.Pending);
        (await world.Store.OverviewAsync(Cancel)).SendingPaused.ShouldBeTrue();
        await world.AddAsync(text: "goes again");
        (await world.AddsUpAsync(2)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_decision_older_than_the_emails_is_refused_and_overwrites_nothing()
    {
        await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        var kept = world.Folder + "-kept";
        world.Backups.AtStage = reached =>
        {
            if (reached != RestoreStage.BeforeControl) return;
            using var copy = Process.Start("cp", ["-a", Decided, kept]);
            copy.WaitForExit();
            throw new StoreException(StoreTrouble.Unwritable, "the disk is full");
        };
        await Should.ThrowAsync<StoreException>(() => world.RestoreAsync(backup));
        var since = await world.AddAsync(text: "since");

        var refused = await Should.ThrowAsync<StoreException>(() => world.WhileClosedAsync(_ => Directory.Move(kept, Decided)));
        refused.Message.ShouldContain("have changed since; nothing was changed");

        Directory.Delete(Decided, recursive: true);
        world.Open();
        (await world.StatusAsync(since)).ShouldBe(EmailStatus.Pending);
        (await world.Store.OverviewAsync(Cancel)).SendingPaused.ShouldBeFalse();
    }

    private void FailAt(RestoreStage stage) =>
        world.Backups.AtStage = reached => _ = reached == stage ? throw new StoreException(StoreTrouble.Unwritable, "the disk is full") : 0;
}
