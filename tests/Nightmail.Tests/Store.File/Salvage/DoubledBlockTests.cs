using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File.Salvage;

/// <summary>
/// A block that reaches from the middle of the second email into the middle of the third was written once more, into the middle of the first:
/// sound JSON, in which the first has the second's end, and one of two thirds has the first's.
/// </summary>
public sealed class DoubledBlockTests : IAsyncDisposable
{
    private static readonly string[] Subjects = ["one", "two", "three"];
    private readonly FakeStoreWorld world = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_the_last_revision_is_known_all_of_them_go_on_as_they_were(bool isCutOff)
    {
        var ids = await FillAsync();
        world.Disk.Put(FakeStoreWorld.Path, Damage(isCutOff));
        var store = Reopen();
        var rows = await RowsAsync(store, ids);
        rows.Select(row => (row.Status, row.Content.Subject)).ShouldBe(Subjects.Select(subject => (EmailStatus.Pending, subject)));
        string.Join('\n', store.RecoveryReports().Single().Details).ShouldContain("there twice");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_nothing_else_is_known_those_that_may_be_put_together_of_two_are_held_and_say_so(bool isCutOff)
    {
        var ids = await FillAsync();
        world.RestoreRows(Damage(isCutOff));
        world.Disk.Remove("/home/ada/.config/himalaya/backups");
        var store = Reopen();
        var rows = await RowsAsync(store, ids);
        rows.Select(row => (row.Status, row.LastError)).ShouldBe([(EmailStatus.Paused, Settlement.Doubled), (EmailStatus.Paused, Settlement.Doubled), (EmailStatus.Paused, Settlement.Doubled)]);
        store.RecoveryReports().Single().Details.Count(detail => detail.Contains("is held: a part of the file is there twice", StringComparison.Ordinal)).ShouldBe(3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_backup_has_word_for_word_is_the_right_one(bool isCutOff)
    {
        var ids = await FillAsync();
        await world.OpenFile().Backups.CreateAsync(default);
        world.RestoreRows(Damage(isCutOff));
        var rows = await RowsAsync(Reopen(), ids);
        rows.Skip(1).Select(row => (row.Status, row.Content.Subject)).ShouldBe([(EmailStatus.Pending, "two"), (EmailStatus.Pending, "three")]);
        (rows[0].Status, rows[0].LastError).ShouldBe((EmailStatus.Paused, Settlement.Doubled), "its own end is not in the file any more");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_two_versions_the_one_that_ends_as_the_whole_ledger_knows_is_taken(bool isCutOff)
    {
        var ids = await FillAsync();
        var three = (await RowsAsync(world.OpenFile(), ids))[2];
        (await world.OpenFile().ChangeAsync(three.Id, new EmailChange.Reschedule(three.ScheduledFor.AddDays(1), null), default)).Done.ShouldBeTrue();
        world.RestoreRows(Damage(isCutOff));
        world.Disk.Remove("/home/ada/.config/himalaya/backups");
        var rows = await RowsAsync(Reopen(), ids);
        (rows[2].Status, rows[2].Content.Subject, rows[2].Content.To.Single()).ShouldBe((EmailStatus.Pending, "three", "three@example.net"));
        rows[0].LastError.ShouldBe(Settlement.Doubled);
    }

    [Fact]
    public async Task One_that_lost_a_piece_is_held_although_the_ledger_knows_nothing_of_any_version()
    {
        var ids = await FillAsync();
        var two = (await RowsAsync(world.OpenFile(), ids))[1];
        (await world.OpenFile().ChangeAsync(two.Id, new EmailChange.Reschedule(two.ScheduledFor.AddDays(1), null), default)).Done.ShouldBeTrue();
        var whole = Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!);
        int[] at = [.. Subjects.Select(subject => whole.IndexOf($"\"subject\": \"{subject}\"", StringComparison.Ordinal))];
        // The block ends before the third's subject and is written again after it: one third has the second's end, the other no subject.
        int[] after = [.. at.Select(start => whole.IndexOf("\"body\"", start, StringComparison.Ordinal))];
        world.RestoreRows(Encoding.UTF8.GetBytes(whole.Insert(after[2], whole[after[1]..at[2]])));
        world.Disk.Remove("/home/ada/.config/himalaya/backups");
        var rows = await RowsAsync(Reopen(), ids);
        (rows[2].Status, rows[2].LastError).ShouldBe((EmailStatus.Paused, Settlement.Doubled));
    }

    private async Task<IReadOnlyList<EmailId>> FillAsync()
    {
        List<EmailId> ids = [];
        foreach (var subject in Subjects)
        {
            var email = Given.Email(world.Time, TimeSpan.FromHours(1), $"{subject}@example.net");
            ids.Add((await world.OpenFile().AddAsync([email with { Content = email.Content with { Subject = subject } }], default)).OfType<AddResult.Added>().Single().Email.Id);
        }

        return ids;
    }

    private byte[] Damage(bool isCutOff)
    {
        var whole = Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!);
        int[] at = [.. Subjects.Select(subject => whole.IndexOf($"\"subject\": \"{subject}\"", StringComparison.Ordinal))];
        var damaged = whole.Insert(at[0], whole[at[1]..at[2]]);
        return Encoding.UTF8.GetBytes(isCutOff ? damaged[..damaged.LastIndexOf("\"total_cancelled\"", StringComparison.Ordinal)] : damaged);
    }

    private FileEmailStore Reopen()
    {
        world.Time.Advance(TimeSpan.FromSeconds(4));
        return world.OpenFile();
    }

    private static async Task<List<ScheduledEmail>> RowsAsync(FileEmailStore store, IReadOnlyList<EmailId> ids)
    {
        var rows = await store.ListAsync(new(), default);
        return [.. ids.Select(id => rows.Single(row => row.Id == id))];
    }
}
