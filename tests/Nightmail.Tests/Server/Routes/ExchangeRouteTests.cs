using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Routes;

/// <summary><c>/api/emails/export</c> and <c>/import</c>.</summary>
public sealed class ExchangeRouteTests
{
    private const string Id = "email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b";

    [Fact]
    public async Task A_repeated_import_under_its_key_is_answered_as_before_and_without_it_finds_the_email_there()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var body = Import(Email(Id, "sent"));

        var first = await world.AskAsync(HttpMethod.Post, "/api/emails/import", body, headers: ("Idempotency-Key", "k"));
        var repeated = await world.AskAsync(HttpMethod.Post, "/api/emails/import", body, headers: ("Idempotency-Key", "k"));
        var again = await world.PostAsync("/api/emails/import", body);

        var taken = first.Body!["results"]![0]!;
        ((string)taken["id"]!, (string)taken["result"]!, (string)taken["status"]!).ShouldBe((Id, "imported", "sent"));
        repeated.Body!.ToJsonString().ShouldBe(first.Body!.ToJsonString());
        ((string)again.Body!["results"]![0]!["result"]!).ShouldBe("exists");
        ((int)(await world.GetAsync("/api/stats")).Body!["emails"]!["sent"]!).ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"emails":[]}""", "emails", "there are 0")]
    [InlineData("""{"emails":[{"status":"sent"}]}""", "emails[0]", "an email has no id")]
    [InlineData("""{"emails":[EMAIL,{"id":"EMAILID","status":"flying"}]}""", "emails[1]", "'flying' is no status")]
    [InlineData("""{"emails":[EMAIL,7]}""", "emails[1]", "")]
    public async Task What_is_no_email_is_refused_with_its_place_and_nothing_is_taken(string body, string field, string words)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var (status, problem) = await world.PostAsync("/api/emails/import", body.Replace("EMAILID", Id, StringComparison.Ordinal).Replace("EMAIL", Email(Id, "sent"), StringComparison.Ordinal));

        status.ShouldBe(422, problem?.ToJsonString());
        ((string)problem!["field"]!).ShouldBe(field);
        ((string)problem["detail"]!).ShouldContain(words);
        (await world.GetAsync("/api/emails")).Body!["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Bytes_that_were_never_uploaded_are_not_looked_for_elsewhere()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var email = Email(Id, "pending").Replace("\"email_data\"", "\"metadata\":{\"file_refs\":[{\"name\":\"x\",\"sha256\":\"../secret-key\",\"size\":32}]},\"email_data\"", StringComparison.Ordinal);

        var (status, answer) = await world.PostAsync("/api/emails/import", Import(email));

        (status, (string?)answer!["results"]?[0]?["result"]).ShouldBeOneOf((200, "notTaken"), (422, null));
        (await world.GetAsync("/api/emails")).Body!["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Who_may_read_may_export_and_only_an_administrator_imports()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        var (read, send) = (await world.KeyAsync("read"), await world.KeyAsync("send"));

        (await world.AskAsync(HttpMethod.Get, "/api/emails/export", key: read)).Status.ShouldBe(200);
        (await world.AskAsync(HttpMethod.Get, "/api/emails/export", key: send)).Status.ShouldBe(403);
        (await world.AskAsync(HttpMethod.Post, "/api/emails/import", Import(Email(Id, "sent")), key: send)).Status.ShouldBe(403);
        (await world.GetAsync("/api/emails/export?cursor=nonsense")).Status.ShouldBe(422);
    }

    [Fact]
    public async Task What_comes_out_goes_in_elsewhere_as_it_is()
    {
        await using var from = await ServerWorld.StartAsync(sends: false);
        await using var to = await ServerWorld.StartAsync(sends: false);
        await from.AddAccountAsync(2525);
        await from.PostAsync("/api/emails", """{"to":["bob@example.org"],"subject":"Grüße","html":"<p>x</p>","headers":[{"name":"X-One","value":"1"}],"scheduledFor":"2031-12-01 09:00 Europe/Berlin"}""");
        var exported = (await from.GetAsync("/api/emails/export")).Body!;

        var (status, answer) = await to.PostAsync("/api/emails/import", $$"""{"emails":{{exported["items"]!.ToJsonString()}}}""");

        (status, (string)answer!["results"]![0]!["status"]!).ShouldBe((200, "pending"));
        var there = (await to.GetAsync("/api/emails/export")).Body!;
        (there["items"]![0]!["email_data"]!.ToJsonString(), there["items"]![0]!["wish"]!.ToJsonString()).ShouldBe((exported["items"]![0]!["email_data"]!.ToJsonString(), exported["items"]![0]!["wish"]!.ToJsonString()));
        exported["next"].ShouldBeNull();
    }

    private static string Import(string email) => $$"""{"emails":[{{email}}]}""";

    private static string Email(string id, string status) => $$$"""{"id":"{{{id}}}","scheduled_for":1764060000,"created_at":1764000000,"status":"{{{status}}}","email_data":{"to":"b@example.net","subject":"x","body":"x"}}""";
}
