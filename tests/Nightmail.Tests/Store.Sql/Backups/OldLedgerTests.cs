using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Backups;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql.Backups;

/// <summary>Restores beside a ledger that is lost, or an older copy of itself, perhaps grown since: nothing tells any more what has left.</summary>
public sealed class OldLedgerTests : IAsyncDisposable
{
    private readonly BackupWorld world = new();
    private readonly string aside = Directory.CreateTempSubdirectory("nightmail-aside-").FullName;

    private static CancellationToken Cancel => CancellationToken.None;

    private string Older => Path.Combine(aside, "older");

    public async ValueTask DisposeAsync()
    {
        await world.DisposeAsync();
        Directory.Delete(aside, recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_older_copy_of_the_ledger_that_has_grown_since_is_not_taken_for_it(bool sentBefore)
    {
        await world.WhileClosedAsync(folder => FolderCopy.Make(folder, Older));
        if (sentBefore) await SendOneAsync();
        var victim = await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        (await world.SendAsync()).ShouldBe(victim.Id);
        await PutBackAsync(backup);
        for (var count = 0; count < 4; count++) await SendOneAsync();

        var report = await world.RestoreAsync(backup);

        report.LedgerBroken.ShouldNotBeNull();
        report.Held.ShouldBe(1);
        (await world.Store.FindAsync(victim.Id, Cancel)).ShouldNotBeNull().ShouldSatisfyAllConditions(row => row.Status.ShouldBe(EmailStatus.Paused), row => row.LastError.ShouldBe(Settlement.LostLedger));
        await NothingLeavesAsync();
        await world.KillAndOpenAsync();
        await NothingLeavesAsync();
        (await world.AddsUpAsync(sentBefore ? 6 : 5)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_ledger_that_was_found_to_have_lost_lines_is_trusted_by_no_older_backup()
    {
        var victim = await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.WhileClosedAsync(folder => FolderCopy.Make(folder, Older));
        (await world.SendAsync()).ShouldBe(victim.Id);
        // The rows are ahead of it, and that is noticed.
        await world.WhileClosedAsync(folder => FolderCopy.PutOne(Older, "ledger.db", folder));
        for (var count = 0; count < 2; count++) await SendOneAsync();
        await world.WhileClosedAsync(FolderCopy.Lose("nightmail.db"));

        var report = await world.RestoreAsync(backup);

        report.LedgerBroken.ShouldNotBeNull();
        (await world.StatusAsync(victim)).ShouldBe(EmailStatus.Paused);
        await NothingLeavesAsync();
    }

    [Fact]
    public async Task A_restore_that_finds_the_ledger_older_lets_no_backup_trust_it_afterwards()
    {
        var first = await world.AddAsync();
        var trusted = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.WhileClosedAsync(folder => FolderCopy.Make(folder, Older));
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        (await world.SendAsync()).ShouldBe(first.Id);
        await PutBackAsync(backup, trusted);
        await world.WhileClosedAsync(FolderCopy.Lose("nightmail.db"));
        (await world.RestoreAsync(backup)).LedgerBroken.ShouldNotBeNull();
        await world.WhileClosedAsync(FolderCopy.Lose("nightmail.db"));

        (await world.RestoreAsync(trusted)).LedgerBroken.ShouldNotBeNull();

        (await world.StatusAsync(first)).ShouldBe(EmailStatus.Paused);
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("older")]
    [InlineData("another")]
    public async Task A_ledger_that_does_not_fit_holds_what_waits_once_and_nothing_that_comes_later(string ledger)
    {
        await world.WhileClosedAsync(folder => FolderCopy.Make(folder, Older));
        for (var count = 0; count < 3; count++) await SendOneAsync();
        var waiting = await world.AddAsync();
        await world.WhileClosedAsync(folder =>
        {
            if (ledger == "lost") FolderCopy.Lose("ledger.db")(folder);
            else FolderCopy.PutOne(Older, "ledger.db", folder);
            // A process that died after it had named the ledger anew, and before the rows knew of it.
            if (ledger == "another") FolderCopy.Run(folder, "ledger.db", "UPDATE ledger SET identity = randomblob(16)");
        });
        (await world.StatusAsync(waiting)).ShouldBe(EmailStatus.Paused);

        await LaterGoesOnAsync();

        (await world.StatusAsync(waiting)).ShouldBe(EmailStatus.Paused);
        (await world.Store.ChangeAsync(waiting.Id, new EmailChange.Resume(), Cancel)).Refusal.ShouldBeNull();
        (await world.SendAsync()).ShouldBe(waiting.Id);
    }

    [Fact]
    public async Task On_a_new_machine_what_is_scheduled_after_the_restore_is_not_held_by_a_restart()
    {
        for (var count = 0; count < 3; count++) await SendOneAsync();
        var waiting = await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.WhileClosedAsync(folder =>
        {
            foreach (var database in (string[])["nightmail.db", "ledger.db", "control.db"]) FolderCopy.Lose(database)(folder);
        });
        (await world.RestoreAsync(backup)).Held.ShouldBe(1);
        await world.Store.SetSendingPausedAsync(false, Cancel);

        await LaterGoesOnAsync();

        (await world.StatusAsync(waiting)).ShouldBe(EmailStatus.Paused);
        (await world.Store.ChangeAsync(waiting.Id, new EmailChange.Resume(), Cancel)).Refusal.ShouldBeNull();
        (await world.SendAsync()).ShouldBe(waiting.Id);
    }

    [Theory]
    [InlineData(RestoreStage.BeforeControl)]
    [InlineData(RestoreStage.BeforeEmails)]
    [InlineData(RestoreStage.BeforeEnd)]
    internal async Task A_death_in_such_a_restore_leaves_rows_and_ledger_that_fit_each_other(RestoreStage stage)
    {
        await world.WhileClosedAsync(folder => FolderCopy.Make(folder, Older));
        var victim = await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.SendAsync();
        await PutBackAsync(backup);
        var dead = Path.Combine(aside, "dead");
        world.Backups.AtStage = reached =>
        {
            if (reached == stage) FolderCopy.Make(world.Folder, dead);
        };
        await world.RestoreAsync(backup);

        await world.WhileClosedAsync(folder => FolderCopy.Put(dead, folder));

        (await world.StatusAsync(victim)).ShouldBe(EmailStatus.Paused);
        await world.Store.SetSendingPausedAsync(false, Cancel);
        await LaterGoesOnAsync();
    }

    [Fact]
    public async Task Rows_of_an_older_program_that_noted_no_line_are_trusted_as_before_and_note_it_with_the_next_email()
    {
        await SendOneAsync();
        var waiting = await world.AddAsync();
        await world.WhileClosedAsync(folder => FolderCopy.Run(folder, "nightmail.db", "UPDATE store SET seen = NULL, print = NULL, floor = position"));

        (await world.StatusAsync(waiting)).ShouldBe(EmailStatus.Pending);
        (await world.SendAsync()).ShouldBe(waiting.Id);
        var other = await world.AddAsync();
        // The same line with another look is another ledger's.
        await world.WhileClosedAsync(folder => FolderCopy.Run(folder, "ledger.db", "UPDATE entry SET at = at + 1"));
        (await world.StatusAsync(other)).ShouldBe(EmailStatus.Paused);
    }

    [Fact]
    public async Task What_failed_before_anything_was_sent_waits_again_where_its_row_is_lost_and_stays_failed_where_it_is_not()
    {
        var email = await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await using (var worker = await world.Store.EnterAsync(Cancel))
        {
            var claim = await world.ClaimAsync(worker.Id);
            (await world.Store.RecordAsync(claim, new(Lifecycle.Invalid(claim.Email, "no address", world.Time.GetUtcNow()), null), Cancel)).ShouldBeTrue();
        }

        await world.RestoreAsync(backup);
        (await world.StatusAsync(email)).ShouldBe(EmailStatus.Failed);
        await world.WhileClosedAsync(FolderCopy.Lose("nightmail.db"));
        (await world.RestoreAsync(backup)).Returned.ShouldBe(1);

        (await world.StatusAsync(email)).ShouldBe(EmailStatus.Pending);
        await world.Store.SetSendingPausedAsync(false, Cancel);
        (await world.SendAsync()).ShouldBe(email.Id);
    }

    private async Task<ScheduledEmail> SendOneAsync()
    {
        world.Time.Advance(TimeSpan.FromSeconds(1));
        var email = await world.AddAsync();
        (await world.SendAsync()).ShouldBe(email.Id);
        return email;
    }

    /// <summary>The disk dies; the copy of the folder comes back, and the backups that lay elsewhere.</summary>
    private async Task PutBackAsync(params Backup[] backups)
    {
        await world.WhileClosedAsync(folder =>
        {
            var kept = Path.Combine(aside, "backups");
            FolderCopy.Make(Path.Combine(folder, "backups"), kept);
            FolderCopy.Put(Older, folder);
            Directory.CreateDirectory(Path.Combine(folder, "backups"));
            foreach (var name in backups.SelectMany(backup => (string[])[backup.FileName, backup.FileName + ".sha256"])) System.IO.File.Copy(Path.Combine(kept, name), Path.Combine(folder, "backups", name), overwrite: true);
        });
    }

    private async Task NothingLeavesAsync()
    {
        await world.Store.SetSendingPausedAsync(false, Cancel);
        await using var worker = await world.Store.EnterAsync(Cancel);
        (await world.Store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();
    }

    /// <summary>What is scheduled from here on is sent, however often the program starts.</summary>
    private async Task LaterGoesOnAsync()
    {
        var fresh = await world.AddAsync();
        for (var start = 0; start < 2; start++)
        {
            await world.KillAndOpenAsync();
            (await world.StatusAsync(fresh)).ShouldBe(EmailStatus.Pending);
        }

        (await world.SendAsync()).ShouldBe(fresh.Id);
        await SendOneAsync();
        await world.KillAndOpenAsync();
        await SendOneAsync();
    }
}
