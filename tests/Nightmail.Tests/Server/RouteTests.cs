using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>What single routes promise beyond what every route does.</summary>
public sealed class RouteTests
{
    [Theory]
    [InlineData("/api/send", """{"recipients":["a@b.example"],"colour":"red"}""", 400, "colour")]
    [InlineData("/api/send", """{"subject":"s"}""", 400, "recipients")]
    [InlineData("/api/send", """{"subject":"s","text":"t","recipients":["nobody"]}""", 422, "recipients[0]")]
    [InlineData("/api/send", """{"subject":"s","text":"t","recipients":[{"email":"a@b.example","age":3}]}""", 400, "recipients[0].age")]
    [InlineData("/api/send", """{"subject":"s","text":"t","recipients":["a@b.example"],"scheduledFor":"2099-01-01T09:00:00"}""", 422, "scheduledFor")]
    [InlineData("/api/send", """{"subject":"s","text":"t","recipients":["a@b.example"],"scheduledFor":"2001-01-01T09:00:00Z"}""", 422, "scheduledFor")]
    [InlineData("/api/send", """{"subject":"s\nBcc: x@y.example","text":"t","recipients":["a@b.example"]}""", 422, "subject")]
    [InlineData("/api/send", """{"subject":"s","text":"t","recipients":["a@b.example"],"cc":["a@b.example\r\nX: y"]}""", 422, "cc[0]")]
    [InlineData("/api/emails", """{"to":["a@b.example"],"subject":3}""", 400, "subject")]
    [InlineData("/api/emails", """{"to":[],"subject":"s"}""", 422, "to")]
    [InlineData("/api/templates", """{"name":"n","subject":"s","html":"{{#if x}}"}""", 422, "html")]
    [InlineData("/api/accounts", """{"name":"a b","from":"a@b.example","transport":{"type":"smtp","host":"h"}}""", 422, "name")]
    [InlineData("/api/accounts", """{"name":"a","from":"a@b.example","transport":{"type":"folder","host":"h"}}""", 422, "transport.type")]
    [InlineData("/api/suppressions", """{"target":"nobody"}""", 422, "target")]
    [InlineData("/api/keys", """{"name":"k","scopes":["root"]}""", 422, "scopes")]
    [InlineData("/api/keys", "{", 400, null)]
    public async Task A_broken_body_is_refused_and_the_field_named(string path, string body, int status, string? field)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var answer = await world.PostAsync(path, body);

        answer.Status.ShouldBe(status, answer.Body?.ToJsonString());
        if (field is not null) ((string?)answer.Body!["field"]).ShouldBe(field);
    }

    [Fact]
    public async Task A_secret_goes_in_and_never_comes_out()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        const string Account = """{"name":"a","from":"a@b.example","transport":{"type":"smtp","host":"h","auth":{"username":"u","password":"hunter2-secret"}}}""";
        (await world.PostAsync("/api/accounts", Account)).Status.ShouldBe(201);

        (await world.GetAsync("/api/accounts")).Body!.ToJsonString().ShouldNotContain("hunter2");
        (await world.PostAsync("/api/accounts", Account)).Status.ShouldBe(409);
        (await world.AskAsync(HttpMethod.Put, "/api/accounts/a", """{"name":"a","from":"c@b.example","transport":{"type":"smtp","host":"h","auth":{"username":"u"}}}""")).Status.ShouldBe(200, "the password that is kept stays");
        (await world.AskAsync(HttpMethod.Put, "/api/accounts/a", """{"name":"a","from":"d@b.example","transport":{"type":"smtp","host":"h"}}""", headers: ("If-Match", "\"1\""))).Status.ShouldBe(412);
        foreach (var file in Directory.EnumerateFiles(world.Folder, "*.db*")) System.Text.Encoding.Latin1.GetString(await ReadSharedAsync(file)).ShouldNotContain("hunter2");
    }

    [Fact]
    public async Task Keys_lie_in_files_that_nobody_else_can_read_and_the_first_is_told_once()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.RestartAsync(sends: false);

        foreach (var name in new[] { "api-key", "secret-key" })
            if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(Path.Combine(world.Folder, name)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        world.Said.Count(line => line.Contains("api key", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task An_email_is_scheduled_once_however_often_its_key_comes()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);
        const string Email = """{"to":["a@example.org"],"subject":"s","text":"t","scheduledFor":"2099-12-01 09:00 Europe/Berlin"}""";

        var first = await world.AskAsync(HttpMethod.Post, "/api/emails", Email, headers: ("Idempotency-Key", "k1"));
        var again = await world.AskAsync(HttpMethod.Post, "/api/emails", Email, headers: ("Idempotency-Key", "k1"));
        var other = await world.AskAsync(HttpMethod.Post, "/api/emails", Email.Replace("\"s\"", "\"other\"", StringComparison.Ordinal), headers: ("Idempotency-Key", "k1"));

        first.Status.ShouldBe(201, first.Body?.ToJsonString());
        (again.Status, other.Status).ShouldBe((200, 409));
        ((string?)again.Body!["id"]).ShouldBe((string?)first.Body!["id"]);
        ((string?)first.Body["scheduledFor"]).ShouldBe("2099-12-01T08:00:00Z");
        ((string?)first.Body["wish"]!["timeZone"]).ShouldBe("Europe/Berlin");
        var path = $"/api/emails/{first.Body["id"]}";
        (await world.PostAsync(path + "/cancel", "")).Status.ShouldBe(200);
        (await world.PostAsync(path + "/cancel", "")).Status.ShouldBe(409);
    }

    [Fact]
    public async Task A_listener_who_was_cut_off_goes_on_where_it_was_and_is_told_when_it_missed_some()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        string? seen;
        using (var events = new EventListener(world.Client))
        {
            // Again and again: what happens before the listener is heard of is not told to it.
            await Eventually.HoldsAsync(async () => (await world.PostAsync("/api/workers/pause", "")).Status == 204 && events.Lines.Contains("data: {\"state\":\"paused\"}"), "the pause to be told");
            seen = events.LastId;
        }

        await world.PostAsync("/api/workers/resume", "");
        using (var events = new EventListener(world.Client, seen)) await Eventually.HoldsAsync(() => events.Lines.Contains("data: {\"state\":\"resumed\"}"), "what happened meanwhile");
        await world.RestartAsync();
        using (var events = new EventListener(world.Client, seen)) await Eventually.HoldsAsync(() => events.Lines.Contains("event: missed"), "the word that some were missed");
    }

    [Fact]
    public async Task A_local_time_may_name_any_zone()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);
        foreach (var time in (string[])["2099-01-01 09:00 UTC", "2099-01-01T09:00 UTC", "2099-01-01T10:00:00 Europe/Tirane"])
        {
            var (status, answer) = await world.PostAsync("/api/emails", $$"""{"to":["a@b.example"],"subject":"s","text":"t","scheduledFor":"{{time}}"}""");
            status.ShouldBe(201, answer?.ToJsonString());
            ((string)answer!["scheduledFor"]!).ShouldStartWith("2099-01-01T09:00:00");
        }
    }

    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }
}
