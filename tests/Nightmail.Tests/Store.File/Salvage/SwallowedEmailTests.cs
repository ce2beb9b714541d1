using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File.Salvage;

/// <summary>Sound JSON in which an email, whole as it is, lies where none belongs; no revisions or backups are there to help.</summary>
public sealed class SwallowedEmailTests : IAsyncDisposable
{
    private const string First = "email_01a2309e33a077ba89778da0084273b1";
    private const string Second = "1795329999_8147";
    private const string Body = "\"scheduled_for\": 1999999999, \"status\": \"pending\"";
    private const string Data = "\"email_data\": {\"to\": \"grace@example.net\", \"subject\": \"Hi\"}";
    private const string Whole = "{" + Body + ", " + Data + "}";
    private readonly FakeStoreWorld world = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Theory]
    [InlineData("{\"queue\": {\"" + First + "\": {" + Body + ", \"email_data\": {\"to\": \"a@example.net\", \"" + Second + "\": " + Whole + "}}}}")]
    [InlineData("{\"queue\": {\"" + First + "\": {" + Body + ", \"email_da\": [{\"" + Second + "\": " + Whole + "}]}}}")]
    [InlineData("{\"queue\": {\"" + First + "\": [{\"" + Second + "\": " + Whole + "}]}}")]
    [InlineData("{\"queue\": {\"email_01a2309e\": 1796112018}, \"" + Second + "\": " + Whole + "}")]
    [InlineData("{\"queue\": {\"email_01a2309e\": 1796112018}, \"" + First + "\": {" + Body + ", \"x\": {}, \"" + Second + "\": " + Whole + "}}")]
    [InlineData("{\"queue\": {\"" + First + "\": {" + Body + ", \"email_data\": {\"to\": \"a@example.net\", \"" + Second + "\": " + Whole + "}}")]
    [InlineData("{\"queue\": {\"" + Second + "\": {" + Body + "}, \"" + Second + "\": " + Whole + "}}")]
    public async Task An_email_is_found_inside_another_one_and_behind_the_queue_and_behind_a_broken_half_of_itself(string file)
    {
        var rows = await RowsOfAsync(file);
        rows.Single(row => row.Id == EmailId.Parse(Second)).Content.To.Single().ToString().ShouldContain("grace@example.net");
    }

    [Fact]
    public async Task The_first_of_two_whole_entries_under_one_id_stays_the_email()
    {
        var rows = await RowsOfAsync("{\"queue\": {\"" + Second + "\": " + Whole + ", \"" + Second + "\": " + Whole.Replace("Hi", "Ho", StringComparison.Ordinal) + "}}");
        rows.Single().Content.Subject.ShouldBe("Hi");
    }

    [Fact]
    public async Task A_table_by_ids_that_another_program_keeps_is_no_damage()
    {
        var table = "{\"" + First + "\": {\"text\": \"email_data\"}}";
        var rows = await RowsOfAsync("{\"notes\": " + table + ", \"queue\": {\"" + Second + "\": {" + Body + ", " + Data + ", \"related\": [" + table + "]}}}");
        rows.Single().Id.ShouldBe(EmailId.Parse(Second));
        await world.OpenFile().AddAsync([Given.Email(world.Time)], default);
        var written = Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!);
        (written.Split("\"text\": \"email_data\"").Length - 1).ShouldBe(2);
    }

    private async Task<IReadOnlyList<ScheduledEmail>> RowsOfAsync(string file)
    {
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(file));
        world.Time.Advance(TimeSpan.FromSeconds(4));
        var store = world.OpenFile();
        var rows = await store.ListAsync(new(), default);
        await store.DisposeAsync();
        return rows;
    }
}
