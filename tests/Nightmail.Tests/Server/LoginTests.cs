using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Nightmail.Tests.Cli.Remote;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

public sealed class LoginTests
{
    [Fact]
    public async Task The_first_start_prints_a_link_once_that_lets_one_browser_in()
    {
        await using var world = await RemoteWorld.StartAsync();
        var link = LinkOf(world);
        using var browser = Browser(world);

        using var page = await browser.GetAsync(link);
        using var again = await browser.GetAsync(link);
        using var entered = await EnterAsync(browser, link);
        using var stats = await browser.GetAsync("/api/stats");
        using var other = Browser(world);
        using var second = await EnterAsync(other, link);

        (page.StatusCode, again.StatusCode).ShouldBe((HttpStatusCode.OK, HttpStatusCode.OK));
        entered.StatusCode.ShouldBe(HttpStatusCode.OK);
        stats.StatusCode.ShouldBe(HttpStatusCode.OK);
        second.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        second.Headers.Contains("Set-Cookie").ShouldBeFalse();
    }

    [Fact]
    public async Task The_cookie_is_for_no_script_and_no_other_site_and_holds_nothing_to_read()
    {
        await using var world = await RemoteWorld.StartAsync();
        using var browser = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new(world.Url) };

        using var entered = await EnterAsync(browser, LinkOf(world));

        var cookie = entered.Headers.GetValues("Set-Cookie").ShouldHaveSingleItem().ToLowerInvariant();
        cookie.ShouldContain("httponly");
        cookie.ShouldContain("samesite=strict");
        cookie.ShouldContain("path=/");
    }

    [Fact]
    public async Task The_pages_take_nothing_from_anywhere_and_are_in_nobodys_frame()
    {
        await using var world = await RemoteWorld.StartAsync();
        using var browser = Browser(world);

        using var page = await browser.GetAsync(LinkOf(world));

        page.Headers.GetValues("Content-Security-Policy").Single().ShouldBe("default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
        page.Headers.GetValues("Referrer-Policy").Single().ShouldBe("no-referrer");
        page.Headers.GetValues("X-Content-Type-Options").Single().ShouldBe("nosniff");
    }

    [Fact]
    public async Task A_form_on_another_site_lets_nobody_in_and_uses_no_link_up()
    {
        await using var world = await RemoteWorld.StartAsync();
        using var browser = Browser(world);
        browser.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");
        using var refused = await EnterAsync(browser, LinkOf(world));
        browser.DefaultRequestHeaders.Remove("Sec-Fetch-Site");
        browser.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-origin");

        using var entered = await EnterAsync(browser, LinkOf(world));

        (refused.StatusCode, entered.StatusCode).ShouldBe((HttpStatusCode.Forbidden, HttpStatusCode.OK));
    }

    [Fact]
    public async Task What_stands_in_a_link_is_never_markup()
    {
        await using var world = await RemoteWorld.StartAsync();
        using var browser = Browser(world);

        var page = await browser.GetStringAsync("/login/" + Uri.EscapeDataString("\"><script>alert(1)</script>"));

        page.ShouldNotContain("<script>");
    }

    [Fact]
    public async Task A_browser_changes_something_only_with_what_its_own_page_was_told()
    {
        await using var world = await RemoteWorld.StartAsync();
        using var browser = Browser(world);
        (await EnterAsync(browser, LinkOf(world))).Dispose();
        var antiforgery = (string)JsonNode.Parse(await browser.GetStringAsync("/api/session"))!["antiforgery"]!;

        using var forged = await browser.PostAsync("/api/workers/pause", null);
        using var guessed = await PauseAsync(browser, "guessed");
        using var own = await PauseAsync(browser, antiforgery);

        forged.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        guessed.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        own.StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_link_ends_after_its_time_and_a_session_after_twelve_hours()
    {
        await using var world = await RemoteWorld.StartAsync();
        using var browser = Browser(world);
        (await EnterAsync(browser, LinkOf(world))).Dispose();
        var link = await NewLinkAsync(world);

        world.Home.Time.Advance(TimeSpan.FromMinutes(16));
        using var late = await EnterAsync(Browser(world), link);
        using var within = await browser.GetAsync("/api/stats");
        world.Home.Time.Advance(TimeSpan.FromHours(12));
        using var after = await browser.GetAsync("/api/stats");

        late.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        within.StatusCode.ShouldBe(HttpStatusCode.OK);
        after.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_session_that_was_made_up_or_ended_opens_nothing()
    {
        await using var world = await RemoteWorld.StartAsync();
        using var forger = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new(world.Url) };
        forger.DefaultRequestHeaders.Add("Cookie", "nightmail_session=" + Convert.ToBase64String(new byte[60]));
        using var browser = Browser(world);
        (await EnterAsync(browser, await NewLinkAsync(world))).Dispose();
        var antiforgery = (string)JsonNode.Parse(await browser.GetStringAsync("/api/session"))!["antiforgery"]!;

        using var forged = await forger.GetAsync("/api/stats");
        using var end = new HttpRequestMessage(HttpMethod.Delete, "/api/session") { Headers = { { "X-Antiforgery", antiforgery } } };
        using var ended = await browser.SendAsync(end);
        using var after = await browser.GetAsync("/api/stats");

        forged.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        ended.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        after.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task All_sessions_end_with_one_call_and_with_an_administrators_key()
    {
        await using var world = await RemoteWorld.StartAsync();
        using var admin = Browser(world);
        admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", world.Key);
        async Task<string> KeyAsync(string scope)
        {
            using var content = new StringContent($$"""{"name":"other","scopes":["{{scope}}"]}""", Encoding.UTF8, "application/json");
            using var made = await admin.PostAsync("/api/keys", content);
            return $"/api/keys/{JsonNode.Parse(await made.Content.ReadAsStringAsync())!["id"]}";
        }

        async Task<HttpStatusCode> AfterDeleteAsync(string path)
        {
            using var browser = Browser(world);
            (await EnterAsync(browser, await NewLinkAsync(world))).Dispose();
            using (var within = await browser.GetAsync("/api/stats")) within.StatusCode.ShouldBe(HttpStatusCode.OK);
            using (var deleted = await admin.DeleteAsync(path)) deleted.StatusCode.ShouldBe(HttpStatusCode.NoContent);
            using var after = await browser.GetAsync("/api/stats");
            return after.StatusCode;
        }

        (await AfterDeleteAsync("/api/sessions")).ShouldBe(HttpStatusCode.Unauthorized);
        (await AfterDeleteAsync(await KeyAsync("read"))).ShouldBe(HttpStatusCode.OK);
        (await AfterDeleteAsync(await KeyAsync("admin"))).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Only_hashes_of_links_are_kept_in_a_file_that_nobody_else_can_read()
    {
        await using var world = await RemoteWorld.StartAsync();
        var token = LinkOf(world).Split('/')[^1];
        var file = Path.Combine(world.Folder, "login-links");

        File.ReadAllText(file).ShouldNotContain(token);
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        foreach (var each in Directory.EnumerateFiles(world.Folder, "*.db*"))
        {
            await using var stream = new FileStream(each, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes);
            Encoding.Latin1.GetString(bytes.ToArray()).ShouldNotContain(token);
        }
    }

    private static string LinkOf(RemoteWorld world) => world.Said.Single(line => line.Contains("/login/", StringComparison.Ordinal)).Split(' ')[^1];

    private static HttpClient Browser(RemoteWorld world) => new() { BaseAddress = new(world.Url) };

    private static async Task<HttpResponseMessage> EnterAsync(HttpClient browser, string link)
    {
        using var form = new FormUrlEncodedContent([new("token", link.Split('/')[^1])]);
        return await browser.PostAsync("/login", form);
    }

    private static async Task<HttpResponseMessage> PauseAsync(HttpClient browser, string antiforgery)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/workers/pause") { Headers = { { "X-Antiforgery", antiforgery } } };
        return await browser.SendAsync(request);
    }

    private static async Task<string> NewLinkAsync(RemoteWorld world)
    {
        using var client = Browser(world);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", world.Key);
        using var response = await client.PostAsync("/api/login-links", null);
        return (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["url"]!;
    }
}
