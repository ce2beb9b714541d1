using System.Text;
using System.Text.Json;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>The file as people and other programs see it.</summary>
public sealed class QueueFormatTests : IAsyncDisposable
{
    private readonly FakeStoreWorld world = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task A_queue_is_written_exactly_like_this()
    {
        var blob = await world.OpenFile().Blobs.AddAsync(new MemoryStream(Encoding.UTF8.GetBytes("%PDF")), default);
        var full = Given.Email(world.Time, TimeSpan.FromMilliseconds(3_600_250)) with
        {
            Id = EmailId.Parse("email_0193a1b2c3d47000800000000000000a"),
            Account = "work",
            NotAfter = world.Time.GetUtcNow().AddDays(1),
            CreatedBy = "ada@engine",
            MessageId = "<a@example.org>",
            IdempotencyKey = new("key", "hash"),
            Wish = new("2026-12-01T10:00:00", "Europe/Berlin", "2026f", world.Time.GetUtcNow()),
            Content = new()
            {
                From = "Ada <ada@example.org>", To = ["Grüße <g@example.net>", "b@example.net"], Cc = ["\"Doe, J\" <j@example.net>"], Bcc = ["x@example.net"], Subject = "Ein \"Plan\"",
                Text = "Hello\n", Html = "<p>Hello</p>", Headers = [new("X-A", "1")], Attachments = [new("Plan für Dich.pdf", blob) { ContentType = "application/pdf", ContentId = "plan" }], Eml = blob,
            },
        };
        var plain = Given.Email(world.Time) with { Id = EmailId.Parse("email_0193a1b2c3d47000800000000000000b") };
        var store = world.OpenFile();
        await store.AddAsync([full, plain], default);
        var claim = (await store.ClaimDueAsync(new("engine-1-0"), Given.Capacity(), default)).Single();
        await store.BeginAsync(claim, Given.Begin(claim, world.Time), default);
        world.Time.Advance(TimeSpan.FromMilliseconds(31));
        await store.RecordAsync(claim, Given.Result(claim, Verdict.Delivered, world.Time), default);
        Text().ShouldBe(Golden("queue.json"));
    }

    [Fact]
    public async Task An_empty_queue_that_is_paused_is_written_exactly_like_this()
    {
        await world.Open().SetSendingPausedAsync(true, default);
        Text().ShouldBe("""
            {
              "version": "1.0",
              "created": "2026-12-01T08:00:00Z",
              "last_modified": "2026-12-01T08:00:00Z",
              "revision": 1,
              "queue": {},
              "statistics": {
                "total_scheduled": 0,
                "total_sent": 0,
                "total_failed": 0,
                "total_cancelled": 0
              },
              "sending_paused": true
            }

            """);
        await world.Open().SetSendingPausedAsync(false, default);
        Text().ShouldNotContain("sending_paused");
    }

    [Fact]
    public async Task Keys_that_are_not_known_are_kept_at_every_level()
    {
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(Golden("foreign.json")));
        var id = EmailId.Parse("email_0193a1b2c3d47000800000000000000a");
        await world.Open().AddAsync([Given.Email(world.Time)], default);
        (await world.Open().ChangeAsync(id, new EmailChange.Pause(), default)).Done.ShouldBeTrue();
        (await world.Open().ChangeAsync(id, new EmailChange.Resume(), default)).Done.ShouldBeTrue();
        using var json = JsonDocument.Parse(Text());
        foreach (var path in new[]
        {
            "x_top", "statistics.x_stat", "accounts.work.x", "queue.$.x_entry.deep.0.y", "queue.$.email_data.x_data", "queue.$.metadata.nvim_instance", "queue.$.metadata.draft_filepath",
            "queue.$.recipients.0.x_recipient", "queue.$.wish.x_wish", "queue.$.metadata.file_refs.0.x_file", "queue.broken.x",
        })
        {
            At(json.RootElement, path.Replace("$", id.ToString(), StringComparison.Ordinal)).ToString().ShouldBe("kept", path);
        }

        At(json.RootElement, $"queue.{id}.x_number").GetRawText().ShouldBe("1.50e3");
    }

    [Fact]
    public async Task A_key_that_holds_half_a_character_is_kept_beside_the_numbers_and_the_accounts()
    {
        const string Half = "\\ud83d";
        await world.Open().AddAsync([Given.Email(world.Time)], default);
        world.RestoreRows(Encoding.UTF8.GetBytes(Text().Replace("\"total_sent\": 0", "\"total_sent\": 0, \"a" + Half + "\": \"kept\"", StringComparison.Ordinal).Replace("\n}\n", ",\n  \"accounts\": { \"" + Half + "\": {\"x\": 1}, \"work\": { \"" + Half + "b\": \"kept too\" } }\n}\n", StringComparison.Ordinal)));
        var store = world.OpenFile();
        (await store.AddAsync([Given.Email(world.Time)], default)).Count.ShouldBe(1);
        var claim = (await store.ClaimDueAsync(new("w"), Given.Capacity(), default))[0];
        var outcome = DeliveryOutcome.OfFault(new(AccountFaultReason.Network, "connect: refused"), ["grace@example.net"]);
        (await store.RecordAsync(claim, new(Lifecycle.After(claim.Email, outcome, new(), world.Time.GetUtcNow(), new Random(1)), null) { Account = new(AccountFinding.Of(outcome), new()) }, default)).ShouldBeTrue();
        foreach (var kept in new[] { "\"a" + Half + "\": \"kept\"", "\"" + Half + "\": ", "\"" + Half + "b\": \"kept too\"", "\"consecutive_failures\": 1" }) Text().ShouldContain(kept);
        Text().ShouldNotContain("no-text");
        world.RestoreRows(Encoding.UTF8.GetBytes(Text()));
        (await world.Open().ListAsync(new(), default)).Count.ShouldBe(2);
        store.RecoveryReports().ShouldBeEmpty();
    }

    [Fact]
    public async Task What_the_older_plugin_wrote_is_read_and_then_written_anew()
    {
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(
            """{"version":1,"queue":{"1795329999_8147":{"id":"1795329999_8147","account_id":"work","status":"scheduled","scheduled_for":"1795330004","created_at":1795329999,"retries":"2","error":"timed out","email_data":{"to":"a@example.net, \"B, C\" <b@example.net>","subject":"Hi","body":"x","cc":[],"bcc":null},"metadata":[]}},"statistics":[]}"""));
        var id = EmailId.Parse("1795329999_8147");
        var email = (await world.Open().FindAsync(id, default)).ShouldNotBeNull();
        (email.Account, email.Status, email.Attempts, email.LastError).ShouldBe(("work", EmailStatus.Pending, 2, "timed out"));
        email.ScheduledFor.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1795330004));
        email.Content.To.ShouldBe(["a@example.net", "\"B, C\" <b@example.net>"]);
        email.Content.Cc.ShouldBeEmpty();
        await world.Open().AddAsync([Given.Email(world.Time)], default);
        using var json = JsonDocument.Parse(Text());
        var entry = At(json.RootElement, "queue.1795329999_8147");
        (At(entry, "account").GetString(), At(entry, "attempts").GetInt32(), At(entry, "status").GetString(), At(entry, "last_error").GetString()).ShouldBe(("work", 2, "pending", "timed out"));
        entry.TryGetProperty("account_id", out _).ShouldBeFalse();
        At(json.RootElement, "statistics.total_scheduled").GetInt32().ShouldBe(2);
    }

    [Fact]
    public async Task A_damaged_email_is_kept_as_it_is_and_does_not_stop_the_others()
    {
        const string Damaged = "{\"id\": \"email_0193a1b2c3d470008000000000000001\", \"scheduled_for\": \"soon\", \"status\": 7}";
        var good = Given.Email(world.Time);
        await world.Open().AddAsync([good], default);
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(Text().Replace("\"queue\": {\n", "\"queue\": {\n    \"email_0193a1b2c3d470008000000000000001\": " + Damaged + ",\n    \"no id\": 5,\n", StringComparison.Ordinal)));
        (await world.Open().ListAsync(new(), default)).Single().Id.ShouldBe(good.Id);
        (await world.Open().ClaimDueAsync(new("w"), Given.Capacity(), default)).Single().Email.Id.ShouldBe(good.Id);
        Text().ShouldContain(Damaged);
        Text().ShouldContain("\"no id\": 5");
    }

    [Theory]
    [InlineData("\"attempts\": 0,", "\"attempts\": 0, \"x\": [1, {\"y\": \"a,}\",},],")]
    [InlineData("\"metadata\": {}", "\"metadata\": {},")]
    [InlineData("\"metadata\": {}", "\"metadata\": {\"x\": 1,}")]
    [InlineData("\"status\": \"pending\"", "\"status\": \"no status\", \"x\": [1, ]")]
    [InlineData("\"total_sent\": 0", "\"total_sent\": 0, \"x\": {\"\\ud83d\": [1,]}")]
    public async Task A_comma_too_many_that_somebody_left_is_taken_and_not_written_on(string one, string other)
    {
        await world.Open().AddAsync([Given.Email(world.Time)], default);
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(Text().Replace(one, other, StringComparison.Ordinal)));
        await world.Open().AddAsync([Given.Email(world.Time)], default);
        world.RestoreRows(Encoding.UTF8.GetBytes(Text().Replace(one, other, StringComparison.Ordinal)));
        await world.Open().AddAsync([Given.Email(world.Time)], default);
        using var strict = JsonDocument.Parse(Text());
        strict.RootElement.GetProperty("queue").EnumerateObject().Count().ShouldBe(3);
        if (other.Contains("a,}", StringComparison.Ordinal)) Text().ShouldContain("\"a,}\"");
    }

    [Theory]
    [InlineData("{\n  \"version\": \"1.0\",\n  \"queue\": {\n    \"a\": tru", "line 4, column")]
    [InlineData("{\"queue\":{}} x", "line 1, column 14")]
    public async Task Garbage_of_which_nothing_is_known_is_kept_aside_and_told(string content, string what)
    {
        world.Disk.Put(FakeStoreWorld.Path, Encoding.UTF8.GetBytes(content));
        world.Time.Advance(TimeSpan.FromSeconds(3));
        var store = world.OpenFile();
        (await store.ListAsync(new(), default)).ShouldBeEmpty();
        var report = store.RecoveryReports().ShouldHaveSingleItem();
        (report.Gravity, report.Summary.Contains(what, StringComparison.Ordinal)).ShouldBe((Nightmail.Store.File.Salvage.RecoveryGravity.Incomplete, true));
        Encoding.UTF8.GetString(world.Disk.Contents(report.KeptAs!)!).ShouldBe(content);
    }

    [Fact]
    public async Task An_empty_file_is_an_empty_queue()
    {
        world.Disk.Put(FakeStoreWorld.Path, []);
        world.Time.Advance(TimeSpan.FromSeconds(3));
        var store = world.OpenFile();
        (await store.ListAsync(new(), default)).ShouldBeEmpty();
        (await store.AddAsync([Given.Email(world.Time)], default)).Count.ShouldBe(1);
        store.RecoveryReports().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "is it a Nightmail queue?")]
    [InlineData("{\"version\":\"2.1\",\"queue\":{}}", "format 2.1")]
    [InlineData("{\"queue\":[1]}", "'queue' is not an object")]
    public async Task What_is_no_queue_is_named_and_left_alone(string content, string what)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        world.Disk.Put(FakeStoreWorld.Path, bytes);
        world.Time.Advance(TimeSpan.FromSeconds(3));
        foreach (var attempt in new Func<Task>[] { async () => await world.Open().ListAsync(new(), default), async () => await world.Open().AddAsync([Given.Email(world.Time)], default) })
        {
            var error = await Should.ThrowAsync<StoreException>(attempt);
            error.Trouble.ShouldBe(StoreTrouble.Unreadable);
            error.Message.ShouldContain(what);
            error.Message.ShouldContain(FakeStoreWorld.Path);
        }

        world.Disk.Contents(FakeStoreWorld.Path).ShouldBe(bytes);
    }

    [Fact]
    public async Task An_email_that_did_not_change_keeps_its_bytes()
    {
        var first = (await world.Open().AddAsync([Given.Email(world.Time)], default)).OfType<AddResult.Added>().Single().Email;
        var before = Text();
        await world.Open().AddAsync([Given.Email(world.Time)], default);
        var entry = before[before.IndexOf($"\"{first.Id}\": {{", StringComparison.Ordinal)..before.IndexOf("\n    }", StringComparison.Ordinal)];
        Text().ShouldContain(entry);
    }

    private static JsonElement At(JsonElement element, string path)
    {
        foreach (var step in path.Split('.'))
        {
            element = element.ValueKind == JsonValueKind.Array ? element[int.Parse(step)] : element.TryGetProperty(step, out var next) ? next : throw new ShouldAssertException($"{path} is gone: no {step}");
        }

        return element;
    }

    private static string Golden(string name)
    {
        using var stream = typeof(QueueFormatTests).Assembly.GetManifestResourceStream($"Nightmail.Tests.Store.File.Golden.{name}");
        return stream is null ? "" : new StreamReader(stream).ReadToEnd();
    }

    private string Text() => Encoding.UTF8.GetString(world.Disk.Contents(FakeStoreWorld.Path)!);
}
