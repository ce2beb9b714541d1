using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>Settings and circuits over the API, in force at once and across restarts.</summary>
public sealed class SettingsTests
{
    private const string Account = "/api/accounts/work";

    [Fact]
    public async Task A_change_keeps_what_it_does_not_name_and_survives_a_restart_and_an_older_one_is_refused()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var before = (await world.GetAsync("/api/settings")).Body!;
        var changed = await world.AskAsync(HttpMethod.Patch, "/api/settings", """{"circuit":{"failureThreshold":2},"deferral":{"firstSeconds":1.5}}""", headers: ("If-Match", "\"0\""));
        var late = await world.AskAsync(HttpMethod.Patch, "/api/settings", """{"inDoubt":"retry"}""", headers: ("If-Match", "\"0\""));
        await world.RestartAsync(sends: false);
        var after = (await world.GetAsync("/api/settings")).Body!;

        before["circuit"]!["failureThreshold"]!.GetValue<int>().ShouldBe(5);
        (changed.Status, late.Status).ShouldBe((200, 412), changed.Body?.ToJsonString());
        after["circuit"]!["failureThreshold"]!.GetValue<int>().ShouldBe(2);
        after["circuit"]!["cooldownSeconds"]!.GetValue<double>().ShouldBe(300);
        after["deferral"]!["firstSeconds"]!.GetValue<double>().ShouldBe(1.5);
        ((string?)after["inDoubt"]).ShouldBe("hold");
    }

    [Theory]
    [InlineData("""{"inDoubt":"forget"}""", "inDoubt")]
    [InlineData("""{"retry":{"maxAttempts":0}}""", "retry.maxAttempts")]
    [InlineData("""{"deferral":{"maxSeconds":-1}}""", "deferral.maxSeconds")]
    [InlineData("""{"deferral":{"jitter":2}}""", "deferral.jitter")]
    [InlineData("""{"circuit":{"cooldownSeconds":1e12}}""", "circuit.cooldownSeconds")]
    public async Task A_value_that_cannot_be_is_refused_and_nothing_changes(string body, string field)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var before = (await world.GetAsync("/api/settings")).Body!.ToJsonString();

        var answer = await world.AskAsync(HttpMethod.Patch, "/api/settings", body);

        (answer.Status, (string?)answer.Body!["field"]).ShouldBe((422, field));
        (await world.GetAsync("/api/settings")).Body!.ToJsonString().ShouldBe(before);
    }

    [Fact]
    public async Task A_circuit_opens_after_as_many_failures_as_the_settings_say_is_shown_across_a_restart_and_closed_by_hand()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.AnswerDot("451 4.3.0 not now")] });
        await using var world = await ServerWorld.StartAsync();
        await world.AddAccountAsync(sink.Port, connections: 1);
        (await world.AskAsync(HttpMethod.Patch, "/api/settings", """{"circuit":{"failureThreshold":2,"cooldownSeconds":3600,"networkCooldownSeconds":3600}}""")).Status.ShouldBe(200);
        using var events = new EventListener(world.Client);
        await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":["a@example.org","b@example.org","c@example.org"]}""");

        await Eventually.HoldsAsync(async () => (await world.GetAsync("/api/circuits")).Body!.AsArray().Count == 1, "the circuit to open");
        await world.RestartAsync();
        var open = (await world.GetAsync("/api/circuits")).Body![0]!;
        var shown = (await world.GetAsync("/api/accounts/work")).Body!["circuit"]!;

        ((string?)open["account"], (string?)open["state"]).ShouldBe(("work", "open"));
        open["consecutiveFailures"]!.GetValue<int>().ShouldBe(2);
        ((string?)open["words"])!.ShouldContain("451 4.3.0 not now");
        ((string?)open["circuitBreakerUntil"]).ShouldNotBeNull();
        ((string?)shown["circuitBreakerUntil"]).ShouldBe((string?)open["circuitBreakerUntil"]);
        events.Lines.ShouldContain(line => line.Contains("\"account\":\"work\",\"circuit\":\"open\"", StringComparison.Ordinal));
        await sink.SetRulesAsync();
        (await world.PostAsync(Account + "/circuit/reset", "")).Status.ShouldBe(200);
        await Eventually.HoldsAsync(() => sink.Messages().Count(message => message.Taken) == 3, "all three to be sent");
        (await world.GetAsync("/api/circuits")).Body!.AsArray().ShouldBeEmpty();
        await Eventually.HoldsAsync(async () => (await world.PostAsync(Account + "/circuit/reset", "")).Status == 409, "no failure to be known");
    }

    [Fact]
    public async Task A_circuit_that_is_tried_and_closes_again_is_told()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.AnswerDot("451 4.3.0 not now")] });
        await using var world = await ServerWorld.StartAsync();
        await world.AskAsync(HttpMethod.Patch, "/api/settings", """{"circuit":{"failureThreshold":1,"cooldownSeconds":1,"networkCooldownSeconds":1}}""");
        await world.AddAccountAsync(sink.Port, connections: 1);
        using var events = new EventListener(world.Client);
        bool Told(string state) => events.Lines.Any(line => line.Contains($"\"account\":\"work\",\"circuit\":\"{state}\"", StringComparison.Ordinal));

        await world.PostAsync("/api/send", """{"subject":"s","text":"t","recipients":["a@example.org"]}""");

        await Eventually.HoldsAsync(() => Told("open"), "the opening to be told");
        await sink.SetRulesAsync();
        await Eventually.HoldsAsync(() => Told("half-open"), "the probe to be told");
        await Eventually.HoldsAsync(() => Told("closed"), "the closing to be told");
        sink.Messages().Count(message => message.Taken).ShouldBe(1);
    }

    [Fact]
    public async Task A_test_of_an_account_says_what_its_server_offers_or_why_it_could_not_send_and_sends_nothing()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(sink.Port);
        await world.PostAsync("/api/accounts", """{"name":"gone","from":"n@sender.example","transport":{"type":"smtp","host":"127.0.0.1","port":1,"security":"none"}}""");

        var works = (await world.PostAsync(Account + "/test", "")).Body!;
        var gone = (await world.PostAsync("/api/accounts/gone/test", "")).Body!;

        works["works"]!.GetValue<bool>().ShouldBeTrue(works.ToJsonString());
        works["offers"]!.AsArray().Select(each => (string?)each).ShouldContain("8BITMIME");
        (gone["works"]!.GetValue<bool>(), (string?)gone["reason"]).ShouldBe((false, "network"));
        sink.Messages().ShouldBeEmpty();
    }
}
