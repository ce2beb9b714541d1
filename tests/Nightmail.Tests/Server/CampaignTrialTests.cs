using System.Globalization;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>What can be seen of a campaign before it goes, and what can be done when it has gone badly.</summary>
public sealed class CampaignTrialTests
{
    private const string Lines = """
        {"email":"ada@example.org","name":"Ada","variables":{"code":"C1"}}
        {"email":"Bob.Builder@example.org","name":"Bob \"the\" Builder","variables":{"code":"C2"}}
        """;

    [Fact]
    public async Task A_preview_has_the_variables_of_the_recipient_that_is_named_letter_case_aside()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var (campaign, template) = await DraftAsync(world);

        var first = await world.PostAsync($"/api/campaigns/{campaign}/preview", "{}");
        var named = await world.PostAsync($"/api/campaigns/{campaign}/preview", """{"email":"bob.builder@EXAMPLE.org"}""");
        var given = await world.PostAsync($"/api/campaigns/{campaign}/preview", """{"variables":{"name":"Eve"}}""");
        var ofTemplate = await world.PostAsync($"/api/templates/{template}/preview", $$"""{"campaignId":"{{campaign}}","email":"bob.builder@example.org"}""");
        var nobody = await world.PostAsync($"/api/campaigns/{campaign}/preview", """{"email":"eve@example.org"}""");
        var nowhere = await world.PostAsync($"/api/templates/{template}/preview", """{"email":"ada@example.org"}""");

        ((string?)first.Body!["subject"]).ShouldBe("Hello Ada");
        ((string?)named.Body!["html"]).ShouldBe("<p>Bob &quot;the&quot; Builder: C2</p>");
        ((string?)ofTemplate.Body!["html"]).ShouldBe("<p>Bob &quot;the&quot; Builder: C2</p>");
        given.Body!["missing"]!.ToJsonString().ShouldBe("""["code"]""");
        (nobody.Status, (string?)nobody.Body!["field"]).ShouldBe((422, "email"));
        (nowhere.Status, (string?)nowhere.Body!["field"]).ShouldBe((422, "campaignId"));
    }

    [Fact]
    public async Task A_test_goes_to_oneself_with_a_recipient_s_variables_and_once_for_one_key()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var (campaign, _) = await DraftAsync(world);

        var sent = await world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/test", """{"to":"me@example.org","email":"bob.builder@example.org"}""", headers: ("Idempotency-Key", "t1"));
        var again = await world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/test", """{"to":"me@example.org","email":"bob.builder@example.org"}""", headers: ("Idempotency-Key", "t1"));

        (sent.Status, again.Status).ShouldBe((201, 201), sent.Body?.ToJsonString());
        again.Body!.ToJsonString().ShouldBe(sent.Body!.ToJsonString());
        await Eventually.HoldsAsync(async () => (string?)(await world.GetAsync($"/api/emails/{sent.Body["id"]}")).Body!["status"] == "sent", "the test to be sent");
        sink.Messages().ShouldHaveSingleItem().Recipients.ShouldBe(["me@example.org"]);
        sink.Messages()[0].Text.ShouldContain("C2");
        ((string?)(await world.GetAsync($"/api/campaigns/{campaign}")).Body!["status"]).ShouldBe("draft");
    }

    [Fact]
    public async Task A_plan_says_who_gets_nothing_how_many_go_through_which_account_and_when_it_ends()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        foreach (var (name, perMinute) in new[] { ("one", 10), ("two", 20) })
        {
            var made = await world.PostAsync("/api/accounts", $$$"""{"name":"{{{name}}}","from":"n@sender.example","transport":{"type":"smtp","host":"127.0.0.1","security":"none"},"limits":{"perMinute":{{{perMinute}}}}}""");
            made.Status.ShouldBe(201, made.Body?.ToJsonString());
        }

        var campaign = (string)(await world.PostAsync("/api/campaigns", """{"name":"c","subject":"{{code}}","text":"t"}""")).Body!["id"]!;
        var lines = string.Join('\n', Enumerable.Range(0, 101).Select(i => $$$"""{"email":"r{{{i}}}@example.org","variables":{"code":"{{{(i == 7 ? "" : "c")}}}"}}"""));
        (await world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/recipients", lines, contentType: "application/x-ndjson")).Status.ShouldBe(200);
        await world.PostAsync("/api/suppressions", """{"target":"r100@example.org","reason":"asked"}""");

        var plan = (await world.GetAsync($"/api/campaigns/{campaign}/plan")).Body!;

        (plan["waiting"]!.GetValue<int>(), plan["suppressed"]!.GetValue<int>(), plan["lackVariables"]!.GetValue<int>(), plan["leftOver"]!.GetValue<int>()).ShouldBe((101, 1, 1, 0), plan.ToJsonString());
        plan["lacking"]!.AsArray().Select(each => (string?)each).ShouldBe(["r7@example.org: code"]);
        // A hundred at thirty a minute: three windows are full, ten are left for the fourth.
        plan["accounts"]!.AsArray().Sum(each => each!["emails"]!.GetValue<int>()).ShouldBe(100);
        plan["accounts"]!.AsArray().Select(each => (string?)each!["limit"]).ShouldBe(["10 a minute", "20 a minute"]);
        var took = Instant(plan["endsAt"]!) - Instant(plan["startsAt"]!);
        took.ShouldBeInRange(TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(3.5));
    }

    [Fact]
    public async Task Where_accounts_may_take_only_so_many_of_a_campaign_the_plan_and_then_why_say_that_others_must_take_the_rest()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync();
        var made = await world.PostAsync("/api/accounts", $$$"""{"name":"one","from":"n@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":{{{sink.Port}}},"security":"none"},"limits":{"perCampaign":3}}""");
        made.Status.ShouldBe(201, made.Body?.ToJsonString());
        var campaign = (string)(await world.PostAsync("/api/campaigns", """{"name":"c","subject":"s","text":"t"}""")).Body!["id"]!;
        var lines = string.Join('\n', Enumerable.Range(0, 5).Select(i => $$$"""{"email":"r{{{i}}}@example.org"}"""));
        (await world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/recipients", lines, contentType: "application/x-ndjson")).Status.ShouldBe(200);

        var plan = (await world.GetAsync($"/api/campaigns/{campaign}/plan")).Body!;

        plan["leftOver"]!.GetValue<int>().ShouldBe(2, plan.ToJsonString());
        (plan["accounts"]![0]!["emails"]!.GetValue<int>(), (string?)plan["accounts"]![0]!["limit"]).ShouldBe((3, "3 a campaign"));
        (await world.PostAsync($"/api/campaigns/{campaign}/schedule", "{}")).Status.ShouldBe(200);
        await Eventually.HoldsAsync(async () => (await CountAsync("sent")) == 3, "as many to be sent as it may");
        var left = (await world.GetAsync($"/api/campaigns/{campaign}/recipients?status=pending")).Body!["items"]!.AsArray();
        left.Count.ShouldBe(2);
        ((string?)(await world.GetAsync($"/api/emails/{left[0]!["id"]}/why")).Body!["why"]).ShouldEndWith("account one has its 3 emails of this campaign, and no time changes that: other accounts must take the rest, or a limit perCampaign be raised");
        (await world.GetAsync($"/api/campaigns/{campaign}/plan")).Body!["leftOver"]!.GetValue<int>().ShouldBe(2);
        ((int)(await world.GetAsync("/api/standings")).Body![0]!["limits"]!["perCampaign"]!).ShouldBe(3);
        sink.Messages().Count.ShouldBe(3);

        async Task<int> CountAsync(string status) => (int)(await world.GetAsync($"/api/campaigns/{campaign}/progress")).Body![status]!;
    }

    [Fact]
    public async Task A_plan_for_which_no_account_is_there_leaves_everybody_over()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var (campaign, _) = await DraftAsync(world);

        var plan = (await world.GetAsync($"/api/campaigns/{campaign}/plan")).Body!;

        plan["leftOver"]!.GetValue<int>().ShouldBe(2);
        plan["endsAt"].ShouldBeNull();
    }

    [Fact]
    public async Task A_retry_sends_to_those_who_failed_and_to_nobody_else()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.RefuseRecipient("ada@example.org", "554 5.7.1 not today")] });
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port);
        var (campaign, _) = await DraftAsync(world);
        await world.PostAsync($"/api/campaigns/{campaign}/schedule", "{}");
        await world.WaitForStatusAsync(campaign, "completed_with_failures");
        await sink.SetRulesAsync();

        var retried = await world.PostAsync($"/api/campaigns/{campaign}/retry", "");

        retried.Status.ShouldBe(200, retried.Body?.ToJsonString());
        retried.Body!["retried"]!.GetValue<int>().ShouldBe(retried.Body["refused"]!.GetValue<int>() == 1 ? 0 : 1);
        await world.WaitForStatusAsync(campaign, "completed");
        sink.Messages().Count(message => message.Recipients.Contains("Bob.Builder@example.org")).ShouldBe(1);
        sink.Messages().Count(message => message.Recipients.Contains("ada@example.org")).ShouldBe(1);
        (await world.PostAsync($"/api/campaigns/{campaign}/retry", "")).Status.ShouldBe(409);
    }

    private static DateTimeOffset Instant(System.Text.Json.Nodes.JsonNode text) => DateTimeOffset.Parse((string)text!, CultureInfo.InvariantCulture);

    private static async Task<(string Campaign, string Template)> DraftAsync(ServerWorld world)
    {
        var template = (string)(await world.PostAsync("/api/templates", """{"name":"t","subject":"Hello {{name}}","html":"<p>{{name}}: {{code}}</p>"}""")).Body!["id"]!;
        var campaign = (string)(await world.PostAsync("/api/campaigns", $$"""{"name":"c","templateId":"{{template}}"}""")).Body!["id"]!;
        var added = await world.AskAsync(HttpMethod.Post, $"/api/campaigns/{campaign}/recipients", Lines, contentType: "application/x-ndjson");
        added.Status.ShouldBe(200, added.Body?.ToJsonString());
        return (campaign, template);
    }
}
