using System.Security.Cryptography.X509Certificates;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

/// <summary>A real Postfix with TLS and SASL.</summary>
public sealed class PostfixTests : IAsyncLifetime
{
    private const string Text = "From: ada@a.test\r\nTo: bob@b.test\r\nSubject: x\r\n\r\n.\r\n..dots\r\nend\r\n";
    private readonly TestCertificate certificate = new(TimeProvider.System.GetUtcNow());
    private PostfixServer server = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(PostfixServer.CanRun, "Postfix's master process runs as root only");
        server = await PostfixServer.StartAsync(certificate);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null) await server.DisposeAsync();
        certificate.Dispose();
    }

    [Fact]
    public async Task Postfix_takes_mail_by_every_login_and_protection_and_refuses_what_it_should()
    {
        var delivered = 0;
        foreach (var mechanism in new[] { null, "SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5" })
        {
            await using var transport = Transport(SmtpSecurity.StartTls, new(PostfixServer.Username, new SecretSource.Literal(PostfixServer.Password), mechanism));
            (await DeliverAsync(transport, Text, "bob@b.test")).Fault.ShouldBeNull(mechanism);
            (await DeliverAsync(transport, Text, "eve@b.test")).Verdicts().ShouldBe([Verdict.Delivered]);
            delivered += 2;
        }

        await using (var tls = Transport(SmtpSecurity.Tls, Login())) (await DeliverAsync(tls, Text, "bob@b.test")).Verdicts().ShouldBe([Verdict.Delivered]);
        var messages = await server.WaitForAsync(delivered + 1);
        messages.ShouldAllBe(message => message.Contains("\n\n.\n..dots\nend\n", StringComparison.Ordinal));
        messages.ShouldAllBe(message => message.Contains("with ESMTPSA", StringComparison.Ordinal));

        // The same server, what it refuses: a wrong password in every way, a login that is missing, an unknown authority.
        foreach (var mechanism in new[] { "SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5" })
        {
            await using var wrong = Transport(SmtpSecurity.StartTls, new(PostfixServer.Username, new SecretSource.Literal("wr0ng"), mechanism));
            var outcome = await DeliverAsync(wrong, Text, "bob@b.test");
            outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Auth, mechanism);
            outcome.Fault.Words.ShouldNotContain("wr0ng");
        }

        await using var nobody = Transport(SmtpSecurity.StartTls, null);
        var refused = await DeliverAsync(nobody, Text, "bob@b.test");
        refused.Verdicts().ShouldBe([Verdict.Bounced]);
        refused.Begun.ShouldBeFalse();
        await using var distrusting = Transport(SmtpSecurity.StartTls, Login(), trusts: false);
        (await DeliverAsync(distrusting, Text, "bob@b.test")).Fault!.Words.ShouldEndWith("the certificate of the server cannot be trusted: its authority is not known here");
    }

    [Fact]
    public async Task Two_hundred_and_fifty_recipients_go_in_several_transactions_and_each_has_its_reply()
    {
        await using var transport = Transport(SmtpSecurity.StartTls, Login());
        var left = Enumerable.Range(0, 248).Select(i => $"r{i}@b.test").Append("unknown@b.test").Append("later@b.test").ToList();
        var (delivered, bounced, deferred, transactions) = (new List<string>(), new List<string>(), new List<string>(), 0);
        for (; left.Count > 0; transactions++)
        {
            var outcome = await DeliverAsync(transport, Text, [.. left]);
            outcome.Fault.ShouldBeNull();
            delivered.AddRange(outcome.Recipients.Where(each => each.Verdict == Verdict.Delivered).Select(each => each.Address));
            bounced.AddRange(outcome.Recipients.Where(each => each.Verdict == Verdict.Bounced).Select(each => each.Address));
            deferred.AddRange(outcome.Recipients.Where(each => each.Verdict == Verdict.Deferred).Select(each => each.Address));
            var untried = outcome.Recipients.Where(each => each.Verdict == Verdict.Untried).Select(each => each.Address).ToList();
            untried.Count.ShouldBeLessThan(left.Count);
            left = untried;
        }

        transactions.ShouldBeGreaterThan(4);
        delivered.Order().ShouldBe(Enumerable.Range(0, 248).Select(i => $"r{i}@b.test").Order());
        (bounced, deferred).ShouldSatisfyAllConditions(() => bounced.ShouldBe(["unknown@b.test"]), () => deferred.ShouldBe(["later@b.test"]));
    }

    [Fact]
    public async Task What_is_too_large_is_refused_here()
    {
        await using var transport = Transport(SmtpSecurity.StartTls, Login());

        var outcome = await DeliverAsync(transport, Text + new string('x', 900) + string.Concat(Enumerable.Repeat("\r\n" + new string('x', 900), 120)), "bob@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Bounced]);
        outcome.Recipients[0].Reply!.ToString().ShouldContain("takes 100000 at most");
        server.Log().ShouldNotContain("NOQUEUE");
    }

    private static SmtpLogin Login() => new(PostfixServer.Username, new SecretSource.Literal(PostfixServer.Password));

    private SmtpTransport Transport(SmtpSecurity security, SmtpLogin? login, bool trusts = true)
    {
        var settings = new TransportSettings.Smtp
        {
            Host = "localhost", Port = security == SmtpSecurity.Tls ? server.TlsPort : server.Port, Security = security, Login = login, HelloName = "me.test",
        };
        X509Certificate2Collection? trusted = trusts ? [certificate.Certificate] : null;
        return new(settings, new(), new(), TimeProvider.System, new Random(1), trusted);
    }

    private static Task<DeliveryOutcome> DeliverAsync(SmtpTransport transport, string text, params string[] recipients) =>
        transport.DeliverAsync(new("ada@a.test", recipients), new TextMessage(text), (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
}
