using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.Sql.Shared;

/// <summary>What the control plane promises, on a real SQLite file.</summary>
public sealed class ControlPlaneTests
{
    private static readonly DateTimeOffset Now = ControlPlaneWorld.Now;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_campaign_comes_back_after_a_restart_as_it_was_kept()
    {
        await using var world = new ControlPlaneWorld();
        var campaign = Draft() with
        {
            Subject = "Hello {{name}}",
            Template = TemplateId.New(TimeProvider.System),
            TemplateVersion = 3,
            Account = "work",
            Cc = ["Eve <eve@example.org>"],
            Bcc = ["a@example.org", "b@example.org"],
            ScheduledFor = Now.AddTicks(7),
            Wish = new("2026-11-22T10:00:00", "Europe/Berlin", "2026a", Now.AddTicks(7)),
            Stance = CampaignStance.Paused,
            StartedAt = Now,
            CompletedAt = Now.AddDays(1),
        };

        await world.Plane.Campaigns.AddAsync(campaign, Cancel);
        await world.RestartAsync();

        var found = (await world.Plane.Campaigns.FindAsync(campaign.Id, Cancel)).ShouldNotBeNull();
        found.ShouldBe(campaign with { Cc = found.Cc, Bcc = found.Bcc });
        found.Cc.ShouldBe(campaign.Cc);
        found.Bcc.ShouldBe(campaign.Bcc);
    }

    [Fact]
    public async Task Of_two_who_change_a_campaign_at_once_one_has_to_look_again()
    {
        await using var world = new ControlPlaneWorld();
        var seen = Draft();
        await world.Plane.Campaigns.AddAsync(seen, Cancel);

        (await world.Plane.Campaigns.UpdateAsync(seen with { Name = "first", Version = 2 }, Cancel)).ShouldBeTrue();
        (await world.Plane.Campaigns.UpdateAsync(seen with { Name = "second", Version = 2 }, Cancel)).ShouldBeFalse();

        (await world.Plane.Campaigns.FindAsync(seen.Id, Cancel))!.Name.ShouldBe("first");
    }

    [Fact]
    public async Task Campaigns_are_listed_the_newest_first_page_by_page()
    {
        await using var world = new ControlPlaneWorld();
        List<Campaign> made = [];
        for (var i = 0; i < 5; i++)
        {
            var campaign = Draft() with { Id = new(Guid.Parse($"0000000{i}-0000-7000-8000-000000000000")) };
            made.Add(campaign);
            await world.Plane.Campaigns.AddAsync(campaign, Cancel);
        }

        var first = await world.Plane.Campaigns.ListAsync(null, 2, Cancel);
        var rest = await world.Plane.Campaigns.ListAsync(first[^1].Id, 10, Cancel);

        first.Concat(rest).Select(campaign => campaign.Id).ShouldBe(made.AsEnumerable().Reverse().Select(campaign => campaign.Id));
    }

    [Fact]
    public async Task Every_save_of_a_template_is_a_version_and_older_versions_stay_as_they_were()
    {
        await using var world = new ControlPlaneWorld();
        var first = Words("Welcome", "v1");
        await world.Plane.Templates.AddAsync(first, Cancel);

        (await world.Plane.Templates.SaveAsync(first with { Version = 2, Words = new("v2", null, "two") }, Cancel)).ShouldBe(SaveResult.Saved);

        (await world.Plane.Templates.FindAsync(first.Id, null, Cancel))!.Words.Subject.ShouldBe("v2");
        (await world.Plane.Templates.FindAsync(first.Id, 1, Cancel))!.Words.Subject.ShouldBe("v1");
        (await world.Plane.Templates.VersionsAsync(first.Id, null, 100, Cancel)).Select(version => version.Version).ShouldBe([2, 1]);
    }

    [Fact]
    public async Task A_save_over_a_version_that_somebody_replaced_writes_nothing()
    {
        await using var world = new ControlPlaneWorld();
        var first = Words("Welcome", "v1");
        await world.Plane.Templates.AddAsync(first, Cancel);
        await world.Plane.Templates.SaveAsync(first with { Version = 2, Words = new("theirs", null, null) }, Cancel);

        (await world.Plane.Templates.SaveAsync(first with { Version = 2, Words = new("mine", null, null) }, Cancel)).ShouldBe(SaveResult.Outdated);

        (await world.Plane.Templates.FindAsync(first.Id, null, Cancel))!.Words.Subject.ShouldBe("theirs");
    }

    [Fact]
    public async Task A_template_s_name_is_its_own_letter_case_aside_until_it_is_removed()
    {
        await using var world = new ControlPlaneWorld();
        var first = Words("Welcome", "v1");
        var second = Words("WELCOME", "v1");
        (await world.Plane.Templates.AddAsync(first, Cancel)).ShouldBeTrue();

        (await world.Plane.Templates.AddAsync(second, Cancel)).ShouldBeFalse();
        (await world.Plane.Templates.RemoveAsync(first.Id, Cancel)).ShouldBeTrue();
        (await world.Plane.Templates.AddAsync(second, Cancel)).ShouldBeTrue();

        (await world.Plane.Templates.ListAsync(null, 100, Cancel)).Select(template => template.Id).ShouldBe([second.Id]);
        (await world.Plane.Templates.FindAsync(first.Id, 1, Cancel)).ShouldNotBeNull("campaigns that were scheduled with it still need it");
    }

    [Fact]
    public async Task Accounts_keep_their_order_their_secret_and_their_fence()
    {
        await using var world = new ControlPlaneWorld();
        (await world.Plane.Accounts.AddAsync(new("a", "{}", [1, 2, 3], 1), Cancel)).ShouldBeTrue();
        (await world.Plane.Accounts.AddAsync(new("b", "{}", null, 1), Cancel)).ShouldBeTrue();
        (await world.Plane.Accounts.AddAsync(new("a", "{}", null, 1), Cancel)).ShouldBeFalse();

        (await world.Plane.Accounts.OrderAsync(["b"], Cancel)).ShouldBeFalse();
        (await world.Plane.Accounts.OrderAsync(["b", "a"], Cancel)).ShouldBeTrue();
        (await world.Plane.Accounts.UpdateAsync(new("a", """{"x":1}""", [4], 2), Cancel)).ShouldBeTrue();
        (await world.Plane.Accounts.UpdateAsync(new("a", """{"x":2}""", [5], 2), Cancel)).ShouldBeFalse();
        await world.RestartAsync();

        var accounts = await world.Plane.Accounts.ListAsync(Cancel);
        accounts.Select(account => account.Name).ShouldBe(["b", "a"]);
        accounts[1].Settings.ShouldBe("""{"x":1}""");
        accounts[1].Secret.ShouldBe([4]);
    }

    [Fact]
    public async Task Suppressions_are_found_by_address_and_domain_and_kept_once()
    {
        await using var world = new ControlPlaneWorld();
        (await world.Plane.Suppressions.AddAsync([new("ada@example.org", "asked", Now), new("*@spam.example", "law", Now)], Cancel)).ShouldBe(2);
        (await world.Plane.Suppressions.AddAsync([new("ada@example.org", "again", Now.AddDays(1))], Cancel)).ShouldBe(0);

        var found = await world.Plane.Suppressions.FindAsync([.. Suppression.TargetsFor("Ada@example.org"), .. Suppression.TargetsFor("x@spam.example"), .. Suppression.TargetsFor("bob@example.org")], Cancel);

        found.ShouldBe(["ada@example.org", "*@spam.example"], ignoreOrder: true);
        (await world.Plane.Suppressions.ListAsync("*@spam.example", 10, Cancel)).ShouldBe([new("ada@example.org", "asked", Now)]);
        (await world.Plane.Suppressions.RemoveAsync("ada@example.org", Cancel)).ShouldBeTrue();
        (await world.Plane.Suppressions.RemoveAsync("ada@example.org", Cancel)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_key_is_kept_by_its_hash_until_it_is_removed()
    {
        await using var world = new ControlPlaneWorld();
        var key = new ApiKey(KeyId.New(TimeProvider.System), "ci", [1, 2, 3], KeyScopes.Read | KeyScopes.Send, Now);
        await world.Plane.Keys.AddAsync(key, Cancel);

        var found = (await world.Plane.Keys.ListAsync(Cancel)).Single();
        found.ShouldBe(key with { Hash = found.Hash });
        found.Hash.ShouldBe(key.Hash);
        (await world.Plane.Keys.RemoveAsync(key.Id, Cancel)).ShouldBeTrue();
        (await world.Plane.Keys.ListAsync(Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_send_log_answers_by_email_campaign_account_and_outcome_the_newest_first()
    {
        await using var world = new ControlPlaneWorld();
        var campaign = CampaignId.New(TimeProvider.System);
        var (one, other) = (EmailId.New(TimeProvider.System), EmailId.New(TimeProvider.System));
        await world.Plane.SendLog.AppendAsync([Entry(one, 1, EmailStatus.Pending) with { Campaign = campaign }, Entry(other, 1, EmailStatus.Sent), Entry(one, 2, EmailStatus.Sent) with { Campaign = campaign }], Cancel);

        (await Log(new(Email: one))).Select(entry => entry.RetryCount).ShouldBe([1, 0]);
        (await Log(new(Campaign: campaign, Outcome: EmailStatus.Sent))).Single().ShouldBe(Entry(one, 2, EmailStatus.Sent) with { Campaign = campaign, Number = 3 });
        (await Log(new(Account: "elsewhere"))).ShouldBeEmpty();
        (await Log(new(After: 1))).Select(entry => entry.Number).ShouldBe([3, 2]);
        (await Log(new(Before: 3))).Select(entry => entry.Number).ShouldBe([2, 1]);

        async Task<IReadOnlyList<SendLogEntry>> Log(SendLogFilter filter) => await world.Plane.SendLog.ListAsync(filter, 10, Cancel);
    }

    [Fact]
    public async Task A_database_of_a_newer_program_is_left_alone()
    {
        await using var world = new ControlPlaneWorld();
        await world.Plane.DisposeAsync();
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={world.Folder}/control.db;Pooling=False"))
        {
            await connection.OpenAsync(Cancel);
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version=99";
            await command.ExecuteNonQueryAsync(Cancel);
        }

        Should.Throw<StoreException>(() => Nightmail.Store.Sql.ControlPlane.OpenSqlite(world.Folder)).Message.ShouldContain("newer nightmail");
    }

    private static SendLogEntry Entry(EmailId email, int attempt, EmailStatus outcome) => new()
    {
        At = Now, Email = email, Attempt = attempt, Account = "work", Recipient = "ada@example.org", Outcome = outcome, Words = "250 2.0.0 Ok", Code = 250, Enhanced = "2.0.0", Took = TimeSpan.FromMilliseconds(12),
    };

    private static Campaign Draft() => new() { Id = CampaignId.New(TimeProvider.System), Name = "news", CreatedAt = Now };

    private static Template Words(string name, string subject) => new()
    {
        Id = TemplateId.New(TimeProvider.System), Version = 1, Name = name, Words = new(subject, "<p>{{name}}</p>", null), CreatedAt = Now, SavedAt = Now,
    };
}
