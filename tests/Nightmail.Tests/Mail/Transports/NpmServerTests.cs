using System.Security.Cryptography.X509Certificates;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

/// <summary>npm's smtp-server, scripted: what it refuses, cuts off, says slowly or not at all, at every step.</summary>
public sealed class NpmServerTests
{
    private const string Text = "From: ada@a.test\r\nTo: bob@b.test\r\nSubject: x\r\n\r\n.\r\n..dots\r\ngrößer\r\nend\r\n";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_takes_mail(bool pipelining)
    {
        await using var server = await NpmSmtpServer.StartAsync(new() { Pipelining = pipelining });
        await using var transport = Transport(server);

        for (var i = 0; i < 3; i++) (await DeliverAsync(transport)).Verdicts().ShouldBe([Verdict.Delivered]);

        foreach (var message in await server.WaitForAsync(3))
            (message.From, message.To.Single(), message.Text, message.Taken).ShouldBe(("ada@a.test", "bob@b.test", Text, true));
    }

    [Theory]
    [InlineData("greeting", "554 5.7.1 go away", Verdict.Untried, AccountFaultReason.Reputation)]
    [InlineData("greeting", "554 no SMTP service here", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("greeting", "450 4.3.2 overloaded", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("greeting", "421 4.3.2 closing", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("ehlo", "450 4.3.2 overloaded", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("ehlo", "550 5.7.1 your name is listed", Verdict.Untried, AccountFaultReason.Reputation)]
    [InlineData("ehlo", "421 4.7.0 too many connections", Verdict.Untried, AccountFaultReason.Quota)]
    [InlineData("mail", "451 4.3.0 broken", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("mail", "550 5.1.8 your domain", Verdict.Untried, AccountFaultReason.Sender)]
    [InlineData("mail", "552 5.3.4 too large", Verdict.Bounced, null)]
    [InlineData("mail", "421 4.3.2 closing", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("rcpt", "450 4.2.1 busy", Verdict.Deferred, null)]
    [InlineData("rcpt", "451 4.7.1 greylisted", Verdict.Deferred, null)]
    [InlineData("rcpt", "550 5.1.1 no such user", Verdict.Bounced, null)]
    [InlineData("rcpt", "550 5.7.1 not to this one", Verdict.Bounced, null)]
    [InlineData("rcpt", "421 4.3.2 closing", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("data", "451 4.3.2 not now", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("data", "554 5.6.0 no", Verdict.Bounced, null)]
    [InlineData("data", "421 4.3.2 closing", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("dot", "451 4.7.1 later", Verdict.Deferred, null)]
    [InlineData("dot", "452 4.3.1 no space", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("dot", "554 5.6.0 bad content", Verdict.Bounced, null)]
    [InlineData("dot", "550 5.4.5 daily sending quota exceeded", Verdict.Untried, AccountFaultReason.Quota)]
    [InlineData("dot", "421 4.3.2 closing", Verdict.Untried, AccountFaultReason.Network)]
    public async Task What_it_refuses_comes_to_what_the_table_says(string stage, string reply, Verdict verdict, AccountFaultReason? reason)
    {
        foreach (var pipelining in new[] { true, false })
        {
            // A server that has refused DATA, or not greeted at all, has nothing more to say here.
            var ends = stage is "greeting" or "data" ? "end" : null;
            await using var server = await NpmSmtpServer.StartAsync(new() { Pipelining = pipelining, Rules = [new(stage, reply) { Times = 1, Then = ends }] });
            await using var transport = Transport(server);

            var outcome = await DeliverAsync(transport);

            (outcome.Verdicts().Single(), outcome.Fault?.Reason, outcome.Begun).ShouldBe((verdict, reason, stage == "dot"));
            (outcome.Recipients[0].Reply?.ToString() ?? outcome.Fault!.Words).ShouldEndWith(reply);
            // Whatever it was, the next one goes out.
            (await DeliverAsync(transport)).Verdicts().ShouldBe([Verdict.Delivered]);
        }
    }

    [Theory]
    [InlineData("greeting", "end", Verdict.Untried)]
    [InlineData("ehlo", "cut", Verdict.Untried)]
    [InlineData("mail", "end", Verdict.Untried)]
    [InlineData("rcpt", "cut", Verdict.Untried)]
    [InlineData("data", "end", Verdict.Untried)]
    [InlineData("dot", "end", Verdict.InDoubt)]
    [InlineData("dot", "cut", Verdict.InDoubt)]
    public async Task A_connection_that_it_breaks_off_is_the_accounts_failure_or_a_doubt(string stage, string then, Verdict verdict)
    {
        await using var server = await NpmSmtpServer.StartAsync(new() { Rules = [new(stage) { Then = then }] });
        await using var transport = Transport(server);

        var outcome = await DeliverAsync(transport);

        outcome.Verdicts().ShouldBe([verdict]);
        outcome.Fault?.Reason.ShouldBe(AccountFaultReason.Network);
        outcome.Begun.ShouldBe(verdict == Verdict.InDoubt);
    }

    [Theory]
    [InlineData("greeting", Verdict.Untried)]
    [InlineData("mail", Verdict.Untried)]
    [InlineData("dot", Verdict.InDoubt)]
    public async Task A_server_that_falls_silent_is_given_up_in_time(string stage, Verdict verdict)
    {
        var time = new ManualTime();
        await using var server = await NpmSmtpServer.StartAsync(new() { Rules = [new(stage) { Then = "hang" }] });
        await using var transport = Transport(server, time: time);

        var delivery = DeliverAsync(transport);
        await server.HangsAsync(stage);
        (await Waiting.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(30));
            return delivery.IsCompleted;
        })).ShouldBeTrue();

        (await delivery).Verdicts().ShouldBe([verdict]);
    }

    [Theory]
    [InlineData("bytes")]
    [InlineData("halves")]
    [InlineData(null)]
    public async Task Replies_of_many_lines_come_in_pieces_or_byte_by_byte(string? how)
    {
        NpmRule[] rules =
        [
            new("greeting", "220-mx.b.test", "220-welcome", "220 ready") { How = how },
            new("mail", "250-2.1.0 the sender", "250 2.1.0 is fine") { How = how },
            new("rcpt", "250-2.1.5 and so is", "250 2.1.5 the recipient") { How = how },
            new("dot", "250-2.0.0 taken", "250-2.0.0 as", "250 2.0.0 4F2A") { How = how },
        ];
        await using var server = await NpmSmtpServer.StartAsync(new() { Rules = rules });
        await using var transport = Transport(server);

        var outcome = await DeliverAsync(transport);

        outcome.FinalReply.ShouldBe(new Reply(250, "2.0.0", "taken as 4F2A"));
        (await server.WaitForAsync(1)).Single().Text.ShouldBe(Text);
    }

    [Theory]
    [InlineData("535 5.7.8 bad credentials", AccountFaultReason.Auth)]
    [InlineData("534 5.7.9 the mechanism is too weak", AccountFaultReason.Auth)]
    [InlineData("538 5.7.11 encryption required", AccountFaultReason.Auth)]
    [InlineData("530 5.7.0 authentication required", AccountFaultReason.Auth)]
    [InlineData("550 5.7.3 account disabled", AccountFaultReason.Auth)]
    [InlineData("535 no", AccountFaultReason.Auth)]
    [InlineData("454 4.7.0 temporary failure", AccountFaultReason.Network)]
    [InlineData("432 4.7.12 a transition is needed", AccountFaultReason.Network)]
    [InlineData("421 4.7.0 too many connections", AccountFaultReason.Quota)]
    public async Task A_login_that_fails_is_told_by_its_code(string reply, AccountFaultReason reason)
    {
        await using var server = await NpmSmtpServer.StartAsync(new() { Login = ("ada", "sécret"), Rules = [new("auth", reply) { Times = 1 }] });
        await using var transport = Transport(server, login: new("ada", new SecretSource.Literal("sécret"), "PLAIN"));

        var outcome = await DeliverAsync(transport);

        (outcome.Verdicts().Single(), outcome.Fault!.Reason, outcome.Phase).ShouldBe((Verdict.Untried, reason, "auth"));
        outcome.Fault.Words.ShouldEndWith(reply);
        outcome.Fault.Words.ShouldNotContain("sécret");
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("LOGIN")]
    [InlineData("CRAM-MD5")]
    [InlineData(null)]
    public async Task It_takes_the_right_password_over_TLS_and_refuses_a_wrong_one(string? mechanism)
    {
        using var certificate = new TestCertificate(TimeProvider.System.GetUtcNow());
        await using var server = await NpmSmtpServer.StartAsync(new() { Certificate = certificate, Login = ("ada", "sécret") });
        await using var right = Transport(server, SmtpSecurity.StartTls, new("ada", new SecretSource.Literal("sécret"), mechanism), certificate);
        await using var wrong = Transport(server, SmtpSecurity.StartTls, new("ada", new SecretSource.Literal("wr0ng"), mechanism), certificate);

        var refused = await DeliverAsync(wrong);
        // This server knows no password to compute CRAM-MD5 with.
        if (mechanism != "CRAM-MD5") (await DeliverAsync(right)).Verdicts().ShouldBe([Verdict.Delivered]);

        refused.Fault!.Reason.ShouldBe(AccountFaultReason.Auth);
        refused.Fault.Words.ShouldNotContain("wr0ng");
        server.Messages.ShouldAllBe(message => message.OverTls && message.User == "ada");
    }

    [Fact]
    public async Task Without_STARTTLS_or_with_a_wrong_certificate_it_gets_nothing()
    {
        using var certificate = new TestCertificate(TimeProvider.System.GetUtcNow(), "other.test");
        await using var bare = await NpmSmtpServer.StartAsync(new() { Login = ("ada", "x") });
        await using var wrong = await NpmSmtpServer.StartAsync(new() { Certificate = certificate, Login = ("ada", "x") });
        await using var implicitly = await NpmSmtpServer.StartAsync(new() { Certificate = certificate, Secure = true });
        SmtpLogin login = new("ada", new SecretSource.Literal("x"));

        foreach (var (server, security, words) in new[]
        {
            (bare, SmtpSecurity.StartTls, "offers no STARTTLS"),
            (wrong, SmtpSecurity.StartTls, "it is not for 127.0.0.1"),
            (implicitly, SmtpSecurity.Tls, "it is not for 127.0.0.1"),
        })
        {
            await using var transport = Transport(server, security, login, certificate);
            var outcome = await DeliverAsync(transport);
            (outcome.Fault!.Reason, outcome.Phase).ShouldBe((AccountFaultReason.Tls, "tls"));
            outcome.Fault.Words.ShouldContain(words);
            server.Messages.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task What_was_said_before_TLS_is_forgotten()
    {
        using var certificate = new TestCertificate(TimeProvider.System.GetUtcNow());
        // Somebody on the way answers EHLO before the server can, and offers no login that keeps the password to itself.
        await using var server = await NpmSmtpServer.StartAsync(new()
        {
            Certificate = certificate, Rules = [new("ehlo", "250-mx", "250-SIZE 1", "250 STARTTLS") { Times = 1 }],
        });
        await using var transport = Transport(server, SmtpSecurity.StartTls, trusted: certificate);

        (await DeliverAsync(transport)).Verdicts().ShouldBe([Verdict.Delivered]);

        (await server.WaitForAsync(1)).Single().OverTls.ShouldBeTrue();
    }

    [Fact]
    public async Task A_message_that_is_too_large_for_it_is_not_offered()
    {
        await using var server = await NpmSmtpServer.StartAsync(new() { Size = 50 });
        await using var transport = Transport(server);

        var outcome = await DeliverAsync(transport);

        outcome.Verdicts().ShouldBe([Verdict.Bounced]);
        outcome.Recipients[0].Reply!.ToString().ShouldStartWith("552 5.3.4 not sent");
    }

    [Fact]
    public async Task Two_hundred_and_fifty_recipients_go_in_several_transactions_of_which_some_are_refused()
    {
        var all = Enumerable.Range(0, 250).Select(i => $"r{i}@b.test").ToList();
        await using var server = await NpmSmtpServer.StartAsync(new()
        {
            Recipients = 60,
            Rules =
            [
                .. Enumerable.Range(0, 25).Select(i => new NpmRule("rcpt", "550 5.1.1 no such user") { Address = $"r{i * 10}@b.test" }),
                .. Enumerable.Range(0, 25).Select(i => new NpmRule("rcpt", "450 4.2.1 busy") { Address = $"r{i * 10 + 1}@b.test" }),
            ],
        });
        await using var transport = Transport(server);
        var verdicts = new Dictionary<string, Verdict>();
        for (var left = all; left.Count > 0; left = [.. left.Where(address => !verdicts.ContainsKey(address))])
        {
            var outcome = await DeliverAsync(transport, [.. left]);
            outcome.Fault.ShouldBeNull();
            var settled = outcome.Recipients.Where(each => each.Verdict != Verdict.Untried).ToList();
            settled.ShouldNotBeEmpty();
            foreach (var each in settled) verdicts.Add(each.Address, each.Verdict);
        }

        all.Select(address => verdicts[address]).ShouldBe(Enumerable.Range(0, 250).Select(i => (i % 10) switch { 0 => Verdict.Bounced, 1 => Verdict.Deferred, _ => Verdict.Delivered }));
        var messages = await server.WaitForAsync(4);
        messages.SelectMany(message => message.To).Order().ShouldBe(all.Where(address => verdicts[address] == Verdict.Delivered).Order());
        messages.ShouldAllBe(message => message.To.Count <= 60);
    }

    private static SmtpTransport Transport(NpmSmtpServer server, SmtpSecurity security = SmtpSecurity.None, SmtpLogin? login = null, TestCertificate? trusted = null, TimeProvider? time = null)
    {
        var settings = new TransportSettings.Smtp { Host = server.Host, Port = server.Port, Security = security, Login = login, HelloName = "me.test" };
        X509Certificate2Collection? authorities = trusted is null ? null : [trusted.Certificate];
        return new(settings, new(), new() { MaxAttempts = 1 }, time ?? TimeProvider.System, new Random(1), authorities);
    }

    private static Task<DeliveryOutcome> DeliverAsync(SmtpTransport transport, params string[] recipients) => transport.DeliverAsync(
        new("ada@a.test", recipients.Length == 0 ? ["bob@b.test"] : recipients), new TextMessage(Text) { Is8Bit = true }, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
}
