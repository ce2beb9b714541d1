using System.Security.Cryptography.X509Certificates;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

/// <summary>A real exim with TLS and logins.</summary>
public sealed class EximTests : IAsyncLifetime
{
    private const string Text = "From: ada@a.test\r\nTo: bob@b.test\r\nSubject: größer\r\n\r\n.\r\n..dots\r\ngroß\r\nend\r\n";
    private readonly TestCertificate certificate = new(TimeProvider.System.GetUtcNow());
    private EximServer server = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EximServer.CanRun, "exim is unpacked by ./dev test, and only root may give it its user");
        server = await EximServer.StartAsync(certificate);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null) await server.DisposeAsync();
        certificate.Dispose();
    }

    [Fact]
    public async Task Exim_takes_mail_by_every_login_and_protection_and_refuses_what_it_should()
    {
        foreach (var (security, mechanism) in new[] { (SmtpSecurity.StartTls, "PLAIN"), (SmtpSecurity.StartTls, "CRAM-MD5"), (SmtpSecurity.StartTls, null), (SmtpSecurity.Tls, null) })
        {
            await using var transport = Transport(security, new(EximServer.Username, new SecretSource.Literal(EximServer.Password), mechanism));
            for (var i = 0; i < 3; i++) (await DeliverAsync(transport, "bob@b.test")).Verdicts().ShouldBe([Verdict.Delivered], $"{security} {mechanism}");
        }

        var messages = await server.WaitForAsync(12);
        messages.ShouldAllBe(message => message.Recipients.Single() == "bob@b.test" && message.Text.EndsWith("\n.\n..dots\ngroß\nend\n", StringComparison.Ordinal));
        messages.ShouldAllBe(message => message.Text.Contains("Subject: größer\n", StringComparison.Ordinal));
        server.Log().ShouldContain("P=utf8esmtpsa");

        await using var wrong = Transport(SmtpSecurity.StartTls, new(EximServer.Username, new SecretSource.Literal("wr0ng")));
        var refused = await DeliverAsync(wrong, "bob@b.test");
        refused.Fault!.Reason.ShouldBe(AccountFaultReason.Auth);
        refused.Fault.Words.ShouldNotContain("wr0ng");
    }

    [Fact]
    public async Task Two_hundred_and_fifty_recipients_go_in_several_transactions_and_each_has_its_reply()
    {
        await using var transport = Transport(SmtpSecurity.StartTls, new(EximServer.Username, new SecretSource.Literal(EximServer.Password)));
        var left = Enumerable.Range(0, 248).Select(i => $"r{i}@b.test").Append("unknown@b.test").Append("later@b.test").ToList();
        var verdicts = new Dictionary<string, Verdict>();
        while (left.Count > 0)
        {
            var outcome = await DeliverAsync(transport, [.. left]);
            outcome.Fault.ShouldBeNull();
            foreach (var each in outcome.Recipients.Where(each => each.Verdict != Verdict.Untried)) verdicts.Add(each.Address, each.Verdict);
            outcome.Recipients.ShouldContain(each => each.Verdict != Verdict.Untried);
            left = [.. outcome.Recipients.Where(each => each.Verdict == Verdict.Untried).Select(each => each.Address)];
        }

        (verdicts["unknown@b.test"], verdicts["later@b.test"], verdicts.Count(each => each.Value == Verdict.Delivered)).ShouldBe((Verdict.Bounced, Verdict.Deferred, 248));
        (await server.WaitForAsync(5)).SelectMany(message => message.Recipients).Order().ShouldBe(Enumerable.Range(0, 248).Select(i => $"r{i}@b.test").Order());
    }

    private SmtpTransport Transport(SmtpSecurity security, SmtpLogin login)
    {
        var settings = new TransportSettings.Smtp
        {
            Host = "localhost", Port = security == SmtpSecurity.Tls ? server.TlsPort : server.Port, Security = security, Login = login, HelloName = "me.test",
        };
        X509Certificate2Collection trusted = [certificate.Certificate];
        return new(settings, new(), new(), TimeProvider.System, new Random(1), trusted);
    }

    private static Task<DeliveryOutcome> DeliverAsync(SmtpTransport transport, params string[] recipients) => transport.DeliverAsync(
        new("ada@a.test", recipients), new TextMessage(Text) { Is8Bit = true, NeedsSmtpUtf8 = true }, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
}
