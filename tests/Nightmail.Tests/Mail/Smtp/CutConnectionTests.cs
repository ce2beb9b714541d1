using Nightmail.Core.Delivery;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>The connection is cut after every single byte of a dialogue, in both directions: the outcome is always the right one.</summary>
public sealed class CutConnectionTests
{
    private const string Pipelined = """
        S: 220 mx
        C: EHLO me.test
        S: 250-mx
        S: 250 PIPELINING
        C: MAIL FROM:<ada@a.test>
        C: RCPT TO:<bob@b.test>
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 354 go
        C: a
        C: .
        S: 250-2.0.0 it is
        S: 250 2.0.0 ours
        """;

    private const string StepByStep = """
        S: 220 mx
        C: EHLO me.test
        S: 250 mx
        C: MAIL FROM:<ada@a.test>
        S: 250 ok
        C: RCPT TO:<bob@b.test>
        S: 250 ok
        C: DATA
        S: 354 go
        C: a
        C: .
        S: 250 2.0.0 ours
        """;

    [Theory]
    [InlineData(Pipelined)]
    [InlineData(StepByStep)]
    public async Task Cut_after_every_byte_of_the_server(string script)
    {
        var parsed = SmtpScript.Parse(script);
        var leave = parsed.BytesThrough("354", server: true);
        for (var sent = 0; sent <= parsed.ServerBytes; sent++)
        {
            var outcome = await DeliverAsync(script, new() { CutAfterSent = sent });
            Check(outcome, sent < leave ? null : sent < parsed.ServerBytes ? Verdict.InDoubt : Verdict.Delivered, $"{sent} bytes of the server's");
        }
    }

    [Theory]
    [InlineData(Pipelined)]
    [InlineData(StepByStep)]
    public async Task Cut_after_every_byte_of_the_client(string script)
    {
        var parsed = SmtpScript.Parse(script);
        var data = parsed.BytesThrough("DATA", server: false);
        for (var received = 1; received <= parsed.ClientBytes; received++)
        {
            var outcome = await DeliverAsync(script, new() { CutAfterReceived = received });
            Check(outcome, received <= data ? null : Verdict.InDoubt, $"{received} bytes of the client's");
        }
    }

    [Fact]
    public async Task A_cut_while_the_message_travels_leaves_nothing_in_doubt()
    {
        await using var conversation = Conversation.Play("""
            S: 220 mx
            C: EHLO me.test
            S: 250-mx
            S: 250 PIPELINING
            C: MAIL FROM:<ada@a.test>
            C: RCPT TO:<bob@b.test>
            C: DATA
            S: 250 ok
            S: 250 ok
            S: 354 go
            ! wait begun
            ! cut
            """);
        conversation.Leave = _ =>
        {
            conversation.Server.Release("begun");
            return ValueTask.FromResult(true);
        };

        // More than the buffers of both sides hold, so that it cannot all be on its way when the cut comes.
        var outcome = await conversation.DeliverAsync(new TextMessage(string.Concat(Enumerable.Repeat(new string('x', 998) + "\r\n", 64_000))));

        outcome.Verdicts().ShouldBe([Verdict.Untried]);
        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Network);
        (outcome.Begun, outcome.Phase).ShouldBe((true, "body"));
    }

    private static async Task<DeliveryOutcome> DeliverAsync(string script, ScriptFaults faults)
    {
        await using var conversation = Conversation.Over(ScriptedSmtpServer.Play([script], faults), tries: 1);
        var outcome = await conversation.DeliverAsync(new TextMessage("a\r\n"));
        outcome.Begun.ShouldBe(conversation.Begins.Count > 0);
        return outcome;
    }

    /// <summary>Null: cut before begin.</summary>
    private static void Check(DeliveryOutcome outcome, Verdict? afterBegin, string where)
    {
        outcome.Begun.ShouldBe(afterBegin is not null, where);
        outcome.Verdicts().ShouldBe([afterBegin ?? Verdict.Untried], where);
        if (afterBegin is null) outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Network, where);
        else outcome.Fault.ShouldBeNull(where);
        if (afterBegin == Verdict.InDoubt) outcome.Recipients[0].Reply!.Text.ShouldEndWith("the message may have been delivered", Case.Sensitive, where);
    }
}
