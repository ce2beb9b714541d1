using System.Net.Http.Headers;
using System.Text;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

public sealed class EmailContentTests
{
    private const string ZeroHash = "0000000000000000000000000000000000000000000000000000000000000000";

    [Fact]
    public async Task An_attachment_is_what_was_uploaded_and_comes_back_byte_for_byte()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(2525);
        var blob = await UploadAsync(world, "all is well");

        var (status, email) = await world.PostAsync("/api/emails", $$"""{"to":["bob@example.org"],"subject":"Report","text":"see there","attachments":[{"fileName":"report.txt",{{blob[1..]}}]}""");

        status.ShouldBe(201, email?.ToJsonString());
        var attachment = email!["detail"]!["content"]!["attachments"]![0]!;
        ((string)attachment["fileName"]!).ShouldBe("report.txt");
        ((string)(await world.GetAsync($"/api/blobs/{attachment["sha256"]}?size={attachment["size"]}")).Body!).ShouldBe("all is well");
        ((string)(await world.GetAsync($"/api/emails/{email["id"]}/raw")).Body!).ShouldContain("filename=report.txt");
    }

    [Fact]
    public async Task A_message_is_written_while_it_is_read_and_not_gathered_before()
    {
        const int Bytes = 20_000_000;
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(2525);
        var blob = await UploadAsync(world, new string('a', Bytes));
        var (_, email) = await world.PostAsync("/api/emails", $$"""{"to":["bob@example.org"],"subject":"Large","text":"see there","attachments":[{"fileName":"large.txt",{{blob[1..]}}]}""");

        using var response = await world.Client.GetAsync($"/api/emails/{email!["id"]}/raw", HttpCompletionOption.ResponseHeadersRead);

        response.EnsureSuccessStatusCode();
        response.Content.Headers.ContentLength.ShouldBeNull("its size is not known when its first bytes leave");
        response.Content.Headers.ContentType!.MediaType.ShouldBe("message/rfc822");
        (await response.Content.ReadAsByteArrayAsync()).Length.ShouldBeGreaterThan(Bytes);
    }

    [Theory]
    [InlineData("""{"fileName":"x","sha256":"HASH","size":1}""", "attachments[0]")]
    [InlineData("""{"fileName":"x","sha256":"../secret-key","size":32}""", "attachments[0]")]
    public async Task What_was_never_uploaded_is_refused_and_no_path_is_ever_read(string attachment, string field)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(2525);

        var (status, problem) = await world.PostAsync("/api/emails", $$"""{"to":["bob@example.org"],"subject":"x","text":"x","attachments":[{{attachment.Replace("HASH", ZeroHash, StringComparison.Ordinal)}}]}""");

        status.ShouldBe(422);
        ((string)problem!["field"]!).ShouldBe(field);
        (await world.GetAsync("/api/emails")).Body!["items"]!.AsArray().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("http://127.0.0.1/file")]
    [InlineData("/etc/passwd")]
    [InlineData("..%2Fapi-key")]
    public async Task A_download_is_by_hash_alone(string name)
    {
        await using var world = await ServerWorld.StartAsync(sends: false);

        (await world.GetAsync($"/api/blobs/{Uri.EscapeDataString(name)}?size=10")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Content_is_replaced_as_a_whole_and_refused_where_it_has_left()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(2525);
        var id = (string)(await world.PostAsync("/api/emails", """{"to":["bob@example.org"],"subject":"x","text":"x","scheduledFor":"2099-01-01T00:00:00Z"}""")).Body!["id"]!;

        var (status, email) = await world.AskAsync(HttpMethod.Put, $"/api/emails/{id}/content", """{"to":["sue@example.org"],"subject":"y","html":"<p>y</p>","headers":[{"name":"X-Kind","value":"test"}]}""");
        var broken = await world.AskAsync(HttpMethod.Put, $"/api/emails/{id}/content", """{"to":["sue@example.org"],"subject":"y\r\nBcc: eve@example.org","text":"y"}""");
        await world.PostAsync($"/api/emails/{id}/cancel", "{}");
        var late = await world.AskAsync(HttpMethod.Put, $"/api/emails/{id}/content", """{"to":["sue@example.org"],"subject":"z","text":"z"}""");

        status.ShouldBe(200, email?.ToJsonString());
        email!["detail"]!["content"]!["text"].ShouldBeNull();
        ((string)email["detail"]!["content"]!["headers"]![0]!["value"]!).ShouldBe("test");
        (broken.Status, (string)broken.Body!["field"]!).ShouldBe((422, "subject"));
        late.Status.ShouldBe(409);
    }

    [Fact]
    public async Task Standings_say_what_keeps_an_account_and_no_secret()
    {
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.PostAsync("/api/accounts", """{"name":"work","from":"a@example.org","transport":{"type":"smtp","host":"127.0.0.1","auth":{"username":"ada","password":"hunter2"}},"limits":{"perDay":5}}""");

        var (status, standings) = await world.GetAsync("/api/standings");

        status.ShouldBe(200);
        ((string)standings![0]!["obstacle"]!).ShouldBe("None");
        ((int)standings[0]!["limits"]!["perDay"]!).ShouldBe(5);
        standings.ToJsonString().ShouldNotContain("hunter2");
    }

    private static async Task<string> UploadAsync(ServerWorld world, string text)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text)) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using var response = await world.Client.PostAsync("/api/blobs", content);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync();
    }
}
