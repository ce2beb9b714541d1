using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Routes;

/// <summary>Every route in every case: a success, no key, a key of another scope, a broken body, an unknown id, a state that refuses it.</summary>
public sealed class RouteMatrixTests
{
    /// <summary>The account that sends to the sink.</summary>
    internal const string Account = "work";

    /// <summary>What the sink refuses.</summary>
    internal static readonly SinkRule Refusing = SinkRule.RefuseRecipient("refused@example.org", "550 5.1.1 no such user");

    private static readonly Dictionary<string, RouteRow> Rows = ((RouteRow[])[.. EmailRows.All, .. CampaignRows.All, .. ServerRows.All]).ToDictionary(row => row.Operation, StringComparer.Ordinal);

    [Fact]
    public async Task Every_route_has_its_row_and_the_row_has_every_case()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        foreach (var route in await RoutesAsync(world))
        {
            Rows.ShouldContainKey(route.Operation, $"{route.Method} {route.Path} has no row in {nameof(RouteMatrixTests)}");
            var row = Rows[route.Operation];
            if (route.HasBody) (row.Broken?.Body ?? row.NeverBroken).ShouldNotBeNull($"{route.Operation} takes a body: say which one is broken");
            if (route.Path.Contains('{', StringComparison.Ordinal)) row.Unknown.ShouldNotBeNull($"{route.Operation} names a thing: say which one is unknown");
            if (route.Method != "GET") (row.Refused ?? row.NeverRefused ?? (row.RefusedByKey ? "" : null)).ShouldNotBeNull($"{route.Operation} changes something: say which state refuses it, or why none does");
        }
    }

    [Fact]
    public async Task Every_route_does_what_it_is_for()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [Refusing] });
        await using var world = await WorldAsync(sink);
        var things = new Things(world, sink);

        foreach (var (route, row) in await PairsAsync(world))
        {
            if (route.Operation == "events") continue; // It never ends; the listeners of other tests read it.
            var (path, body) = (await things.FillAsync(row.Path), row.Body is { } text ? await things.FillAsync(text) : null);
            var answer = await world.AskAsync(new(route.Method), path, body, contentType: row.ContentType);
            answer.Status.ShouldBe(row.Success, $"{route.Method} {path} {body}: {answer.Body?.ToJsonString()}");
            if (route.Operation is "pauseSending" or "restoreBackup") await world.PostAsync("/api/workers/resume", "");
        }
    }

    [Fact]
    public async Task Every_route_refuses_a_missing_a_wrong_and_a_too_small_key_before_it_reads_anything()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var keys = new Dictionary<string, string> { ["read"] = await world.KeyAsync("read"), ["send"] = await world.KeyAsync("send") };

        foreach (var route in await RoutesAsync(world))
        {
            var path = route.Path.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
            // Each scope opens what it is for and nothing else; an administrator's key opens all.
            var tooLittle = route.Scope == "read" ? keys["send"] : keys["read"];
            (await world.AskAsync(new(route.Method), path, key: "")).Status.ShouldBe(401, $"{route.Operation} without a key");
            (await world.AskAsync(new(route.Method), path, key: "nm_wrong")).Status.ShouldBe(401, $"{route.Operation} with a wrong key");
            (await world.AskAsync(new(route.Method), path, key: tooLittle)).Status.ShouldBe(403, $"{route.Operation} with another scope than {route.Scope}");
            if (route.Scope == "admin") (await world.AskAsync(new(route.Method), path, key: keys["send"])).Status.ShouldBe(403, $"{route.Operation} with the scope send");
        }
    }

    [Fact]
    public async Task Every_route_that_takes_a_body_refuses_a_broken_one_and_names_the_field()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [Refusing] });
        await using var world = await WorldAsync(sink);
        var things = new Things(world, sink);

        foreach (var (route, row) in (await PairsAsync(world)).Where(pair => pair.Row.Broken is not null))
        {
            var (body, field) = row.Broken!.Value;
            var path = await things.FillAsync(row.Path);
            var answer = await world.AskAsync(new(route.Method), path, body, contentType: row.ContentType);
            answer.Status.ShouldBeOneOf([400, 422], $"{route.Method} {path} {body}: {answer.Body?.ToJsonString()}");
            ((string?)answer.Body!["field"]).ShouldBe(field, $"{route.Operation}: {answer.Body.ToJsonString()}");
            if (row.ContentType != "application/json") continue;
            var unread = await world.AskAsync(new(route.Method), path, "{");
            unread.Status.ShouldBe(400, $"{route.Operation}: {unread.Body?.ToJsonString()}");
            (await world.AskAsync(new(route.Method), path, row.Body is { Length: > 0 } good ? await things.FillAsync(good) : "x", contentType: "text/plain")).Status.ShouldBe(415, route.Operation);
        }
    }

    [Fact]
    public async Task Every_route_that_names_a_thing_says_when_there_is_none()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(25);
        await using var sink = await AiosmtpdSink.StartAsync();
        var things = new Things(world, sink);

        foreach (var (route, row) in (await PairsAsync(world)).Where(pair => pair.Row.Unknown is not null))
        {
            var name = row.Unknown!.Split('/')[3];
            var body = row.Body is { Length: > 0 } good ? (await things.FillAsync(good.Replace("{sameAccount}", name, StringComparison.Ordinal))) : row.Body;
            var answer = await world.AskAsync(new(route.Method), row.Unknown, body, contentType: row.ContentType);
            answer.Status.ShouldBe(404, $"{route.Method} {row.Unknown}: {answer.Body?.ToJsonString()}");
        }
    }

    [Fact]
    public async Task Every_route_that_changes_something_is_refused_by_the_state_that_forbids_it()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [Refusing] });
        await using var world = await WorldAsync(sink);
        var things = new Things(world, sink);

        foreach (var (route, row) in (await PairsAsync(world)).Where(pair => pair.Row.Refused is not null || pair.Row.RefusedByKey))
        {
            var path = await things.FillAsync(row.Refused ?? row.Path);
            var body = (row.RefusedBody ?? row.Body) is { } text ? await things.FillAsync(text) : null;
            if (row.RefusedByKey)
            {
                (await world.AskAsync(new(route.Method), path, body, contentType: row.ContentType, headers: ("Idempotency-Key", route.Operation))).Status.ShouldBe(row.Success, route.Operation);
                body = body!.Replace("2099", "2098", StringComparison.Ordinal) + "\n";
            }

            var answer = await world.AskAsync(new(route.Method), path, body, contentType: row.ContentType, headers: row.RefusedByKey ? [("Idempotency-Key", route.Operation)] : []);
            answer.Status.ShouldBe(409, $"{route.Method} {path} {body}: {answer.Body?.ToJsonString()}");
            ((string?)answer.Body!["detail"]).ShouldNotBeNullOrEmpty(route.Operation);
        }
    }

    private static async Task<ServerWorld> WorldAsync(AiosmtpdSink sink)
    {
        var world = await ServerWorld.StartAsync();
        // The only one that takes emails which name no account.
        (await world.PostAsync("/api/accounts", $$$"""{"name":"{{{Account}}}","from":"News <news@sender.example>","default":true,"transport":{"type":"smtp","host":"127.0.0.1","port":{{{sink.Port}}},"security":"none"}}""")).Status.ShouldBe(201);
        return world;
    }

    private static async Task<IEnumerable<(Route Route, RouteRow Row)>> PairsAsync(ServerWorld world) =>
        (await RoutesAsync(world)).Where(route => Rows.ContainsKey(route.Operation)).Select(route => (route, Rows[route.Operation]));

    /// <summary>What the server says that it has.</summary>
    private static async Task<IReadOnlyList<Route>> RoutesAsync(ServerWorld world)
    {
        var description = (await world.GetAsync("/openapi/v1.json")).Body!;
        List<Route> routes = [.. description["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(method => new Route(
            method.Key.ToUpperInvariant(), path.Key, (string)method.Value!["operationId"]!, method.Value["requestBody"] is not null, ((string)method.Value["description"]!).Split('`')[1])))];
        routes.Count.ShouldBeGreaterThan(50);
        return routes;
    }

    private sealed record Route(string Method, string Path, string Operation, bool HasBody, string Scope);
}
