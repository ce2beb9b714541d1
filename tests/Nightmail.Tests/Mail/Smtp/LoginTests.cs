using System.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

public abstract class LoginTests(Replay replay) : Replayed(replay)
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

    private static readonly string Plain = Base64("\0ada\0sécret");

    [Theory]
    [InlineData("AUTH LOGIN PLAIN", null)]
    [InlineData("AUTH=LOGIN PLAIN", null)]
    [InlineData("AUTH CRAM-MD5 plain", "PLAIN")]
    public async Task Plain_goes_before_login_and_takes_one_line(string offer, string? mechanism)
    {
        await using var conversation = Start($"""
            S: 220 mx
            C: EHLO me.test
            S: 250-mx
            S: 250 {offer}
            C: AUTH PLAIN {Plain}
            S: 235 2.7.0 welcome
            {Rest}
            """, mechanism);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("AUTH LOGIN", null)]
    [InlineData("AUTH LOGIN PLAIN", "LOGIN")]
    public async Task Login_is_used_where_there_is_nothing_better_or_it_is_asked_for(string offer, string? mechanism)
    {
        await using var conversation = Start($"""
            S: 220 mx
            C: EHLO me.test
            S: 250-mx
            S: 250 {offer}
            C: AUTH LOGIN
            S: 334 VXNlcm5hbWU6
            C: {Base64("ada")}
            S: 334 UGFzc3dvcmQ6
            C: {Base64("sécret")}
            S: 235 2.7.0 welcome
            {Rest}
            """, mechanism);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_server_that_wants_the_response_on_its_own_line_gets_it_there()
    {
        await using var conversation = Start($"""
            S: 220 mx
            C: EHLO me.test
            S: 250-mx
            S: 250 AUTH PLAIN
            C: AUTH PLAIN {Plain}
            S: 334
            C: {Plain}
            S: 235 2.7.0 welcome
            {Rest}
            """);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_refused_login_is_the_accounts_fault_and_names_no_secret()
    {
        await using var conversation = Start($"""
            S: 220 mx
            C: EHLO me.test
            S: 250-mx
            S: 250 AUTH PLAIN
            C: AUTH PLAIN {Plain}
            S: 535 5.7.8 no: {Plain} is sécret
            """);

        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([Verdict.Untried]);
        outcome.Fault.ShouldBe(new AccountFault(AccountFaultReason.Auth,
            $"127.0.0.1:{conversation.Server.Port}, auth: PLAIN login refused: 535 5.7.8 no: *** is ***"));
        outcome.Phase.ShouldBe("auth");
        conversation.Begins.ShouldBeEmpty();
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("250 SIZE 10", null, "the server offers no login", AccountFaultReason.Auth)]
    [InlineData("250 AUTH GSSAPI", null, "the server offers the logins GSSAPI, and none of them is SCRAM-SHA-256 or PLAIN or LOGIN or CRAM-MD5", AccountFaultReason.Auth)]
    [InlineData("250 AUTH PLAIN", "LOGIN", "the server offers the logins PLAIN, and none of them is LOGIN", AccountFaultReason.Auth)]
    [InlineData("250 AUTH PLAIN", "NTLM", "the login mechanism NTLM is not known; use SCRAM-SHA-256 or PLAIN or LOGIN or CRAM-MD5", AccountFaultReason.Configuration)]
    public async Task A_login_that_is_not_possible_says_why(string offer, string? mechanism, string words, AccountFaultReason reason)
    {
        await using var conversation = Start($"""
            S: 220 mx
            C: EHLO me.test
            S: 250-mx
            S: {offer}
            """, mechanism);

        var outcome = await conversation.DeliverAsync();

        outcome.Fault.ShouldBe(new AccountFault(reason, $"127.0.0.1:{conversation.Server.Port}, auth: {words}"));
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task After_a_refusal_the_password_is_read_anew()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "old\n");
        var hello = """
            S: 220 mx
            C: EHLO me.test
            S: 250-mx
            S: 250 AUTH PLAIN

            """;
        var server = Serve(
            hello + $"C: AUTH PLAIN {Base64("\0ada\0old")}\nS: 535 5.7.8 no",
            hello + $"C: AUTH PLAIN {Base64("\0ada\0new")}\nS: 235 2.7.0 welcome\n" + Rest);
        await using var conversation = Conversation.Over(server, settings => settings with { Login = new("ada", new SecretSource.File(file)) });

        (await conversation.DeliverAsync()).Fault!.Reason.ShouldBe(AccountFaultReason.Auth);
        await File.WriteAllTextAsync(file, "new\n");
        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);

        await conversation.FinishAsync();
        File.Delete(file);
    }

    [Fact]
    public async Task A_password_that_cannot_be_read_is_a_fault_of_the_configuration()
    {
        var server = Serve("S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 AUTH PLAIN\n! silence");
        await using var conversation = Conversation.Over(server,
            settings => settings with { Login = new("ada", new SecretSource.Command("echo locked >&2; exit 3")) });

        var outcome = await conversation.DeliverAsync();

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Configuration);
        outcome.Fault.Words.ShouldEndWith("the password command failed with exit code 3; run it in a shell to see what it says");
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("mail.invalid")]
    [InlineData("localhost.invalid")]
    public async Task A_password_does_not_leave_the_machine_in_the_clear(string host)
    {
        await using var conversation = Conversation.Over(Serve(),
            settings => settings with { Host = host, Login = new("ada", new SecretSource.Literal("sécret")) });

        var outcome = await conversation.DeliverAsync();

        outcome.Fault.ShouldBe(new AccountFault(AccountFaultReason.Configuration,
            $"{host}:{conversation.Server.Port}, auth: the password would travel in the clear, so nothing was sent; set security to starttls or tls, or leave the login out"));
        outcome.Phase.ShouldBe("auth");
    }

    [Theory]
    [InlineData("LocalHost")]
    [InlineData("127.0.0.1")]
    public async Task To_the_machine_itself_a_password_may_go_in_the_clear(string host)
    {
        await using var conversation = Conversation.Over(
            Serve($"S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 AUTH PLAIN\nC: AUTH PLAIN {Plain}\nS: 235 2.7.0 welcome\n{Rest}"),
            settings => settings with { Host = host, Login = new("ada", new SecretSource.Literal("sécret")) });

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    private Conversation Start(string script, string? mechanism = null) => Conversation.Over(
        Serve(script),
        settings => settings with { Login = new("ada", new SecretSource.Literal("sécret"), mechanism) });

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}

/// <inheritdoc/>
public sealed class LoginTestsWhole() : LoginTests(Replay.Whole);

/// <inheritdoc/>
public sealed class LoginTestsByLine() : LoginTests(Replay.ByLine);

/// <inheritdoc/>
public sealed class LoginTestsByByte() : LoginTests(Replay.ByByte);
