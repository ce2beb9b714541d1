using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql.Backups;

/// <summary>What a restore makes of accounts, templates, campaigns and the send log, and what it says of it.</summary>
public sealed class RestoredControlTests : IAsyncDisposable
{
    private readonly BackupWorld world = new();

    private static CancellationToken Cancel => CancellationToken.None;

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Theory]
    [InlineData("""{"priority":1}""", """{"priority":2}""", """{"priority":1}""", true)]
    [InlineData("""{"enabled":true,"priority":1}""", """{"enabled":false,"priority":2}""", """{"enabled":false,"priority":1}""", true)]
    [InlineData("""{"enabled":true,"priority":1}""", """{"enabled":false,"priority":1}""", """{"enabled":false,"priority":1}""", false)]
    [InlineData("""{"enabled":false}""", """{"enabled":true}""", """{"enabled":false}""", true)]
    [InlineData("""{"priority":1}""", """{ "priority": 1 }""", """{ "priority": 1 }""", false)]
    public async Task An_account_gets_its_former_settings_but_stays_out_of_service(string then, string now, string after, bool isNamed)
    {
        await world.Plane.Accounts.AddAsync(new("work", then, [1], 1), Cancel);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.Plane.Accounts.UpdateAsync(new("work", now, [1], 2), Cancel);

        var report = await world.RestoreAsync(backup);

        report.Accounts.ShouldBe(isNamed ? ["work"] : []);
        var account = (await world.Plane.Accounts.FindAsync("work", Cancel))!;
        (account.Settings, account.Version).ShouldBe((after, isNamed ? 3 : 2));
        (await world.RestoreAsync(backup)).Accounts.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(new byte[] { 1 }, new byte[] { 2 })]
    [InlineData(null, new byte[] { 2 })]
    [InlineData(new byte[] { 1 }, null)]
    public async Task An_account_whose_secret_was_changed_since_stays_as_it_is_now(byte[]? then, byte[]? now)
    {
        await world.Plane.Accounts.AddAsync(new("work", """{"host":"old"}""", then, 1), Cancel);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.Plane.Accounts.UpdateAsync(new("work", """{"host":"new"}""", now, 2), Cancel);

        (await world.RestoreAsync(backup)).Accounts.ShouldBeEmpty();

        var account = (await world.Plane.Accounts.FindAsync("work", Cancel))!;
        (account.Settings, account.Version).ShouldBe(("""{"host":"new"}""", 2));
        account.Secret.ShouldBe(now);
    }

    [Fact]
    public async Task An_account_that_is_gone_comes_back_and_does_not_become_a_second_default()
    {
        await world.Plane.Accounts.AddAsync(new("first", """{"default":true}""", [1], 1), Cancel);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.Plane.Accounts.RemoveAsync("first", Cancel);
        await world.Plane.Accounts.AddAsync(new("second", """{"default":true}""", null, 1), Cancel);

        (await world.RestoreAsync(backup)).Accounts.ShouldBe(["first"]);

        (await world.Plane.Accounts.ListAsync(Cancel)).Select(account => (account.Name, account.Settings)).ShouldBe([("first", """{"default":false}"""), ("second", """{"default":true}""")], ignoreOrder: true);
    }

    [Fact]
    public async Task Templates_and_campaigns_that_change_are_counted_and_others_keep_their_version()
    {
        var templates = new List<Template>();
        foreach (var name in (string[])["same", "changed", "removed"])
        {
            world.Time.Advance(TimeSpan.FromSeconds(1));
            templates.Add(new() { Id = TemplateId.New(world.Time), Version = 1, Name = name, Words = new("s", null, "t"), CreatedAt = world.Time.GetUtcNow(), SavedAt = world.Time.GetUtcNow() });
            await world.Plane.Templates.AddAsync(templates[^1], Cancel);
        }

        var (same, changed, removed) = (await DraftAsync(), await DraftAsync(), await DraftAsync());
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.Plane.Templates.SaveAsync(templates[1] with { Version = 2, Words = new("spoilt", null, "spoilt") }, Cancel);
        await world.Plane.Templates.RemoveAsync(templates[2].Id, Cancel);
        (await world.Plane.Campaigns.UpdateAsync(changed with { Subject = "spoilt", Version = changed.Version + 1 }, Cancel)).ShouldBeTrue();
        await world.Plane.Campaigns.RemoveAsync(removed.Id, Cancel);

        var report = await world.RestoreAsync(backup);

        (report.Templates, report.Campaigns).ShouldBe((2, 2));
        (await world.Plane.Campaigns.FindAsync(same.Id, Cancel))!.Version.ShouldBe(same.Version);
        (await world.Plane.Campaigns.FindAsync(changed.Id, Cancel))!.Subject.ShouldBe("s");
        (await world.RestoreAsync(backup)).ShouldSatisfyAllConditions(again => again.Templates.ShouldBe(0), again => again.Campaigns.ShouldBe(0));
    }

    [Fact]
    public async Task The_send_log_loses_nothing_where_numbers_were_given_a_second_time_and_stays_in_the_order_of_time()
    {
        for (var attempt = 1; attempt <= 3; attempt++) await LogAsync($"old {attempt}");
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        await world.WhileClosedAsync(FolderCopy.Lose("control.db"));
        for (var attempt = 1; attempt <= 2; attempt++) await LogAsync($"new {attempt}");

        for (var restore = 0; restore < 2; restore++)
        {
            await world.RestoreAsync(backup);
            (await world.Plane.SendLog.ListAsync(new(), 100, Cancel)).Select(row => row.Words).ShouldBe(["new 2", "new 1", "old 3", "old 2", "old 1"]);
        }

        await LogAsync("newest");
        (await world.Plane.SendLog.ListAsync(new(), 1, Cancel)).Single().Words.ShouldBe("newest");
    }

    [Fact]
    public async Task Rows_of_the_send_log_that_were_pruned_since_come_back_under_their_numbers()
    {
        for (var attempt = 1; attempt <= 3; attempt++) await LogAsync($"old {attempt}");
        var before = await world.Plane.SendLog.ListAsync(new(), 100, Cancel);
        var backup = await world.Backups.CreateAsync("asked for", null, Cancel);
        (await world.Plane.LogRetention.PruneAsync(before[0].At, Cancel)).ShouldBe(2);
        await LogAsync("new");

        await world.RestoreAsync(backup);

        (await world.Plane.SendLog.ListAsync(new(), 100, Cancel)).Skip(1).ShouldBe(before);
    }

    private async Task<Campaign> DraftAsync()
    {
        world.Time.Advance(TimeSpan.FromSeconds(1));
        var draft = new Campaign { Id = CampaignId.New(world.Time), Name = "c", Subject = "s", Text = "t", Stance = CampaignStance.Draft, CreatedAt = world.Time.GetUtcNow(), ScheduledFor = null };
        await world.Plane.Campaigns.AddAsync(draft, Cancel);
        return (await world.Plane.Campaigns.FindAsync(draft.Id, Cancel))!;
    }

    private async Task LogAsync(string words)
    {
        world.Time.Advance(TimeSpan.FromMinutes(1));
        await world.Plane.SendLog.AppendAsync(
            [new() { At = world.Time.GetUtcNow(), Email = EmailId.New(world.Time), Attempt = 1, Account = "work", Recipient = "a@x.example", Outcome = EmailStatus.Sent, Words = words }], Cancel);
    }
}
