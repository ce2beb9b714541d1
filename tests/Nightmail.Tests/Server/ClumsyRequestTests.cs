using System.Text;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

/// <summary>What a clumsy caller sends is refused with a sentence that helps, and never with a bare number or a fault of ours.</summary>
public sealed class ClumsyRequestTests
{
    private const string Send = "/api/send";

    [Theory]
    [InlineData("GET", "/api/emails?limit=abc", null, 400, "limit")]
    [InlineData("GET", "/api/emails?limit=99999999999999999999", null, 400, "limit")]
    [InlineData("GET", "/api/blobs/0000000000000000000000000000000000000000000000000000000000000000", null, 400, "size")]
    [InlineData("GET", "/api/campaigns?cursor=abc", null, 422, "cursor")]
    [InlineData("GET", "/api/logs?cursor=abc", null, 422, "cursor")]
    [InlineData("GET", "/api/emails?named=aa&status=sent", null, 422, "named")]
    [InlineData("DELETE", "/api/emails", null, 405, null)]
    [InlineData("POST", "/api/campaigns", "{\"name\":\"a\",\"name\":\"b\"}", 400, "name")]
    [InlineData("POST", Send, "{\"recipients\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", 400, "recipients[0]")]
    [InlineData("POST", Send, "{\"subject\":\"\\ud800\",\"text\":\"t\",\"recipients\":[\"a@b.example\"]}", 400, "subject")]
    [InlineData("POST", Send, "null", 400, null)]
    [InlineData("POST", Send, "[]", 400, null)]
    [InlineData("POST", Send, "", 400, null)]
    [InlineData("POST", "/api/keys", "{\"name\":\"a\\nb\",\"scopes\":[\"read\"]}", 422, "name")]
    public async Task The_refusal_says_what_is_wrong_and_names_the_field(string method, string path, string? body, int status, string? field)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var answer = await world.AskAsync(new(method), path, body);

        answer.Status.ShouldBe(status, answer.Body?.ToJsonString());
        ((string?)answer.Body!["detail"]).ShouldNotBeNullOrEmpty();
        ((string?)answer.Body["field"]).ShouldBe(field, answer.Body.ToJsonString());
        ((string)answer.Body["detail"]!).ShouldNotContain("Nullable", Case.Sensitive, "that is a type of ours");
    }

    [Theory]
    [InlineData("text/plain", null)]
    [InlineData("application/json", "gzip")]
    public async Task A_body_of_another_kind_is_refused_in_words(string type, string? encoding)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        using var request = new HttpRequestMessage(HttpMethod.Post, Send) { Content = new StringContent("{}", Encoding.UTF8, type) };
        if (encoding is not null) request.Content.Headers.ContentEncoding.Add(encoding);

        using var response = await world.Client.SendAsync(request);

        ((int)response.StatusCode).ShouldBe(415);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    public async Task An_empty_file_is_no_list_of_recipients(string file)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var (status, problem) = await ImportAsync(world, Encoding.UTF8.GetBytes(file));

        status.ShouldBe(422);
        ((string)problem).ShouldContain("empty");
    }

    [Fact]
    public async Task Of_a_spreadsheet_s_file_the_empty_columns_do_not_count_and_its_letters_are_read()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        // "€" and curly quotation marks as Windows writes them.
        byte[] file = [.. "email;name;;\r\nann@x.example;"u8, 0x93, .. "M"u8, 0xfc, .. "ller "u8, 0x80, 0x94, .. ";;\r\n"u8];

        var (status, campaign) = await ImportAsync(world, file);

        status.ShouldBe(200, campaign);
        var recipient = (await world.GetAsync($"/api/campaigns/{campaign}/recipients")).Body!["items"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)recipient["name"]).ShouldBe("“Müller €”");
    }

    [Fact]
    public async Task Two_columns_of_one_name_are_refused_letter_case_aside()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        var (status, problem) = await ImportAsync(world, "email,Email\na@x.example,b@x.example\n"u8.ToArray());

        (status, problem).ShouldBe((422, "two columns are called 'email', letter case aside"));
    }

    /// <returns>The number, and the campaign or what is wrong.</returns>
    private static async Task<(int Status, string Words)> ImportAsync(ServerWorld world, byte[] file)
    {
        var campaign = (string)(await world.PostAsync("/api/campaigns", """{"name":"c","subject":"s","text":"t"}""")).Body!["id"]!;
        using var content = new ByteArrayContent(file) { Headers = { ContentType = new("text/csv") } };
        using var response = await world.Client.PostAsync($"/api/campaigns/{campaign}/recipients", content);
        var answer = System.Text.Json.Nodes.JsonNode.Parse(await response.Content.ReadAsStringAsync());
        return ((int)response.StatusCode, (string?)answer!["detail"] ?? campaign);
    }
}
