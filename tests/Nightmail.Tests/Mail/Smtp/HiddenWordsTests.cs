using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>
/// Words that came in one packet with the answer before, each in a TLS record of its own: TLS has them all, and only the first was read.
/// </summary>
public sealed class HiddenWordsTests : IDisposable
{
    private const string Hello = "! tls\nS: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 PIPELINING\n";
    private const string Two = "C: MAIL FROM:<ada@a.test>\nC: RCPT TO:<bob@b.test>\nC: RCPT TO:<no@b.test>\nC: DATA\n";
    private const string Answers = "S: 250 ok\nS: 250 ok\nS: 550 5.1.1 nobody\nS: 354 go\n";
    private const string Mail = Two + Answers + "! message\nS: 250 2.0.0 ok\n";

    private readonly TestCertificate certificate = new(TimeProvider.System.GetUtcNow());

    public void Dispose() => certificate.Dispose();

    [Theory]
    [InlineData("S: 250 2.0.0 ok\nS: 421 4.3.2 I am closing", Verdict.Delivered)]
    [InlineData("S: 250 2.0.0 ok\nS: 250 2.0.0 ok", Verdict.Delivered)]
    [InlineData("S: 554 5.6.0 no\nS: 421 4.3.2 and I am closing", Verdict.Bounced)]
    [InlineData("S: 554 5.6.0 no\nS: 554 and go", Verdict.Bounced)]
    [InlineData("S~ 250 2.0.0 ok\\r\\n250 2.0.0 ok\\r\\n", Verdict.Delivered)]
    public async Task A_connection_with_words_behind_the_final_answer_is_not_used_again(string afterDot, Verdict verdict)
    {
        var first = Hello + Two + Answers + "! message\n! cork\n" + afterDot + "\n! uncork\n! silence";
        await using var conversation = Play(first, Hello + Mail);

        (await DeliverAsync(conversation)).Verdicts().ShouldBe([verdict, Verdict.Bounced]);
        // Taken as answers to the next one, they would make its second recipient's refusal the answer to its DATA.
        var next = await DeliverAsync(conversation);

        (next.Fault, next.Verdicts()[0], next.Verdicts()[1]).ShouldBe((null, Verdict.Delivered, Verdict.Bounced));
        conversation.Server.Connections.ShouldBe(2);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("S: 421 4.3.2 closing\nS: 250 ok\nS: 250 ok\nS: 354 go", AccountFaultReason.Network, Verdict.Untried)]
    [InlineData("S: 250 ok\nS: 421 4.3.2 closing", AccountFaultReason.Network, Verdict.Untried)]
    [InlineData("S: 250 ok\nS: 250 ok\nS: 421 4.3.2 closing", AccountFaultReason.Network, Verdict.Untried)]
    [InlineData("S: 250 ok\nS: 250 ok\nS: 550 5.1.1 nobody\nS: 421 4.3.2 closing", AccountFaultReason.Network, Verdict.Untried)]
    [InlineData("S: 250 ok\nS: 250 ok\nS: 550 5.1.1 nobody\nS: 554 5.6.0 no\nS: 421 4.3.2 closing", null, Verdict.Bounced)]
    [InlineData("S: 250 ok\nS: 250 ok\nS: 550 5.1.1 nobody\nS: 451 4.2.0 later\nS: 421 4.3.2 closing", null, Verdict.Deferred)]
    [InlineData("S: 250 what?\nS: 250 ok\nS: 250 ok\nS: 550 5.1.1 nobody\nS: 354 go", AccountFaultReason.Protocol, Verdict.Untried)]
    [InlineData("S: 250 ok\nS: 250 ok\nS: 550 5.1.1 nobody\nS: 550 5.1.1 nobody\nS: 354 go", AccountFaultReason.Protocol, Verdict.Untried)]
    [InlineData("S: 250 ok\nS: 250 ok\nS: 550 5.1.1 nobody\nS: 354 go\nS: 250 2.0.0 ok", AccountFaultReason.Protocol, Verdict.Untried)]
    [InlineData("S: 250 ok\nS: 250 ok\nS: 550 5.1.1 nobody\nS: 354 go\nS: 552 5.3.4 too much", AccountFaultReason.Protocol, Verdict.Untried)]
    public async Task Every_answer_of_an_envelope_goes_to_its_question(string answers, AccountFaultReason? fault, Verdict verdict)
    {
        await using var conversation = Play(Hello + Two + "! cork\n" + answers + "\n! uncork\n! silence", Hello + Mail);

        var outcome = await DeliverAsync(conversation);

        (outcome.Fault?.Reason, outcome.Verdicts()[0]).ShouldBe((fault, verdict));
        outcome.Begun.ShouldBeFalse();
        (await DeliverAsync(conversation)).Verdicts().ShouldBe([Verdict.Delivered, Verdict.Bounced]);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("S: 552 5.3.4 too much", null, Verdict.Bounced)]
    [InlineData("S: 250 2.0.0 ok", AccountFaultReason.Protocol, Verdict.Untried)]
    public async Task What_the_server_says_before_the_end_of_a_message_is_heard(string early, AccountFaultReason? fault, Verdict verdict)
    {
        await using var conversation = Play(Hello + Two + Answers + "! wait begun\n! overtake\n" + early + "\n! wait said\n! abandoned");
        conversation.Leave = async _ =>
        {
            conversation.Server.Release("begun");
            await conversation.Server.ReachedAsync("said");
            conversation.Server.Release("said");
            return true;
        };

        var outcome = await DeliverAsync(conversation);

        (outcome.Fault?.Reason, outcome.Verdicts()[0], outcome.Begun).ShouldBe((fault, verdict, true));
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Words_of_several_records_make_one_reply_and_one_record_makes_several()
    {
        var joined = "S~ 250 ok\\r\\n250 ok\\r\\n550 5.1.1 nobody\\r\\n354 go\\r\\n";
        var split = "! cork\nS~ 25\nS~ 0 2.\nS~ 0.0 ok\\r\nS~ \\n\n! uncork\n";
        await using var conversation = Play(Hello + Two + joined + "\n! message\n" + split + Two + joined + "\n! message\nS: 250 2.0.0 ok");

        for (var i = 0; i < 2; i++) (await DeliverAsync(conversation)).Verdicts().ShouldBe([Verdict.Delivered, Verdict.Bounced]);

        conversation.Server.Connections.ShouldBe(1);
        await conversation.FinishAsync();
    }

    private static Task<DeliveryOutcome> DeliverAsync(Conversation conversation) => conversation.DeliverAsync("bob@b.test", "no@b.test");

    private Conversation Play(params string[] scripts) => Conversation.Over(
        ScriptedSmtpServer.Play(scripts, null, certificate), settings => settings with { Security = SmtpSecurity.Tls }, trusted: certificate.Certificate);
}
