using System.Text;
using System.Text.Json;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>A queue as the older editor plugin left it: read, sent and rewritten, after a copy of it was kept.</summary>
public sealed class OlderPluginTests : IAsyncDisposable
{
    private const string Backups = "/home/ada/.config/himalaya/backups";

    /// <summary>Its <c>created</c> is the local time of nine in the morning with a Z behind it, and its empty tables are lists.</summary>
    private const string Older = """
        {"version":"1.0","created":"2026-11-20T09:00:00Z","last_modified":"2026-11-20T09:05:00Z","x_top":{"deep":[{"y":"kept"}]},"queue":{
        "1795329999_8147":{"id":"1795329999_8147","account_id":"work","status":"scheduled","scheduled_for":1795330004,"created_at":1795329999,"retries":1,"error":"timed out","x_entry":"kept",
          "email_data":{"to":"grace@example.net","subject":"a\/b","body":"x","x_data":"kept"},"metadata":{"draft_filepath":"\/tmp\/draft.md","x_meta":"kept"}},
        "1795330001_22":{"id":"1795330001_22","account_id":"work","status":"scheduled","scheduled_for":1999999999,"created_at":1795330001,"retries":0,"email_data":{"to":"b@example.net","subject":"s","body":"b"},"metadata":[]}
        },"statistics":{"total_scheduled":2,"x_stat":"kept"}}
        """;

    private readonly FakeStoreWorld world = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task It_is_sent_and_rewritten_and_what_is_not_known_of_it_survives_at_every_level()
    {
        Put(Older);
        await using var store = world.OpenFile();
        await using var worker = await store.EnterAsync(default);
        var claim = (await store.ClaimDueAsync(worker.Id, Given.Capacity(), default)).ShouldHaveSingleItem();
        // The plugin tried once; this is the second time.
        (claim.Email.Content.Subject, claim.Email.Account, claim.Email.Attempts).ShouldBe(("a/b", "work", 2));
        await store.BeginAsync(claim, Given.Begin(claim, world.Time), default);
        await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, world.Time), default);
        using var json = JsonDocument.Parse(Text());
        var root = json.RootElement;
        root.GetProperty("created").GetString().ShouldBe("2026-11-20T09:00:00Z", "when that was in truth nobody can tell, so it stays as it is worded");
        root.GetProperty("x_top").GetProperty("deep")[0].GetProperty("y").GetString().ShouldBe("kept");
        root.GetProperty("statistics").GetProperty("x_stat").GetString().ShouldBe("kept");
        var sent = root.GetProperty("queue").GetProperty("1795329999_8147");
        (sent.GetProperty("status").GetString(), sent.GetProperty("account").GetString(), sent.GetProperty("x_entry").GetString()).ShouldBe(("sent", "work", "kept"));
        sent.GetProperty("email_data").GetProperty("x_data").GetString().ShouldBe("kept");
        (sent.GetProperty("metadata").GetProperty("x_meta").GetString(), sent.GetProperty("metadata").GetProperty("draft_filepath").GetString()).ShouldBe(("kept", "/tmp/draft.md"));
        var waiting = root.GetProperty("queue").GetProperty("1795330001_22");
        (waiting.GetProperty("status").GetString(), waiting.GetProperty("attempts").GetInt32(), waiting.GetProperty("metadata").ValueKind).ShouldBe(("pending", 0, JsonValueKind.Object));
        Text().ShouldNotContain("account_id");
        store.RecoveryReports().ShouldBeEmpty();
    }

    [Fact]
    public async Task Before_each_of_its_files_is_rewritten_a_copy_is_kept_however_young_the_last_one_is()
    {
        Put(Older);
        await using var store = world.OpenFile();
        await AddAsync(store);
        Kept().ShouldBe([Older]);
        await AddAsync(store);
        Kept().Count.ShouldBe(1, "what Nightmail wrote is copied once a minute at most");
        // The plugin writes the whole file of what it had read, without what Nightmail added.
        var again = Older.Replace("\"subject\":\"s\"", "\"subject\":\"again\"", StringComparison.Ordinal);
        Put(again);
        await AddAsync(store);
        Kept().ShouldBe([Older, again], ignoreOrder: true);
        (await store.FindAsync(EmailId.Parse("1795330001_22"), default)).ShouldNotBeNull().Status.ShouldBe(EmailStatus.Pending);
        (await store.ListAsync(new(), default)).Count.ShouldBe(5);
    }

    [Theory]
    [InlineData("\"\\ud83d\": {\"a\":[1,\"\\udc00\"]}", "\"\\ud83d\": {\"a\":[1,\"\\udc00\"]}")]
    [InlineData("\"x\": {\"\\udc00y\": 1.50}", "\"x\": {\"\\udc00y\": 1.50}")]
    [InlineData("\"x\": [ {\"\\udc00y\": 1} ]", "{\"\\udc00y\": 1}")]
    public async Task Half_a_character_that_its_scripts_left_in_a_key_is_carried_along(string given, string kept)
    {
        Put(Older.Replace("\"x_top\":{\"deep\":[{\"y\":\"kept\"}]}", given, StringComparison.Ordinal));
        await using var store = world.OpenFile();
        for (var writes = 0; writes < 3; writes++) await AddAsync(store);
        Text().ShouldContain(kept);
        (await world.OpenFile().ListAsync(new(), default)).Count.ShouldBe(5);
        // A person's save carries it too.
        Put(Text().Replace("\"subject\": \"s\"", "\"subject\": \"edited\"", StringComparison.Ordinal));
        await AddAsync(store);
        Text().ShouldContain(kept);
        (await store.FindAsync(EmailId.Parse("1795330001_22"), default)).ShouldNotBeNull().Content.Subject.ShouldBe("edited");
        store.RecoveryReports().ShouldBeEmpty();
    }

    private async Task AddAsync(Nightmail.Store.File.FileEmailStore store) => (await store.AddAsync([Given.Email(world.Time, TimeSpan.FromHours(1))], default)).Count.ShouldBe(1);

    private void Put(string text) => world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(text));

    private List<string> Kept() => [.. world.Disk.Start().List(Backups).Where(name => name.EndsWith(".json", StringComparison.Ordinal)).Select(name => Encoding.UTF8.GetString(world.Disk.Contents($"{Backups}/{name}")!))];

    private string Text() => Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!);
}
