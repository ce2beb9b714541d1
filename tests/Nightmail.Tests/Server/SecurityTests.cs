using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Nightmail.Server.Hosting;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>What the server promises about its safety, a test a sentence.</summary>
public sealed class SecurityTests
{
    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://*:0")]
    public async Task It_listens_for_other_machines_only_behind_a_proxy_or_with_TLS(string url)
    {
        var refused = await Should.ThrowAsync<ServerRefusedException>(() => ServerWorld.StartAsync(sends: false, url));
        refused.Message.ShouldContain("would cross the network in the clear");
        await using var world = await ServerWorld.StartAsync(sends: false, url, behindProxy: true);
        (await world.GetAsync("/api/stats")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_key_has_256_bits_and_only_its_hash_is_kept()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var key = await world.KeyAsync("read");

        Base64Url.DecodeFromChars(key.AsSpan("nm_".Length)).Length.ShouldBe(32);
        (await world.AskAsync(HttpMethod.Get, "/api/stats", key: key)).Status.ShouldBe(200);
        (await world.AskAsync(HttpMethod.Get, "/api/stats", key: key[..^1] + (key[^1] == 'A' ? 'B' : 'A'))).Status.ShouldBe(401);
        await world.RestartAsync(sends: false);
        foreach (var file in Directory.EnumerateFiles(world.Folder, "*.db*")) (await world.ReadAsync(file)).ShouldNotContain(key["nm_".Length..]);
        (await world.GetAsync("/api/keys")).Body!.ToJsonString().ShouldNotContain(key["nm_".Length..]);
    }

    [Fact]
    public async Task A_key_that_is_made_under_an_idempotency_key_is_not_kept_either()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var made = await world.AskAsync(HttpMethod.Post, "/api/keys", """{"name":"k","scopes":["read"]}""", headers: ("Idempotency-Key", "k"));
        var again = await world.AskAsync(HttpMethod.Post, "/api/keys", """{"name":"k","scopes":["read"]}""", headers: ("Idempotency-Key", "k"));

        var key = (string)made.Body!["key"]!;
        again.Body!["key"].ShouldBeNull();
        await world.RestartAsync(sends: false);
        foreach (var file in Directory.EnumerateFiles(world.Folder, "*.db*")) (await world.ReadAsync(file)).ShouldNotContain(key["nm_".Length..]);
    }

    [Fact]
    public async Task Whoever_comes_through_a_proxy_needs_a_key_for_health_and_metrics_too()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        foreach (var path in new[] { "/healthz/live", "/healthz/ready", "/metrics" })
        {
            (await world.AskAsync(HttpMethod.Get, path, key: "")).Status.ShouldBe(200, path);
            (await world.AskAsync(HttpMethod.Get, path, key: "", headers: ("X-Forwarded-For", "192.0.2.1"))).Status.ShouldBe(401, path);
        }
    }

    [Fact]
    public async Task Behind_a_proxy_that_names_no_caller_the_metrics_need_a_key_all_the_same()
    {
        await using var world = await ServerWorld.StartAsync(sends: false, behindProxy: true);

        foreach (var path in new[] { "/metrics", "/api/health" })
        {
            (await world.AskAsync(HttpMethod.Get, path, key: "")).Status.ShouldBe(401, path);
            (await world.GetAsync(path)).Status.ShouldBe(200, path);
        }
    }

    [Fact]
    public async Task The_secret_of_an_account_is_neither_told_nor_said_nor_kept_in_the_clear()
    {
        await using var world = await ServerWorld.StartAsync();
        const string Secret = "correct-horse-battery";
        const string Account = """{"name":"a","from":"a@b.example","transport":{"type":"smtp","host":"127.0.0.1","port":1,"security":"none","auth":{"username":"u","password":"correct-horse-battery"}}}""";

        var made = await world.AskAsync(HttpMethod.Post, "/api/accounts", Account, headers: ("Idempotency-Key", "a"));
        await world.PostAsync("/api/accounts", Account.Replace("\"name\":\"a\"", "\"name\":\"a b\"", StringComparison.Ordinal));
        await world.PostAsync("/api/accounts/a/test", "");
        using var events = new EventListener(world.Client);
        await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":["a@example.org"]}""");
        await Eventually.HoldsAsync(async () => (await world.GetAsync("/api/accounts/a")).Body!["circuit"]?["consecutiveFailures"]?.GetValue<int>() > 0, "a failure to be known");

        made.Status.ShouldBe(201, made.Body?.ToJsonString());
        var told = string.Join('\n', made.Body!.ToJsonString(), (await world.GetAsync("/api/accounts")).Body, (await world.GetAsync("/api/logs")).Body, (await world.GetAsync("/api/health")).Body, string.Join('\n', events.Lines), string.Join('\n', world.Said));
        told.ShouldNotContain(Secret);
        await world.RestartAsync(sends: false);
        foreach (var file in Directory.EnumerateFiles(world.Folder).Where(file => Path.GetFileName(file) != "lock")) (await world.ReadAsync(file)).ShouldNotContain(Secret, Case.Sensitive, file);
    }

    /// <summary>Requests with a place for something that no header may hold, and the field of that place.</summary>
    public static TheoryData<string, string, string> Headers => new()
    {
        { "/api/emails", """{"to":["a@example.org"],"subject":"X","text":"t"}""", "subject" },
        { "/api/emails", """{"to":["aX@example.org"],"subject":"s","text":"t"}""", "to" },
        { "/api/emails", """{"to":["a@example.org"],"cc":["\"X\" <a@example.org>"],"subject":"s","text":"t"}""", "cc" },
        { "/api/emails", """{"to":["a@example.org"],"bcc":["a@exampleX.org"],"subject":"s","text":"t"}""", "bcc" },
        { "/api/emails", """{"from":"N X <news@sender.example>","to":["a@example.org"],"subject":"s","text":"t"}""", "from" },
        { "/api/send", """{"subject":"X","text":"t","recipients":["a@example.org"]}""", "subject" },
        { "/api/send", """{"subject":"s","text":"t","recipients":[{"email":"a@example.org","name":"X"}]}""", "recipients[0].email" },
        { "/api/send", """{"subject":"s","text":"t","recipients":["aX@example.org"]}""", "recipients[0]" },
        { "/api/campaigns", """{"name":"c","bcc":["aX@example.org"]}""", "bcc[0]" },
        { "/api/templates", """{"name":"t","subject":"X","text":"t"}""", "subject" },
        { "/api/accounts", """{"name":"a","from":"N X <a@b.example>","transport":{"type":"smtp","host":"h","security":"none"}}""", "from" },
        { "/api/accounts", """{"name":"a","from":"a@b.example","transport":{"type":"smtp","host":"hX","security":"none"}}""", "transport.host" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task Line_breaks_and_NUL_are_refused_in_every_header_and_address(string path, string body, string field)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);

        foreach (var evil in new[] { "\r\nBcc: eve@example.org", "\n", "\r", "\0" })
        {
            var answer = await world.PostAsync(path, body.Replace("X", JsonEncodedText.Encode(evil).ToString(), StringComparison.Ordinal));
            (answer.Status, (string?)answer.Body!["field"]).ShouldBe((422, field), $"{JsonEncodedText.Encode(evil)}: {answer.Body.ToJsonString()}");
        }
    }

    [Fact]
    public async Task A_header_with_a_word_longer_than_a_line_is_refused()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);

        var answer = await world.PostAsync("/api/emails", $$"""{"to":["a@example.org"],"subject":"{{new string('x', 1000)}}","text":"t"}""");

        (answer.Status, (string?)answer.Body!["field"]).ShouldBe((422, "subject"));
    }

    [Fact]
    public async Task A_bare_line_break_in_a_body_becomes_a_whole_one_and_ends_no_message()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);

        await world.PostAsync("/api/emails", """{"to":["a@example.org"],"subject":"s","text":"one\n.\ntwo\r.\rthree\r\n.\r\nMAIL FROM:<eve@example.org>\n"}""");

        await Eventually.HoldsAsync(() => sink.Messages().Count > 0, "the message");
        var message = sink.Messages().ShouldHaveSingleItem();
        message.From.ShouldBe("news@sender.example");
        var text = Encoding.Latin1.GetString(message.Bytes);
        text.Replace("\r\n", "", StringComparison.Ordinal).ShouldNotContain('\n');
        text.Replace("\r\n", "", StringComparison.Ordinal).ShouldNotContain('\r');
        text.ShouldContain("three\r\n");
        text.ShouldContain("MAIL FROM:<eve@example.org>");
    }

    [Theory]
    [InlineData("/api/emails", """{"to":["a@example.org"],"subject":"s","text":"t","attachments":[{"path":"/etc/passwd"}]}""")]
    [InlineData("/api/emails", """{"to":["a@example.org"],"subject":"s","text":"t","attachments":[{"url":"http://127.0.0.1/"}]}""")]
    [InlineData("/api/emails", """{"to":["a@example.org"],"subject":"s","textFile":"/etc/passwd"}""")]
    [InlineData("/api/accounts", """{"name":"a","from":"a@b.example","transport":{"type":"command","host":"h","command":"cat"}}""")]
    [InlineData("/api/accounts", """{"name":"a","from":"a@b.example","transport":{"type":"smtp","host":"h","auth":{"username":"u","passwordFile":"/etc/passwd"}}}""")]
    public async Task A_request_cannot_name_a_file_an_address_or_a_program_of_the_server_s(string path, string body)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);

        var answer = await world.PostAsync(path, body);

        answer.Status.ShouldBe(400, answer.Body?.ToJsonString());
    }

    [Theory]
    [InlineData("{{> /etc/passwd}}", "is not allowed")]
    [InlineData("{{lookup this 'x'}}", "there are variables and no functions")]
    [InlineData("{{#exec 'id'}}{{/exec}}", "there is no block")]
    public async Task A_template_reads_nothing_but_its_data(string html, string error)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var answer = await world.PostAsync("/api/templates", JsonSerializer.Serialize(new Dictionary<string, string> { ["name"] = "t", ["subject"] = "s", ["html"] = html }, StringsJson.Default.DictionaryStringString));

        (answer.Status, (string?)answer.Body!["field"]).ShouldBe((422, "html"));
        ((string?)answer.Body["detail"])!.ShouldContain(error);
    }

    [Fact]
    public async Task A_template_of_a_million_loops_ends_in_an_error_over_the_API_and_fails_its_recipient_alone()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var template = (string)(await world.PostAsync("/api/templates", """{"name":"t","subject":"s","text":"{{#each a}}{{#each @root.a}}{{#each @root.a}}x{{/each}}{{/each}}{{/each}}."}""")).Body!["id"]!;
        var hundred = string.Join(',', Enumerable.Repeat("1", 100));

        var preview = await world.PostAsync($"/api/templates/{template}/preview", $$$"""{"variables":{"a":[{{{hundred}}}]}}""");
        var sent = await world.PostAsync("/api/send", $$$"""{"templateId":"{{{template}}}","recipients":[{"email":"evil@example.org","variables":{"a":[{{{hundred}}}]}},{"email":"good@example.org","variables":{"a":[1]}}]}""");

        (preview.Status, (string?)preview.Body!["field"]).ShouldBe((422, "text"));
        ((string?)preview.Body["detail"])!.ShouldContain("turns of loops");
        var campaign = (string)sent.Body!["campaignId"]!;
        await world.WaitForStatusAsync(campaign, "completed_with_failures");
        sink.Messages().ShouldHaveSingleItem().Recipients.ShouldBe(["good@example.org"]);
        ((string?)(await world.GetAsync($"/api/campaigns/{campaign}/recipients?status=failed")).Body!["items"]![0]!["reason"]).ShouldBe("render");
    }
}
