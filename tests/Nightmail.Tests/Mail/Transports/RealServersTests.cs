using System.Security.Cryptography.X509Certificates;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

/// <summary>Mail that servers of other people take.</summary>
public sealed class RealServersTests
{
    private static readonly string Text = "Subject: x\r\n\r\n" + string.Concat(Enumerable.Range(0, 2_000).Select(i => $".{new string('.', i % 70)}\r\nline {i}\r\n\r\n"));

    [Theory]
    [InlineData("")]
    [InlineData("-p")]
    [InlineData("-e")]
    [InlineData("-8 -E")]
    public async Task Smtp_sink_takes_many_messages_over_few_connections(string options)
    {
        await using var sink = await SmtpSink.StartAsync(storeMessages: true, options.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        await using var transport = Transport(sink.Host, sink.Port, SmtpSecurity.None, limits: new() { Connections = 4, EmailsPerConnection = 7 });

        await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            var outcome = await DeliverAsync(transport, $"X-Number: {i}\r\n{Text}", $"r{i}@b.test", $"s{i}@b.test");
            outcome.Verdicts().ShouldBe([Verdict.Delivered, Verdict.Delivered]);
        }));

        var messages = await sink.WaitForAsync(50);
        messages.Select(message => int.Parse(message.Header("X-Number")!)).Order().ShouldBe(Enumerable.Range(0, 50));
        foreach (var message in messages)
        {
            var number = message.Header("X-Number");
            message.From.ShouldBe("ada@a.test");
            message.Recipients.ShouldBe([$"r{number}@b.test", $"s{number}@b.test"]);
            message.Text.ShouldBe($"X-Number: {number}\r\n{Text}");
        }
    }

    [Theory]
    [InlineData(SinkTls.None, SmtpSecurity.None, null, true)]
    [InlineData(SinkTls.None, SmtpSecurity.None, "LOGIN", false)]
    [InlineData(SinkTls.StartTls, SmtpSecurity.StartTls, null, true)]
    [InlineData(SinkTls.StartTls, SmtpSecurity.StartTls, "PLAIN", true)]
    [InlineData(SinkTls.StartTls, SmtpSecurity.StartTls, "LOGIN", false)]
    [InlineData(SinkTls.Implicit, SmtpSecurity.Tls, null, true)]
    [InlineData(SinkTls.Implicit, SmtpSecurity.Tls, "PLAIN", false)]
    public async Task Aiosmtpd_takes_mail_in_every_way_of_protection_and_login(SinkTls tls, SmtpSecurity security, string? mechanism, bool pipelining)
    {
        using var certificate = new TestCertificate(TimeProvider.System.GetUtcNow());
        await using var sink = await AiosmtpdSink.StartAsync(new()
        {
            Tls = tls,
            RequireStartTls = tls == SinkTls.StartTls,
            Certificate = certificate,
            Login = mechanism is null ? null : ("ada", "sécret"),
            Pipelining = pipelining,
        });
        var login = mechanism is null ? null : new SmtpLogin("ada", new SecretSource.Literal("sécret"), mechanism);
        await using var transport = Transport(sink.Host, sink.Port, security, login, certificate);

        for (var i = 0; i < 3; i++) (await DeliverAsync(transport, Text, "bob@b.test")).Verdicts().ShouldBe([Verdict.Delivered]);

        var messages = await sink.WaitForAsync(3);
        messages.Count.ShouldBe(3);
        foreach (var message in messages)
        {
            message.Text.ShouldBe(Text);
            message.Recipients.ShouldBe(["bob@b.test"]);
            message.OverTls.ShouldBe(tls != SinkTls.None);
            message.User.ShouldBe(mechanism is null ? null : "ada");
            message.MailParameters.ShouldBe([$"SIZE={Text.Length}"]);
        }
    }

    [Fact]
    public async Task Aiosmtpd_refuses_a_wrong_password()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Login = ("ada", "right") });
        await using var transport = Transport(sink.Host, sink.Port, SmtpSecurity.None, new("ada", new SecretSource.Literal("wrong")));

        var outcome = await DeliverAsync(transport, Text, "bob@b.test");

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Auth);
        outcome.Fault.Words.ShouldNotContain("wrong");
        sink.Messages().ShouldBeEmpty();
    }

    [Fact]
    public async Task Only_the_deferred_are_left_after_a_transaction()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new()
        {
            Rules = [SinkRule.RefuseRecipient("never@b.test", "550 5.1.1 no"), SinkRule.RefuseRecipient("later@b.test", "451 4.7.1 later", times: 1)],
        });
        await using var transport = Transport(sink.Host, sink.Port, SmtpSecurity.None);

        (await DeliverAsync(transport, Text, "ok@b.test", "never@b.test", "later@b.test")).Verdicts().ShouldBe([Verdict.Delivered, Verdict.Bounced, Verdict.Deferred]);
        (await DeliverAsync(transport, Text, "later@b.test")).Verdicts().ShouldBe([Verdict.Delivered]);

        (await sink.WaitForAsync(2)).Select(message => message.Recipients.Single()).ShouldBe(["ok@b.test", "later@b.test"]);
    }

    [Fact]
    public async Task A_message_that_is_taken_without_an_answer_is_in_doubt()
    {
        await using var sink = await AiosmtpdSink.StartAsync(new() { Rules = [SinkRule.CutAtDot(times: 1)] });
        await using var transport = Transport(sink.Host, sink.Port, SmtpSecurity.None);

        var outcome = await DeliverAsync(transport, Text, "bob@b.test");

        outcome.Verdicts().ShouldBe([Verdict.InDoubt]);
        (await sink.WaitForAsync(1)).ShouldHaveSingleItem().Reply.ShouldBeNull();
    }

    [Fact]
    public async Task Five_megabytes_arrive_whole()
    {
        var text = "Subject: large\r\n\r\n" + string.Concat(Enumerable.Repeat("." + new string('x', 75) + "\r\n", 5_000_000 / 78));
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var transport = Transport(sink.Host, sink.Port, SmtpSecurity.None);

        (await DeliverAsync(transport, text, "bob@b.test")).Verdicts().ShouldBe([Verdict.Delivered]);

        (await sink.WaitForAsync(1))[0].Text.ShouldBe(text);
    }

    private static SmtpTransport Transport(
        string host, int port, SmtpSecurity security, SmtpLogin? login = null, TestCertificate? certificate = null, AccountLimits? limits = null)
    {
        var settings = new TransportSettings.Smtp { Host = host, Port = port, Security = security, Login = login };
        X509Certificate2Collection? trusted = certificate is null ? null : [certificate.Certificate];
        return new(settings, limits ?? new(), new(), TimeProvider.System, new Random(1), trusted);
    }

    private static Task<DeliveryOutcome> DeliverAsync(SmtpTransport transport, string text, params string[] recipients) =>
        transport.DeliverAsync(new("ada@a.test", recipients), new TextMessage(text), async (_, _, _) =>
        {
            await Task.Yield();
            return true;
        }, CancellationToken.None);
}
