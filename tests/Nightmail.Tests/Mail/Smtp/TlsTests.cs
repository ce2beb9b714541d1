using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

public sealed class TlsTests : IDisposable
{
    private const string Offer = """
        S: 220 mx
        C: EHLO me.test
        S: 250-mx
        S: 250 STARTTLS
        C: STARTTLS

        """;

    private const string Mail = """
        C: MAIL FROM:<ada@a.test>
        S: 250 ok
        C: RCPT TO:<bob@b.test>
        S: 250 ok
        C: DATA
        S: 354 go
        ! message
        S: 250 2.0.0 ok

        """;

    private readonly TestCertificate certificate = new(TimeProvider.System.GetUtcNow());

    public void Dispose() => certificate.Dispose();

    [Fact]
    public async Task After_STARTTLS_the_server_is_asked_again_and_what_it_said_before_is_forgotten()
    {
        await using var conversation = Start(SmtpSecurity.StartTls, certificate, Offer + """
            S~ 220 go ahead\r\n250-injected\r\n250 AUTH PLAIN\r\n
            ! tls
            C: EHLO me.test
            S: 250 mx
            """ + "\n" + Mail);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Tls_from_the_first_byte()
    {
        await using var conversation = Start(SmtpSecurity.Tls, certificate, "! tls\nS: 220 mx\nC: EHLO me.test\nS: 250 mx\n" + Mail);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Without_STARTTLS_nothing_is_said_in_the_clear()
    {
        await using var conversation = Start(SmtpSecurity.StartTls, certificate, "S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 AUTH PLAIN\n! silence");

        var outcome = await conversation.DeliverAsync();

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Tls);
        outcome.Fault.Words.ShouldContain("offers no STARTTLS");
        outcome.Phase.ShouldBe("tls");
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("S: 454 4.7.0 not now", "454 4.7.0 not now")]
    [InlineData("S: 220 go\nS~ this is no handshake\n! end", "no TLS with this server")]
    [InlineData("S: 220 go\n! end", "no TLS with this server")]
    public async Task A_handshake_that_fails_is_the_accounts_fault(string steps, string words)
    {
        await using var conversation = Start(SmtpSecurity.StartTls, certificate, Offer + steps.Replace("S~", "! overtake\nS~"));

        var outcome = await conversation.DeliverAsync();

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Tls);
        outcome.Fault.Words.ShouldContain(words);
        outcome.Begun.ShouldBeFalse();
    }

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_not_trusted()
    {
        await using var conversation = Conversation.Over(
            ScriptedSmtpServer.Play(["! tls"], null, certificate), settings => settings with { Security = SmtpSecurity.Tls });

        var outcome = await conversation.DeliverAsync();

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Tls);
        outcome.Fault.Words.ShouldEndWith("the certificate of the server cannot be trusted: its authority is not known here");
    }

    [Theory]
    [InlineData(0, "it is not for 127.0.0.1")]
    [InlineData(-30, "it has expired or is not valid yet")]
    public async Task A_certificate_must_be_for_this_server_and_this_day(int days, string words)
    {
        using var wrong = days == 0
            ? new TestCertificate(TimeProvider.System.GetUtcNow(), "other.test")
            : new TestCertificate(TimeProvider.System.GetUtcNow().AddDays(days));
        await using var conversation = Start(SmtpSecurity.Tls, wrong, "! tls");

        (await conversation.DeliverAsync()).Fault!.Words.ShouldContain(words);
    }

    [Fact]
    public async Task An_account_can_take_any_certificate()
    {
        await using var conversation = Conversation.Over(
            ScriptedSmtpServer.Play(["! tls\nS: 220 mx\nC: EHLO me.test\nS: 250 mx\n" + Mail], null, certificate),
            settings => settings with { Security = SmtpSecurity.Tls, CheckCertificate = false });

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    private static Conversation Start(SmtpSecurity security, TestCertificate certificate, string script) => Conversation.Over(
        ScriptedSmtpServer.Play([script], null, certificate),
        settings => settings with { Security = security },
        trusted: certificate.Certificate);
}
