using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File.Merge;

/// <summary>People and other programs that save the queue file while it is in use.</summary>
public sealed class SavedByHandTests : IAsyncDisposable
{
    private readonly FakeStoreWorld world = new();
    private readonly FileEmailStore store;

    public SavedByHandTests() => store = world.OpenFile();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task A_new_time_in_an_old_buffer_is_taken_and_what_was_scheduled_since_stays()
    {
        var first = await AddAsync();
        var buffer = Text();
        var second = await AddAsync();
        Save(buffer.Replace($"\"scheduled_for\": {first.ScheduledFor.ToUnixTimeSeconds()}", $"\"scheduled_for\": {first.ScheduledFor.AddDays(1).ToUnixTimeSeconds()}", StringComparison.Ordinal));
        (await FindAsync(first)).ScheduledFor.ShouldBe(first.ScheduledFor.AddDays(1));
        (await FindAsync(second)).ShouldBe(second with { Content = (await FindAsync(second)).Content, Recipients = (await FindAsync(second)).Recipients });
        store.RecoveryReports().ShouldBeEmpty();
        Ledger().ShouldContain("\"kind\":\"reschedule\"");
    }

    [Fact]
    public async Task An_entry_deleted_from_the_latest_revision_is_cancelled_for_good()
    {
        var kept = await AddAsync();
        var deleted = await AddAsync();
        var old = Text();
        Save(Without(Text(), deleted.Id));
        (await store.ListAsync(new(), default)).Select(row => row.Id).ShouldBe([kept.Id]);
        Ledger().ShouldContain("\"kind\":\"cancel\"");
        var overview = await store.OverviewAsync(default);
        overview.TotalScheduled.ShouldBe(2);
        // The same old buffer, saved once more, does not bring it back.
        Save(old);
        (await store.ListAsync(new(), default)).Select(row => row.Id).ShouldBe([kept.Id]);
    }

    [Fact]
    public async Task An_entry_missing_from_an_older_buffer_is_kept()
    {
        var first = await AddAsync();
        var buffer = Without(Text(), first.Id);
        var second = await AddAsync();
        Save(buffer);
        (await store.ListAsync(new(), default)).Select(row => row.Id).ShouldBe([first.Id, second.Id], ignoreOrder: true);
    }

    [Fact]
    public async Task A_status_written_by_hand_goes_through_the_rules_of_the_commands()
    {
        var cancelled = await AddAsync();
        var paused = await AddAsync();
        Save(WithStatus(WithStatus(Text(), cancelled.Id, "pending", "cancelled"), paused.Id, "pending", "paused"));
        (await FindAsync(cancelled)).Status.ShouldBe(EmailStatus.Cancelled);
        (await FindAsync(paused)).Status.ShouldBe(EmailStatus.Paused);
        Save(WithStatus(WithStatus(Text(), cancelled.Id, "cancelled", "pending"), paused.Id, "paused", "pending"));
        (await FindAsync(cancelled)).Status.ShouldBe(EmailStatus.Cancelled);
        (await FindAsync(paused)).Status.ShouldBe(EmailStatus.Pending);
        store.RecoveryReports().Single().Details.Single().ShouldContain("it is cancelled");
        (await store.AcknowledgeRecoveryAsync(default)).ShouldBe(1);
        store.RecoveryReports().ShouldBeEmpty();
    }

    [Fact]
    public async Task An_edit_of_what_is_being_sent_is_refused_and_what_was_sent_stays_sent()
    {
        var scene = await ChangeScene.CreateAsync(1);
        var buffer = Encoding.UTF8.GetString(scene.World.Disk.Contents(FakeStoreWorld.Path)!);
        scene.World.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(buffer.Replace("\"subject\": \"Grüße\"", "\"subject\": \"Neu\"", StringComparison.Ordinal)));
        (await scene.Store.FindAsync(scene.Begun.Email.Id, default))!.Content.Subject.ShouldBe("Grüße");
        (await scene.Store.FindAsync(scene.Waiting.Id, default))!.Content.Subject.ShouldBe("Neu");
        scene.Store.RecoveryReports().Single().Details.ShouldContain(detail => detail.Contains("it is being sent", StringComparison.Ordinal));
        (await scene.Store.RecordAsync(scene.Begun, Given.Result(scene.Begun, Verdict.Delivered, scene.World.Time), default)).ShouldBeTrue();
        // The same buffer of before, saved again: it shows as sending what has left since.
        scene.World.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(buffer));
        (await scene.Store.FindAsync(scene.Begun.Email.Id, default))!.Status.ShouldBe(EmailStatus.Sent);
    }

    [Fact]
    public async Task An_entry_added_by_hand_is_an_email()
    {
        var known = await AddAsync();
        Save(Text().Replace("\n  \"queue\": {", """
            
              "queue": {
                "1795329999_8147": { "scheduled_for": "1795999999", "status": "scheduled", "account_id": "work", "retries": 0, "color": "red",
                  "email_data": { "to": "grace@example.net", "subject": "by hand", "body": "text" }, "metadata": [] },
            """, StringComparison.Ordinal));
        var added = (await store.FindAsync(EmailId.Parse("1795329999_8147"), default)).ShouldNotBeNull();
        (added.Status, added.Content.Subject, added.Account).ShouldBe((EmailStatus.Pending, "by hand", "work"));
        Text().ShouldContain("\"color\": \"red\"");
        (await store.OverviewAsync(default)).TotalScheduled.ShouldBe(2);
        (await store.FindAsync(known.Id, default)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("\uFEFF", "\n", "")]
    [InlineData("", "\r\n", "")]
    [InlineData("", "\n", ",")]
    public async Task Marks_and_commas_of_editors_do_no_harm(string before, string lineBreak, string comma)
    {
        var email = await AddAsync();
        var text = before + Text().Replace("\"subject\": \"Grüße\"", "\"subject\": \"Neu\"", StringComparison.Ordinal).Replace("\n    }\n  },", $"\n    }}{comma}\n  }},", StringComparison.Ordinal);
        Save(text.Replace("\n", lineBreak, StringComparison.Ordinal));
        (await FindAsync(email)).Content.Subject.ShouldBe("Neu");
        store.RecoveryReports().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_typo_is_reported_with_line_and_column_and_the_other_changes_are_taken()
    {
        var spoilt = await AddAsync();
        var changed = await AddAsync();
        var text = Replace(Text(), changed.Id, "\"subject\": \"Grüße\"", "\"subject\": \"Neu\"");
        Save(Replace(text, spoilt.Id, "\"status\": \"pending\",", "\"status\": \"pending\""));
        // Somebody may still be writing it: the last good state serves.
        (await store.ListAsync(new(), default)).Count.ShouldBe(2);
        Text().ShouldContain("\"status\": \"pending\"\n");
        world.Time.Advance(TimeSpan.FromSeconds(3));
        (await FindAsync(changed)).Content.Subject.ShouldBe("Neu");
        (await FindAsync(spoilt)).Status.ShouldBe(EmailStatus.Pending);
        var report = store.RecoveryReports().Single();
        report.Summary.ShouldMatch("damaged at line \\d+, column \\d+");
        report.Details.Single().ShouldMatch($"{spoilt.Id} at line \\d+, column \\d+ is as it was before");
        world.Disk.Contents(report.KeptAs!).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_wrong_type_in_one_entry_leaves_the_last_good_state_of_that_one()
    {
        var spoilt = await AddAsync();
        var changed = await AddAsync();
        var text = Replace(Text(), changed.Id, "\"subject\": \"Grüße\"", "\"subject\": \"Neu\"");
        Save(Replace(text, spoilt.Id, "\"status\": \"pending\"", "\"status\": \"pendig\""));
        (await FindAsync(changed)).Content.Subject.ShouldBe("Neu");
        (await FindAsync(spoilt)).Status.ShouldBe(EmailStatus.Pending);
        store.RecoveryReports().Single().Details.Single().ShouldMatch($"{spoilt.Id} at line \\d+, column \\d+ is not taken: .*'pendig' is no status");
    }

    [Fact]
    public async Task A_doubled_key_counts_once_and_is_reported()
    {
        var email = await AddAsync();
        var entry = Entry(Text(), email.Id);
        Save(Text().Replace(entry, entry + "," + entry.Replace("Grüße", "Zweite", StringComparison.Ordinal), StringComparison.Ordinal));
        (await FindAsync(email)).Content.Subject.ShouldBe("Grüße");
        store.RecoveryReports().Single().Details.Single().ShouldMatch("line \\d+, column \\d+ .*another email");
    }

    [Fact]
    public async Task Half_a_file_serves_nobody_and_harms_nobody()
    {
        var email = await AddAsync();
        var whole = Text();
        Save(whole[..(whole.Length / 2)]);
        (await world.OpenFile().FindAsync(email.Id, default)).ShouldNotBeNull();
        var adding = Task.Run(async () => await AddAsync());
        Save(whole.Replace("Grüße", "Neu", StringComparison.Ordinal));
        while (!adding.IsCompleted)
        {
            world.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        await adding;
        (await FindAsync(email)).Content.Subject.ShouldBe("Neu");
        (await store.ListAsync(new(), default)).Count.ShouldBe(2);
        store.RecoveryReports().ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unchanged_old_copy_changes_nothing()
    {
        var email = await AddAsync();
        var old = Text();
        await store.ChangeAsync(email.Id, new EmailChange.Reschedule(email.ScheduledFor.AddHours(5), null), default);
        var other = await AddAsync();
        Save(old);
        (await FindAsync(email)).ScheduledFor.ShouldBe(email.ScheduledFor.AddHours(5));
        (await FindAsync(other)).Status.ShouldBe(EmailStatus.Pending);
        (await world.OpenFile().ListAsync(new(), default)).Count.ShouldBe(2);
    }

    private async Task<ScheduledEmail> AddAsync() =>
        (await store.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default)).OfType<AddResult.Added>().Single().Email;

    private async Task<ScheduledEmail> FindAsync(ScheduledEmail email) => (await store.FindAsync(email.Id, default)).ShouldNotBeNull();

    private string Text() => Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!);

    private string Ledger() => Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path.Replace(".json", ".ledger/00000001.log", StringComparison.Ordinal)) ?? []);

    private void Save(string text) => world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(text));

    private static string WithStatus(string text, EmailId id, string from, string to) => Replace(text, id, $"\"status\": \"{from}\"", $"\"status\": \"{to}\"");

    private static string Replace(string text, EmailId id, string from, string to)
    {
        var at = text.IndexOf(from, text.IndexOf($"\n    \"{id}\"", StringComparison.Ordinal), StringComparison.Ordinal);
        return text[..at] + to + text[(at + from.Length)..];
    }

    private static string Without(string text, EmailId id)
    {
        var entry = Entry(text, id);
        if (text.Contains(entry + ",", StringComparison.Ordinal)) entry += ",";
        return text.Replace(entry, "", StringComparison.Ordinal).Replace("},\n  },", "}\n  },", StringComparison.Ordinal);
    }

    private static string Entry(string text, EmailId id)
    {
        var at = text.IndexOf($"\n    \"{id}\"", StringComparison.Ordinal);
        return text[at..(text.IndexOf("\n    }", at, StringComparison.Ordinal) + "\n    }".Length)];
    }
}
