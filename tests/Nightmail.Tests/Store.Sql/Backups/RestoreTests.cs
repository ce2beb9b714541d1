using Microsoft.Data.Sqlite;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Backups;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql.Backups;

using File = System.IO.File;

/// <summary>Bringing a server's backup back: nothing that left leaves again, nothing that was taken back revives, nothing is lost.</summary>
public sealed class RestoreTests : IAsyncDisposable
{
    private readonly BackupWorld world = new();

    private static CancellationToken Cancel => CancellationToken.None;

    public static TheoryData<int> Stages => [.. Enum.GetValues<RestoreStage>().Select(stage => (int)stage)];

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task What_left_since_has_left_and_what_had_not_goes_on()
    {
        var first = await world.AddAsync();
        world.Time.Advance(TimeSpan.FromSeconds(1));
        var second = await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        (await world.SendAsync()).ShouldBe(first.Id);

        var report = await world.RestoreAsync(backup);

        report.ShouldBe(new RestoreReport(0, 0, 1, 0, 0, 0, null));
        (await world.StatusAsync(first)).ShouldBe(EmailStatus.Sent);
        (await world.StatusAsync(second)).ShouldBe(EmailStatus.Pending);
        (await world.Store.OverviewAsync(Cancel)).SendingPaused.ShouldBeTrue();
        (await world.AddsUpAsync(2)).ShouldBeTrue();
        await using (var worker = await world.Store.EnterAsync(Cancel)) (await world.Store.ClaimDueAsync(worker.Id, Given.Capacity(), Cancel)).ShouldBeEmpty();

        await world.KillAndOpenAsync();
        await world.Store.RescueAsync(DoubtPolicy.Hold, Cancel);
        await world.Store.SetSendingPausedAsync(false, Cancel);
        (await world.SendAsync()).ShouldBe(second.Id);
        (await world.AddsUpAsync(2)).ShouldBeTrue();
    }

    [Fact]
    public async Task Rows_that_are_lost_come_back_and_the_ledger_says_what_left_since()
    {
        var (left, doubtful, cancelled, waiting) = (await world.AddAsync(), await world.AddAsync(), await world.AddAsync(), await world.AddAsync());
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        var since = (await world.SendAsync(), await world.SendAsync(Verdict.InDoubt));
        since.ShouldBe((left.Id, doubtful.Id));
        (await world.Store.ChangeAsync(cancelled.Id, new EmailChange.Cancel(), Cancel)).Refusal.ShouldBeNull();
        await world.WhileClosedAsync(FolderCopy.Lose("nightmail.db"));
        (await world.Store.ListAsync(new(), Cancel)).ShouldBeEmpty();

        var report = await world.RestoreAsync(backup);

        report.ShouldBe(new RestoreReport(4, 0, 0, 0, 0, 0, null) { Reconciled = 3 });
        (await world.StatusAsync(left)).ShouldBe(EmailStatus.Sent);
        (await world.StatusAsync(doubtful)).ShouldBe(EmailStatus.InDoubt);
        (await world.StatusAsync(cancelled)).ShouldBe(EmailStatus.Cancelled);
        (await world.StatusAsync(waiting)).ShouldBe(EmailStatus.Pending);
        (await world.AddsUpAsync(4)).ShouldBeTrue();
    }

    [Fact]
    public async Task What_was_scheduled_since_stays_with_what_it_says()
    {
        await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        var newer = new List<ScheduledEmail>();
        for (var count = 0; count < 30; count++) newer.Add(await world.AddAsync($"r{count % 3}@x{count}.example", $"text {count}"));

        (await world.RestoreAsync(backup)).Newer.ShouldBe(30);

        foreach (var email in newer) (await world.Store.FindAsync(email.Id, Cancel))!.Content.Text.ShouldBe(email.Content.Text);
        (await world.AddsUpAsync(31)).ShouldBeTrue();
    }

    [Fact]
    public async Task An_edit_a_pause_and_another_time_since_stay_so()
    {
        var (edited, paused, moved) = (await world.AddAsync(), await world.AddAsync(), await world.AddAsync());
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        var later = world.Time.GetUtcNow().AddDays(3);
        await world.Store.ChangeAsync(edited.Id, new EmailChange.Edit(edited.Content with { Text = "new" }), Cancel);
        await world.Store.ChangeAsync(paused.Id, new EmailChange.Pause(), Cancel);
        await world.Store.ChangeAsync(moved.Id, new EmailChange.Reschedule(later, null), Cancel);

        (await world.RestoreAsync(backup)).Stayed.ShouldBe(3);

        (await world.Store.FindAsync(edited.Id, Cancel))!.Content.Text.ShouldBe("new");
        (await world.StatusAsync(paused)).ShouldBe(EmailStatus.Paused);
        (await world.Store.FindAsync(moved.Id, Cancel))!.ScheduledFor.ShouldBe(later);
    }

    [Fact]
    public async Task What_was_changed_behind_the_ledger_is_as_it_was()
    {
        var email = await world.AddAsync(text: "right");
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.WhileClosedAsync(folder => FolderCopy.Run(folder, "nightmail.db", "UPDATE content SET text = 'spoilt'"));
        (await world.Store.FindAsync(email.Id, Cancel))!.Content.Text.ShouldBe("spoilt");

        (await world.RestoreAsync(backup)).Reverted.ShouldBe(1);

        (await world.Store.FindAsync(email.Id, Cancel))!.Content.Text.ShouldBe("right");
    }

    [Fact]
    public async Task What_was_pruned_since_comes_back_as_it_ended_and_counts_once()
    {
        var sent = await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.SendAsync();
        world.Time.Advance(TimeSpan.FromDays(40));
        (await world.Store.CleanUpAsync(TimeSpan.FromDays(30), Cancel)).ShouldBe(1);
        (await world.AddsUpAsync(1)).ShouldBeTrue();

        (await world.RestoreAsync(backup)).ShouldBe(new RestoreReport(1, 0, 0, 0, 0, 0, null) { Reconciled = 1 });

        (await world.StatusAsync(sent)).ShouldBe(EmailStatus.Sent);
        (await world.AddsUpAsync(1)).ShouldBeTrue();
    }

    [Fact]
    public async Task An_attempt_that_was_on_its_way_when_the_backup_was_made_is_what_the_ledger_says()
    {
        var email = await world.AddAsync();
        await using var worker = await world.Store.EnterAsync(Cancel);
        var claim = await world.ClaimAsync(worker.Id);
        await world.BeginAsync(claim);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.WhileClosedAsync(FolderCopy.Lose("nightmail.db"));

        (await world.RestoreAsync(backup)).Returned.ShouldBe(1);

        (await world.StatusAsync(email)).ShouldBe(EmailStatus.InDoubt);
        (await world.AddsUpAsync(1)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_claim_that_is_held_during_the_restore_is_recorded_after_it()
    {
        var email = await world.AddAsync();
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await using var worker = await world.Store.EnterAsync(Cancel);
        var claim = await world.ClaimAsync(worker.Id);
        await world.BeginAsync(claim);

        await world.RestoreAsync(backup);

        (await world.RecordAsync(claim, Verdict.Delivered)).ShouldBeTrue();
        (await world.StatusAsync(email)).ShouldBe(EmailStatus.Sent);
    }

    [Fact]
    public async Task Without_its_ledger_everything_that_waited_is_held_and_what_is_there_now_is_not_touched()
    {
        var old = await world.AddAsync();
        var done = await world.AddAsync();
        (await world.SendAsync()).ShouldBe(old.Id);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.WhileClosedAsync(folder =>
        {
            FolderCopy.Lose("nightmail.db")(folder);
            FolderCopy.Lose("ledger.db")(folder);
        });
        var fresh = await world.AddAsync();

        var report = await world.RestoreAsync(backup);

        report.ShouldBe(new RestoreReport(2, 0, 0, 1, 1, 0, report.LedgerBroken));
        report.LedgerBroken!.ShouldContain("is another one");
        (await world.StatusAsync(old)).ShouldBe(EmailStatus.Sent);
        (await world.StatusAsync(done)).ShouldBe(EmailStatus.Paused);
        (await world.StatusAsync(fresh)).ShouldBe(EmailStatus.Pending);
        await world.KillAndOpenAsync();
        (await world.StatusAsync(done)).ShouldBe(EmailStatus.Paused);
        (await world.AddsUpAsync(3)).ShouldBeTrue();
    }

    [Fact]
    public async Task An_email_whose_attachment_is_gone_is_held()
    {
        var blob = await world.Store.Blobs.AddAsync(new MemoryStream([1, 2, 3]), Cancel);
        var email = Given.Email(world.Time);
        email = email with { Content = email.Content with { Attachments = [new("a.bin", blob)] } };
        await world.Store.AddAsync([email], Cancel);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.WhileClosedAsync(folder =>
        {
            FolderCopy.Lose("nightmail.db")(folder);
            File.Delete(Path.Combine(folder, "blobs", blob.Sha256));
        });

        (await world.RestoreAsync(backup)).Held.ShouldBe(1);

        (await world.Store.FindAsync(email.Id, Cancel))!.LastError!.ShouldContain("attachment");
        (await world.AddsUpAsync(1)).ShouldBeTrue();
    }

    [Fact]
    public async Task The_key_of_a_call_still_counts()
    {
        var email = Given.Email(world.Time) with { IdempotencyKey = new("key", "hash") };
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.Store.AddAsync([email], Cancel);

        await world.RestoreAsync(backup);

        (await world.Store.AddAsync([Given.Email(world.Time) with { IdempotencyKey = new("key", "hash") }], Cancel)).Single().ShouldBeOfType<AddResult.Existing>().Id.ShouldBe(email.Id);
    }

    [Fact]
    public async Task Templates_accounts_and_deleted_campaigns_come_back_and_nobody_is_written_to_who_no_longer_wants_it()
    {
        var (kept, deleted) = (Template("kept"), Template("deleted"));
        foreach (var template in (Template[])[kept, deleted]) await world.Plane.Templates.AddAsync(template, Cancel);
        await world.Plane.Accounts.AddAsync(new("work", "{}", [1], 1), Cancel);
        var draft = Campaign(CampaignStance.Draft);
        await world.Plane.Campaigns.AddAsync(draft, Cancel);
        await world.Plane.Suppressions.AddAsync([new("old@x.example", "then", world.Time.GetUtcNow())], Cancel);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.Plane.Templates.SaveAsync(kept with { Version = 2, Words = new("spoilt", null, "spoilt") }, Cancel);
        await world.Plane.Templates.RemoveAsync(deleted.Id, Cancel);
        await world.Plane.Accounts.RemoveAsync("work", Cancel);
        await world.Plane.Campaigns.RemoveAsync(draft.Id, Cancel);
        await world.Plane.Suppressions.AddAsync([new("new@x.example", "since", world.Time.GetUtcNow())], Cancel);
        await world.Plane.Keys.AddAsync(new(KeyId.New(world.Time), "new", [1], KeyScopes.Read, world.Time.GetUtcNow()), Cancel);

        await world.RestoreAsync(backup);

        (await world.Plane.Templates.ListAsync(null, 100, Cancel)).Select(template => (template.Name, template.Version, template.Words.Subject)).ShouldBe([("deleted", 1, "s"), ("kept", 3, "s")]);
        (await world.Plane.Templates.VersionsAsync(kept.Id, null, 100, Cancel)).Select(template => template.Words.Subject).ShouldBe(["s", "spoilt", "s"]);
        (await world.Plane.Accounts.FindAsync("work", Cancel))!.Secret.ShouldBe([1]);
        (await world.Plane.Campaigns.FindAsync(draft.Id, Cancel))!.Stance.ShouldBe(CampaignStance.Draft);
        (await world.Plane.Suppressions.ListAsync(null, 10, Cancel)).Select(each => each.Target).ShouldBe(["new@x.example", "old@x.example"]);
        (await world.Plane.Keys.ListAsync(Cancel)).ShouldHaveSingleItem().Name.ShouldBe("new");
    }

    [Theory]
    [InlineData(CampaignStance.Cancelled, CampaignStance.Cancelled)]
    [InlineData(CampaignStance.Paused, CampaignStance.Paused)]
    [InlineData(CampaignStance.Released, CampaignStance.Released)]
    [InlineData(null, CampaignStance.Paused)]
    public async Task A_campaign_comes_back_as_a_person_left_it_and_paused_where_nobody_knows(CampaignStance? gate, CampaignStance stance)
    {
        var campaign = Campaign(CampaignStance.Released);
        await world.Plane.Campaigns.AddAsync(campaign, Cancel);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        if (gate is { } set) await world.Store.Campaigns.SetGateAsync(campaign.Id, new(set, world.Time.GetUtcNow()), Cancel);
        await world.WhileClosedAsync(FolderCopy.Lose("control.db"));

        await world.RestoreAsync(backup);

        (await world.Plane.Campaigns.FindAsync(campaign.Id, Cancel))!.Stance.ShouldBe(stance);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task A_restore_that_fails_leaves_everything_as_it_was(int stage)
    {
        if ((RestoreStage)stage == RestoreStage.BeforeEnd) return;
        var backup = await ChangedSinceAsync();
        var before = await world.SeenAsync();
        world.Backups.AtStage = reached => _ = reached == (RestoreStage)stage ? throw new StoreException(StoreTrouble.Unwritable, "the disk is full") : 0;

        await Should.ThrowAsync<StoreException>(() => world.RestoreAsync(backup));

        (await world.SeenAsync()).ShouldBe(before);
        await world.KillAndOpenAsync();
        (await world.SeenAsync()).ShouldBe(before);
        await world.RestoreAsync(backup);
        (await world.SeenAsync()).ShouldNotBe(before);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task A_death_at_any_stage_leaves_the_old_state_or_the_new(int stage)
    {
        var backup = await ChangedSinceAsync();
        var before = await world.SeenAsync();
        var copy = world.Folder + "-as-it-lay";
        world.Backups.AtStage = reached =>
        {
            if (reached == (RestoreStage)stage) FolderCopy.Make(world.Folder, copy);
        };
        await world.RestoreAsync(backup);
        var after = await world.SeenAsync();
        after.ShouldNotBe(before);

        // What lay on the disk at that moment is what a process that died then has left.
        await world.WhileClosedAsync(folder => FolderCopy.Put(copy, folder));

        (await world.SeenAsync()).ShouldBe((RestoreStage)stage == RestoreStage.BeforeDecision ? before : after);
        Directory.EnumerateDirectories(world.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal).ShouldBe(["backups", "blobs"]);
        Directory.Delete(copy, recursive: true);
    }

    [Fact]
    public async Task Whoever_reads_while_other_rows_are_put_in_place_reads_them_whole()
    {
        var accounts = new List<string>();
        for (var number = 0; number < 20; number++)
        {
            accounts.Add($"account {number}");
            await world.Store.AddAsync([Given.Email(world.Time) with { Account = accounts[^1] }], Cancel);
        }

        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.WhileClosedAsync(FolderCopy.Lose("nightmail.db"));
        var read = new List<string?>();
        world.Backups.AtStage = reached =>
        {
            // By a reader of its own: this is the thread that writes.
            if (reached == RestoreStage.BeforeEnd) read.AddRange(Task.Run(async () => (await world.Store.ListAsync(new(), Cancel)).Select(email => email.Account)).GetAwaiter().GetResult());
        };

        await world.RestoreAsync(backup);

        read.ShouldBe(accounts, ignoreOrder: true);
    }

    [Fact]
    public async Task The_state_before_is_kept_and_can_be_brought_back_too()
    {
        var backup = await ChangedSinceAsync();

        var restored = (RestoreResult.Restored)await world.Backups.RestoreAsync(backup.FileName, Cancel);

        (await world.Backups.ListAsync(Cancel)).Select(each => each.FileName).ShouldBe([restored.Before, backup.FileName], ignoreOrder: true);
        (await world.Backups.RestoreAsync(restored.Before, Cancel)).ShouldBeOfType<RestoreResult.Restored>();
    }

    [Fact]
    public async Task Every_table_says_what_a_restore_makes_of_it()
    {
        await world.WhileClosedAsync(_ => { });
        Tables("nightmail.db").ShouldBe(RowMerge.Tables);
        Tables("control.db").ShouldBe(ControlMerge.Restored.Concat(ControlMerge.Kept).Order(StringComparer.Ordinal));
    }

    private Template Template(string name) =>
        new() { Id = TemplateId.New(world.Time), Version = 1, Name = name, Words = new("s", null, "t"), CreatedAt = DateTimeOffset.UnixEpoch, SavedAt = DateTimeOffset.UnixEpoch };

    private Campaign Campaign(CampaignStance stance) => new() { Id = CampaignId.New(world.Time), Name = "c", Subject = "s", Text = "t", Stance = stance, CreatedAt = world.Time.GetUtcNow(), ScheduledFor = world.Time.GetUtcNow() };

    /// <summary>A backup, and then changes on both sides: emails spoilt and pruned, a template changed.</summary>
    private async Task<Backup> ChangedSinceAsync()
    {
        await world.AddAsync(text: "right");
        var template = Template("kept");
        await world.Plane.Templates.AddAsync(template, Cancel);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.Plane.Templates.SaveAsync(template with { Version = 2, Words = new("spoilt", null, "spoilt") }, Cancel);
        await world.WhileClosedAsync(folder => FolderCopy.Run(folder, "nightmail.db", "UPDATE content SET text = 'spoilt'"));
        await world.AddAsync(text: "newer");
        return backup;
    }

    private List<string> Tables(string database)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(world.Folder, database)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        using var reader = command.ExecuteReader();
        List<string> names = [];
        while (reader.Read()) names.Add(reader.GetString(0));
        return names;
    }
}
