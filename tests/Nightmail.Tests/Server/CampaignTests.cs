using System.Text;
using System.Text.Json.Nodes;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>Campaigns over HTTP, sent to a real mail server.</summary>
public sealed class CampaignTests
{
    private static readonly string[] Settled = ["sent", "failed", "cancelled", "inDoubt"];

    [Fact]
    public async Task A_thousand_recipients_from_CSV_each_get_one_message_with_their_own_variables()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        var added = await world.AddAccountAsync(sink.Port);
        added.Status.ShouldBe(201, added.Body?.ToJsonString());
        var template = (string)(await world.PostAsync("/api/templates", """{"name":"news","subject":"Hello {{name}}","html":"<p>Your code is <b>{{code}}</b></p>"}""")).Body!["id"]!;
        var campaign = (string)(await world.PostAsync("/api/campaigns", $$"""{"name":"spring","templateId":"{{template}}","cc":["boss@example.org"],"bcc":["archive@example.org"]}""")).Body!["id"]!;
        var csv = new StringBuilder("email;name;code\n");
        for (var i = 0; i < 1000; i++) csv.Append($"r{i}@example.org;\"Person {i}; <the> \u00e4\";C{i:0000}\n");
        (await world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/recipients", csv.ToString(), contentType: "text/csv")).Body!["added"]!.GetValue<int>().ShouldBe(1000);
        using var events = new EventListener(world.Client);

        var at = TimeProvider.System.GetUtcNow().AddSeconds(5);
        var scheduled = await world.PostAsync($"/api/campaigns/{campaign}/schedule", $$"""{"scheduledFor":"{{at:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}}"}""");

        scheduled.Status.ShouldBe(200, scheduled.Body?.ToJsonString());
        ((string?)scheduled.Body!["status"]).ShouldBe("scheduled");
        JsonNode progress;
        do
        {
            progress = (await world.GetAsync($"/api/campaigns/{campaign}/progress")).Body!;
            var sum = Settled.Concat(["pending", "sending", "paused"]).Sum(name => progress[name]!.GetValue<long>());
            sum.ShouldBe(1000);
            progress["total"]!.GetValue<long>().ShouldBe(1000);
            if (TimeProvider.System.GetUtcNow() < at) progress["sent"]!.GetValue<long>().ShouldBe(0);
        }
        while ((string?)progress["status"] is "scheduled" or "sending");

        ((string?)progress["status"]).ShouldBe("completed", progress.ToJsonString());
        var messages = sink.Messages();
        messages.Count.ShouldBe(1000);
        messages.Min(message => message.ReceivedAt)!.Value.ShouldBeGreaterThanOrEqualTo(at.AddMilliseconds(-1));
        foreach (var message in messages)
        {
            message.Recipients.Count.ShouldBe(3);
            message.Recipients.Skip(1).ShouldBe(["boss@example.org", "archive@example.org"]);
            var number = int.Parse(message.Recipients[0][1..message.Recipients[0].IndexOf('@', StringComparison.Ordinal)]);
            message.Text.ShouldContain($"Your code is <b>C{number:0000}</b>");
            message.Text.ShouldNotContain("archive@example.org");
            message.Header("Cc").ShouldBe("boss@example.org");
        }

        messages.Select(message => message.Recipients[0]).Distinct().Count().ShouldBe(1000);
        await LogHasEveryAttemptAsync(world, campaign, 1000);
        await Eventually.HoldsAsync(() => events.Count("sent") >= 1000, "an event for every email that was sent");
    }

    [Fact]
    public async Task One_call_sends_a_message_to_many_at_once()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);

        var answer = await world.PostAsync("/api/send", """{"subject":"Hi {{name}}","text":"for {{email}}","recipients":["a@example.org",{"email":"b@example.org","name":"Bob","variables":{"name":"Bobby"}}],"allowMissing":true}""");

        answer.Status.ShouldBe(202, answer.Body?.ToJsonString());
        ((string?)answer.Body!["status"]).ShouldBe("sending");
        await world.WaitForStatusAsync((string)answer.Body["campaignId"]!, "completed");
        var messages = sink.Messages().OrderBy(message => message.Recipients[0], StringComparer.Ordinal).ToList();
        messages.Select(message => message.Header("Subject")).ShouldBe(["Hi", "Hi Bobby"]);
        messages[1].Header("To").ShouldBe("Bob <b@example.org>");
        messages[0].Text.ShouldContain("for a@example.org");
    }

    [Fact]
    public async Task Missing_variables_stop_a_send_and_leave_nothing_to_send()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);

        var answer = await world.PostAsync("/api/send", """{"subject":"Hi {{name}}","text":"{{code}}","recipients":["a@example.org"]}""");

        answer.Status.ShouldBe(422);
        ((string?)answer.Body!["field"]).ShouldBe("variables");
        ((string?)answer.Body["detail"])!.ShouldContain("a@example.org: name, code");
        (await world.GetAsync("/api/campaigns")).Body!["items"]!.AsArray().ShouldBeEmpty();
        sink.Messages().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_pause_in_the_middle_holds_everything_back_and_a_resume_lets_the_rest_go()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.DelayDot(TimeSpan.FromMilliseconds(20))] });
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port, connections: 2);
        var campaign = await SendAsync(world, 200);
        await Eventually.HoldsAsync(() => sink.Messages().Count >= 10, "some messages");

        (await world.PostAsync($"/api/campaigns/{campaign}/pause", "")).Status.ShouldBe(200);
        await Eventually.HoldsAsync(async () => (await world.GetAsync($"/api/campaigns/{campaign}/progress")).Body!["sending"]!.GetValue<int>() == 0, "what had begun to end");
        var sent = sink.Messages().Count;
        var progress = (await world.GetAsync($"/api/campaigns/{campaign}/progress")).Body!;

        ((string?)progress["status"]).ShouldBe("paused");
        progress["sent"]!.GetValue<int>().ShouldBe(sent);
        sent.ShouldBeLessThan(200);
        await world.RestartAsync();
        ((string?)(await world.GetAsync($"/api/campaigns/{campaign}/progress")).Body!["status"]).ShouldBe("paused");
        sink.Messages().Count.ShouldBe(sent);
        (await world.PostAsync($"/api/campaigns/{campaign}/resume", "")).Status.ShouldBe(200);
        await world.WaitForStatusAsync(campaign, "completed");
        sink.Messages().Select(message => message.Recipients[0]).Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(0, 200).Select(i => $"r{i}@example.org").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_cancel_in_the_middle_ends_it_and_the_rest_never_leaves()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.DelayDot(TimeSpan.FromMilliseconds(20))] });
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port, connections: 2);
        var campaign = await SendAsync(world, 200);
        await Eventually.HoldsAsync(() => sink.Messages().Count >= 10, "some messages");

        (await world.PostAsync($"/api/campaigns/{campaign}/cancel", "")).Status.ShouldBe(200);
        await Eventually.HoldsAsync(async () => (await world.GetAsync($"/api/campaigns/{campaign}/progress")).Body! is var now && now["pending"]!.GetValue<int>() + now["sending"]!.GetValue<int>() == 0, "the rows to follow");
        var progress = (await world.GetAsync($"/api/campaigns/{campaign}/progress")).Body!;

        ((string?)progress["status"]).ShouldBe("cancelled");
        (progress["sent"]!.GetValue<int>() + progress["cancelled"]!.GetValue<int>()).ShouldBe(200);
        sink.Messages().Count.ShouldBe(progress["sent"]!.GetValue<int>());
        (await world.PostAsync($"/api/campaigns/{campaign}/resume", "")).Status.ShouldBe(409);
    }

    [Fact]
    public async Task Refused_recipients_make_it_completed_with_failures_and_the_log_has_the_server_s_words()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.RefuseRecipient("r3@example.org", "550 5.1.1 no such user")] });
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);

        var campaign = await SendAsync(world, 5);
        await world.WaitForStatusAsync(campaign, "completed_with_failures");

        var failed = (await world.GetAsync($"/api/campaigns/{campaign}/recipients?status=failed")).Body!["items"]!.AsArray();
        failed.Select(each => (string?)each!["email"]).ShouldBe(["r3@example.org"]);
        await Eventually.HoldsAsync(async () => (await world.GetAsync($"/api/logs?campaign={campaign}&outcome=failed")).Body!["items"]!.AsArray().Count == 1, "the log to be written");
        var row = (await world.GetAsync($"/api/logs?campaign={campaign}&outcome=failed")).Body!["items"]![0]!;
        (row["code"]!.GetValue<int>(), (string?)row["enhanced"], row["retryCount"]!.GetValue<int>()).ShouldBe((550, "5.1.1", 0));
    }

    [Fact]
    public async Task A_suppressed_address_gets_nothing_and_an_address_counts_once()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        (await world.PostAsync("/api/suppressions", """{"target":"*@spam.example","reason":"asked"}""")).Status.ShouldBe(201);
        var campaign = (string)(await world.PostAsync("/api/campaigns", """{"name":"c","subject":"s","text":"t"}""")).Body!["id"]!;

        var added = await world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/recipients", "\"a@example.org\"\n\"A@Example.org\"\n\"x@spam.example\"\n", contentType: "application/x-ndjson");

        added.Body!.ToJsonString().ShouldBe("""{"added":1,"duplicates":1,"suppressed":1}""");
        await world.PostAsync($"/api/campaigns/{campaign}/schedule", "{}");
        await world.WaitForStatusAsync(campaign, "completed");
        sink.Messages().Select(message => message.Recipients[0]).ShouldBe(["a@example.org"]);
    }

    [Fact]
    public async Task A_small_campaign_does_not_wait_for_a_large_one()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.DelayDot(TimeSpan.FromMilliseconds(10))] });
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port, connections: 2);
        await SendAsync(world, 1000, "large");
        await Eventually.HoldsAsync(() => sink.Messages().Count >= 5, "the large one to have begun");

        var small = await SendAsync(world, 5, "small");
        await world.WaitForStatusAsync(small, "completed");

        sink.Messages().Count.ShouldBeLessThan(1000);
    }

    private static async Task<string> SendAsync(ServerWorld world, int recipients, string prefix = "r")
    {
        var all = string.Join(',', Enumerable.Range(0, recipients).Select(i => $"\"{prefix}{i}@example.org\""));
        var answer = await world.PostAsync("/api/send", $$"""{"subject":"s","text":"t","recipients":[{{all}}]}""");
        answer.Status.ShouldBe(202, answer.Body?.ToJsonString());
        return (string)answer.Body!["campaignId"]!;
    }

    private static async Task LogHasEveryAttemptAsync(ServerWorld world, string campaign, int attempts)
    {
        await Eventually.HoldsAsync(async () => (await world.GetAsync($"/api/logs?campaign={campaign}&limit=1000")).Body!["items"]!.AsArray().Count == attempts, "the log to be written");
        var rows = (await world.GetAsync($"/api/logs?campaign={campaign}&limit=1000")).Body!["items"]!.AsArray();
        rows.Select(row => (string?)row!["email"]).Distinct().Count().ShouldBe(attempts);
        rows.ShouldAllBe(row => row!["retryCount"]!.GetValue<int>() == 0 && (string?)row["outcome"] == "sent" && row["code"]!.GetValue<int>() == 250);
    }
}
