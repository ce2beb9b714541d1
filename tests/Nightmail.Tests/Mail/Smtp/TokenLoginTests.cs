using System.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Testing;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>Logging in with OAuth2 access tokens, and with CRAM-MD5.</summary>
public abstract class TokenLoginTests(Replay replay) : Replayed(replay)
{
    private const string Rest = """
        C: MAIL FROM:<ada@a.test>
        S: 250 ok
        C: RCPT TO:<bob@b.test>
        S: 250 ok
        C: DATA
        S: 354 go
        ! message
        S: 250 2.0.0 ok
        """;

    private const string Granted = """{"access_token":"fresh","token_type":"Bearer","expires_in":3600}""";

    [Fact]
    public async Task Xoauth2_sends_name_and_token_in_one_line()
    {
        await using var conversation = Start(Hello("XOAUTH2 PLAIN") + $"""
            C: AUTH XOAUTH2 {Base64("user=ada\u0001auth=Bearer tok\u0001\u0001")}
            S: 235 2.7.0 welcome
            {Rest}
            """);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Oauthbearer_goes_before_xoauth2()
    {
        var server = Serve(Hello("XOAUTH2 OAUTHBEARER") + $"! any\nS: 235 2.7.0 welcome\n{Rest}");
        await using var conversation = Conversation.Over(server, settings => settings with { Login = Token("a,b=c") });

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        server.Transcripts[0].ShouldContain($"C: AUTH OAUTHBEARER {Base64($"n,a=a=2Cb=3Dc,\u0001host=127.0.0.1\u0001port={server.Port}\u0001auth=Bearer tok\u0001\u0001")}");
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_long_token_waits_for_the_servers_question()
    {
        var token = new string('t', 2_000);
        await using var conversation = Start(Hello("XOAUTH2") + $"""
            C: AUTH XOAUTH2
            S: 334
            C: {Base64($"user=ada\u0001auth=Bearer {token}\u0001\u0001")}
            S: 235 2.7.0 welcome
            {Rest}
            """, token);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("XOAUTH2", "")]
    [InlineData("OAUTHBEARER", "AQ==")]
    public async Task A_token_that_is_not_taken_says_the_servers_status_and_no_secret(string mechanism, string answer)
    {
        await using var conversation = Start(Hello(mechanism) + $$"""
            ! any
            S: 334 {{Base64("""{"status":"invalid_token","schemes":"bearer tok"}""")}}
            C: {{answer}}
            S: 535 5.7.8 not with tok
            """);

        var outcome = await conversation.DeliverAsync();

        outcome.Fault.ShouldBe(new AccountFault(AccountFaultReason.Auth,
            $"127.0.0.1:{conversation.Server.Port}, auth: {mechanism} login refused: 535 5.7.8 not with *** (status invalid_token)"));
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Cram_md5_answers_the_challenge_where_there_is_nothing_better()
    {
        // The example of RFC 2195.
        await using var conversation = Conversation.Over(
            Serve(Hello("CRAM-MD5") + $"""
                C: AUTH CRAM-MD5
                S: 334 {Base64("<1896.697170952@postoffice.reston.mci.net>")}
                C: {Base64("tim b913a602c7eda7a495b4e6e7334d3890")}
                S: 235 welcome
                {Rest}
                """),
            settings => settings with { Login = new("tim", new SecretSource.Literal("tanstaaftanstaaf")) });

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_refreshed_token_is_fetched_once_and_renewed_before_it_ends()
    {
        await using var endpoint = TokenEndpoint.Answering((200, Granted), (200, Granted.Replace("fresh", "second", StringComparison.Ordinal)));
        var login = $"C: AUTH XOAUTH2 {Base64("user=ada\u0001auth=Bearer TOKEN\u0001\u0001")}\nS: 235 2.7.0 welcome\n{Rest}\n";
        var server = Serve(
            [.. new List<string> { "fresh", "fresh", "second" }.Select(token => Hello("XOAUTH2") + login.Replace(Base64("user=ada\u0001auth=Bearer TOKEN\u0001\u0001"), Base64($"user=ada\u0001auth=Bearer {token}\u0001\u0001"), StringComparison.Ordinal))]);
        var time = new ManualTime();
        await using var conversation = Conversation.Over(server, settings => settings with { Login = Refreshed(endpoint) }, new() { EmailsPerConnection = 1 }, time);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        endpoint.Requests.Count.ShouldBe(1);
        time.Advance(TimeSpan.FromMinutes(59));
        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);

        endpoint.Requests.Count.ShouldBe(2);
        endpoint.Requests[0].ShouldBe(new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token", ["refresh_token"] = "r3fresh", ["client_id"] = "nightmail", ["client_secret"] = "cl13nt", ["scope"] = "smtp send",
        }, ignoreOrder: true);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData(400, """{"error":"invalid_grant","error_description":"r3fresh was revoked"}""", AccountFaultReason.Auth, "takes the refresh token no more (400 invalid_grant: *** was revoked): log in to it again as client nightmail and store the new refresh token")]
    [InlineData(401, """{"error":"invalid_client"}""", AccountFaultReason.Auth, "does not take the client nightmail or its secret (401 invalid_client)")]
    [InlineData(503, "busy", AccountFaultReason.Network, "cannot help now (503)")]
    [InlineData(200, "{}", AccountFaultReason.Configuration, "gives no token (200)")]
    public async Task A_token_endpoint_that_gives_none_says_what_to_do(int status, string body, AccountFaultReason reason, string words)
    {
        await using var endpoint = TokenEndpoint.Answering((status, body));
        await using var conversation = Conversation.Over(
            Serve(Hello("XOAUTH2") + "! silence"), settings => settings with { Login = Refreshed(endpoint) });

        var outcome = await conversation.DeliverAsync();

        outcome.Fault!.Reason.ShouldBe(reason);
        outcome.Fault.Words.ShouldEndWith(words);
        outcome.Fault.Words.ShouldNotContain("r3fresh");
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_kept_token_that_is_refused_is_renewed_before_the_account_is_blamed()
    {
        await using var endpoint = TokenEndpoint.Answering((200, Granted), (200, Granted.Replace("fresh", "second", StringComparison.Ordinal)));
        string Auth(string token) => $"C: AUTH XOAUTH2 {Base64($"user=ada\u0001auth=Bearer {token}\u0001\u0001")}\n";
        var server = Serve(
            Hello("XOAUTH2") + Auth("fresh") + "S: 235 2.7.0 welcome\n" + Rest,
            Hello("XOAUTH2") + Auth("fresh") + "S: 535 5.7.8 expired",
            Hello("XOAUTH2") + Auth("second") + "S: 235 2.7.0 welcome\n" + Rest);
        await using var conversation = Conversation.Over(server, settings => settings with { Login = Refreshed(endpoint) }, new() { EmailsPerConnection = 1 });

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_refresh_token_that_was_replaced_is_kept_in_its_file()
    {
        var folder = Directory.CreateTempSubdirectory();
        var file = Path.Combine(folder.FullName, "token");
        await File.WriteAllTextAsync(file, "r3fresh\n");
        await using var endpoint = TokenEndpoint.Answering((200, """{"access_token":"a","refresh_token":"n3w"}"""), (200, Granted));
        var reader = new Nightmail.Mail.Transports.SecretReader(TimeProvider.System);
        var source = ((SecretSource.Refresh)Refreshed(endpoint).Password) with { RefreshToken = new SecretSource.File(file) };

        (await reader.ReadAsync(source, default)).Value.ShouldBe("a");
        (await reader.ReadAsync(source, default)).Value.ShouldBe("fresh");

        (await File.ReadAllTextAsync(file)).ShouldBe("n3w\n");
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        endpoint.Requests.Select(form => form["refresh_token"]).ShouldBe(["r3fresh", "n3w"]);
        folder.EnumerateFileSystemInfos().Select(each => each.Name).Order().ShouldBe(["token", "token.lock"]);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_link_to_the_refresh_tokens_file_stays_a_link()
    {
        var folder = Directory.CreateTempSubdirectory();
        var (file, link) = (Path.Combine(folder.FullName, "token"), Path.Combine(folder.FullName, "link"));
        await File.WriteAllTextAsync(file, "r3fresh\n");
        File.CreateSymbolicLink(link, "token");
        await using var endpoint = TokenEndpoint.Answering((200, """{"access_token":"a","refresh_token":"n3w"}"""));

        (await ReadAsync(endpoint, new SecretSource.File(link))).Warning.ShouldBeNull();

        (await File.ReadAllTextAsync(file)).ShouldBe("n3w\n");
        new FileInfo(link).LinkTarget.ShouldBe("token");
        folder.EnumerateFileSystemInfos().Select(each => each.Name).Order().ShouldBe(["link", "token", "token.lock"]);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_refresh_token_that_is_refused_is_read_once_more()
    {
        var folder = Directory.CreateTempSubdirectory();
        var counting = new SecretSource.Command($"cd '{folder.FullName}' && echo >>count && echo token$(wc -l <count)");
        await using var endpoint = TokenEndpoint.Answering((400, """{"error":"invalid_grant"}"""), (200, Granted));
        await using var refusing = TokenEndpoint.Answering((400, """{"error":"invalid_grant"}"""), (400, """{"error":"invalid_grant"}"""), (200, Granted));

        (await ReadAsync(endpoint, counting)).Value.ShouldBe("fresh");
        var refused = await ReadAsync(refusing, counting);

        endpoint.Requests.Select(form => form["refresh_token"]).ShouldBe(["token1", "token2"]);
        (refused.Reason, refusing.Requests.Count).ShouldBe((AccountFaultReason.Auth, 2));
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_refresh_token_that_cannot_be_stored_is_told_and_used_until_the_end()
    {
        var folder = Directory.CreateTempSubdirectory();
        var file = Path.Combine(folder.FullName, "token");
        await File.WriteAllTextAsync(file, "r3fresh\n");
        // Where the new one would be written first there is something in its way.
        folder.CreateSubdirectory($"token.{Environment.ProcessId}.new");
        await using var endpoint = TokenEndpoint.Answering((200, """{"access_token":"a","refresh_token":"n3w"}"""));
        var server = Serve(Hello("XOAUTH2") + $"! any\nS: 235 welcome\n{Rest}");
        var login = Refreshed(endpoint);
        var account = new Account
        {
            Name = "work", From = "ada@a.test",
            Transport = new TransportSettings.Smtp
            {
                Host = server.Host, Port = server.Port, Security = SmtpSecurity.None, HelloName = "me.test",
                Login = login with { Password = ((SecretSource.Refresh)login.Password) with { RefreshToken = new SecretSource.File(file) } },
            },
        };
        var warnings = new List<string>();
        await using (var transport = Nightmail.Mail.Transports.TransportFactory.Create(account, new(), TimeProvider.System, new Random(1), warnings.Add))
            (await transport.DeliverAsync(new("ada@a.test", ["bob@b.test"]), new TextMessage(Conversation.Text), (_, _, _) => ValueTask.FromResult(true), CancellationToken.None)).Verdicts().ShouldBe([Verdict.Delivered]);

        warnings.ShouldHaveSingleItem().ShouldStartWith($"account work: {endpoint.Address.Authority} has replaced the refresh token of client nightmail, and the new one cannot be stored: ");
        warnings[0].ShouldNotContain("n3w");
        (await File.ReadAllTextAsync(file)).ShouldBe("r3fresh\n");
        await server.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private static Task<Nightmail.Mail.Transports.SecretResult> ReadAsync(TokenEndpoint endpoint, SecretSource refreshToken) =>
        new Nightmail.Mail.Transports.SecretReader(TimeProvider.System).ReadAsync(((SecretSource.Refresh)Refreshed(endpoint).Password) with { RefreshToken = refreshToken }, CancellationToken.None);

    private Conversation Start(string script, string token = "tok") =>
        Conversation.Over(Serve(script), settings => settings with { Login = Token("ada", token) });

    private static SmtpLogin Token(string username, string token = "tok") => new(username, new SecretSource.Literal(token)) { IsToken = true };

    private static SmtpLogin Refreshed(TokenEndpoint endpoint) => new("ada", new SecretSource.Refresh
    {
        TokenEndpoint = endpoint.Address,
        ClientId = "nightmail",
        ClientSecret = new SecretSource.Literal("cl13nt"),
        RefreshToken = new SecretSource.Literal("r3fresh"),
        Scope = "smtp send",
    })
    { IsToken = true };

    private static string Hello(string mechanisms) => $"S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 AUTH {mechanisms}\n";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}

/// <inheritdoc/>
public sealed class TokenLoginTestsWhole() : TokenLoginTests(Replay.Whole);

/// <inheritdoc/>
public sealed class TokenLoginTestsByLine() : TokenLoginTests(Replay.ByLine);

/// <inheritdoc/>
public sealed class TokenLoginTestsByByte() : TokenLoginTests(Replay.ByByte);
