using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>What every route says to those who have no key, the wrong one, or ask for what cannot be.</summary>
public sealed class RouteTests
{
    private const string NoEmail = "/api/emails/01900000000070008000000000000000";
    private const string NoCampaign = "/api/campaigns/01900000000070008000000000000000";
    private const string NoTemplate = "/api/templates/01900000000070008000000000000000";

    /// <summary>Method, path, a key that is not enough (empty: every key is).</summary>
    private static readonly (string Method, string Path, string TooLittle)[] Routes =
    [
        ("PATCH", NoEmail, "read"), ("DELETE", NoEmail, "read"), ("POST", NoCampaign + "/retry", "read"), ("GET", NoCampaign + "/plan", "send"), ("POST", NoCampaign + "/test", "read"),
        ("GET", "/api/circuits", "send"), ("POST", "/api/accounts/none/test", "send"), ("POST", "/api/accounts/none/circuit/reset", "read"), ("GET", "/api/settings", "send"), ("PATCH", "/api/settings", "send"),
        ("POST", "/api/suppressions/import", "read"), ("GET", "/api/suppressions/export", "send"),
        ("POST", "/api/send", "read"),
        ("POST", "/api/emails", "read"), ("GET", "/api/emails", "send"), ("GET", NoEmail, "send"), ("GET", NoEmail + "/why", "send"), ("GET", NoEmail + "/raw", "send"), ("GET", NoEmail + "/attempts", "send"),
        ("POST", NoEmail + "/cancel", "read"), ("POST", NoEmail + "/pause", "read"), ("POST", NoEmail + "/resume", "read"), ("POST", NoEmail + "/retry", "read"), ("POST", NoEmail + "/mark-sent", "read"),
        ("POST", NoEmail + "/send-now", "read"), ("POST", NoEmail + "/reschedule", "read"), ("PUT", NoEmail + "/content", "read"),
        ("POST", "/api/login-links", "send"), ("GET", "/api/session", "send"), ("DELETE", "/api/session", "send"),
        ("POST", "/api/blobs", "read"), ("GET", "/api/blobs/none?size=1", "send"), ("GET", "/api/standings", "send"),
        ("POST", "/api/campaigns", "read"), ("GET", "/api/campaigns", "send"), ("GET", NoCampaign, "send"), ("PATCH", NoCampaign, "read"), ("DELETE", NoCampaign, "read"), ("POST", NoCampaign + "/schedule", "read"),
        ("POST", NoCampaign + "/pause", "read"), ("POST", NoCampaign + "/resume", "read"), ("POST", NoCampaign + "/cancel", "read"), ("POST", NoCampaign + "/duplicate", "read"), ("POST", NoCampaign + "/preview", "send"),
        ("GET", NoCampaign + "/progress", "send"), ("POST", NoCampaign + "/recipients", "read"), ("GET", NoCampaign + "/recipients", "send"),
        ("POST", "/api/accounts", "send"), ("GET", "/api/accounts", "send"), ("PUT", "/api/accounts/order", "send"), ("GET", "/api/accounts/none", "send"), ("PUT", "/api/accounts/none", "send"), ("DELETE", "/api/accounts/none", "send"),
        ("POST", "/api/templates", "read"), ("GET", "/api/templates", "send"), ("GET", NoTemplate, "send"), ("PUT", NoTemplate, "read"), ("DELETE", NoTemplate, "read"), ("GET", NoTemplate + "/versions", "send"), ("POST", NoTemplate + "/preview", "send"),
        ("POST", "/api/suppressions", "read"), ("GET", "/api/suppressions", "send"), ("DELETE", "/api/suppressions/none@example.org", "read"),
        ("GET", "/api/logs", "send"), ("POST", "/api/keys", "send"), ("GET", "/api/keys", "send"), ("DELETE", "/api/keys/01900000000070008000000000000000", "send"),
        ("GET", "/api/backups", "send"), ("POST", "/api/backups", "send"), ("PUT", "/api/backups/settings", "send"), ("POST", "/api/backups/prune", "send"), ("GET", "/api/backups/none", "read"),
        ("POST", "/api/backups/none/verify", "send"), ("POST", "/api/backups/none/restore", "send"), ("DELETE", "/api/backups/none", "send"),
        ("GET", "/api/scheduled-work", "send"), ("GET", "/api/scheduled-work/none", "send"), ("PUT", "/api/scheduled-work/none", "send"),
        ("GET", "/api/stats", "send"), ("GET", "/api/workers", "send"), ("POST", "/api/workers/pause", "read"), ("POST", "/api/workers/resume", "read"), ("GET", "/api/health", "send"), ("GET", "/api/events", "send"),
    ];

    [Fact]
    public async Task Every_route_refuses_a_missing_a_wrong_and_a_too_small_key()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var keys = new Dictionary<string, string> { ["read"] = await world.KeyAsync("read"), ["send"] = await world.KeyAsync("send") };

        foreach (var (method, path, tooLittle) in Routes)
        {
            (await world.AskAsync(new(method), path, key: "")).Status.ShouldBe(401, $"{method} {path} without a key");
            (await world.AskAsync(new(method), path, key: "nm_wrong")).Status.ShouldBe(401, $"{method} {path} with a wrong key");
            (await world.AskAsync(new(method), path, key: keys[tooLittle])).Status.ShouldBe(403, $"{method} {path} with a key for {tooLittle}");
        }
    }

    [Fact]
    public async Task What_does_not_exist_is_not_found()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        foreach (var (method, path, _) in Routes.Where(route => route.Path.Contains("01900000", StringComparison.Ordinal) || route.Path.Contains("none", StringComparison.Ordinal)))
        {
            if (path.EndsWith("recipients", StringComparison.Ordinal) && method == "POST") continue;
            var body = method switch
            {
                _ when path.StartsWith("/api/accounts/", StringComparison.Ordinal) && method == "PUT" => """{"name":"none","from":"a@b.example","transport":{"type":"smtp","host":"h"}}""",
                _ when path == NoCampaign + "/test" => """{"to":"a@b.example"}""",
                _ when path.StartsWith("/api/scheduled-work/", StringComparison.Ordinal) && method == "PUT" => "{}",
                _ when path == NoTemplate && method == "PUT" => """{"name":"n","subject":"s","text":"t"}""",
                _ when path.EndsWith("reschedule", StringComparison.Ordinal) => """{"scheduledFor":"2099-01-01T00:00:00Z"}""",
                _ when path.EndsWith("/content", StringComparison.Ordinal) => """{"to":["bob@example.org"],"subject":"x"}""",
                "POST" or "PATCH" => "{}",
                _ => null,
            };
            (await world.AskAsync(new(method), path, body)).Status.ShouldBe(404, $"{method} {path}");
        }
    }

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
            await world.PostAsync("/api/workers/pause", "");
            await Eventually.HoldsAsync(() => events.Lines.Contains("data: {\"state\":\"paused\"}"), "the pause to be told");
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
        foreach (var time in (string[])["2099-01-01 09:00 UTC", "2099-01-01T09:00 UTC", "2099-01-01T10:00:00 Europe/Tirane"])
        {
            var (status, answer) = await world.PostAsync("/api/emails", $$"""{"to":["a@b.example"],"subject":"s","text":"t","scheduledFor":"{{time}}"}""");
            status.ShouldBe(201, answer?.ToJsonString());
            ((string)answer!["scheduledFor"]!).ShouldStartWith("2099-01-01T09:00:00");
        }
    }

    [Fact]
    public async Task The_description_names_every_route()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var description = await world.AskAsync(HttpMethod.Get, "/openapi/v1.json", key: "");

        description.Status.ShouldBe(200, description.Body?.ToJsonString());
        ((string)description.Body!["openapi"]!).ShouldStartWith("3.1");
        var described = description.Body["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(method => $"{method.Key.ToUpperInvariant()} {path.Key}")).Count();
        described.ShouldBe(Routes.Length);
    }

    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }
}
