using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>A connection whose server said more than it was asked is not used again: every answer could be to the question before.</summary>
public sealed class LostPlaceTests
{
    private const string Hello = "S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 PIPELINING\n";
    private const string Envelope = "C: MAIL FROM:<ada@a.test>\nC: RCPT TO:<bob@b.test>\nC: DATA\n";
    private const string Mail = Envelope + "S: 250 ok\nS: 250 ok\nS: 354 go\n! message\nS: 250 2.0.0 ok\n";

    [Theory]
    [InlineData("S: 250 ok\nS: 550 5.1.1 nobody\nS: 250 what?\n", null)]
    [InlineData("S: 250 ok\nS: 550 5.1.1 nobody\nS: 354 go\n", null)]
    [InlineData("S: 250 ok\nS~ 550 5.1.1 nobody\\r\\n503 5.5.1 no recipients\\r\\n250 what?\\r\\n\n", null)]
    [InlineData("S: 250 ok\nS: 250 ok\nS: 503 5.5.1 out of order\n", AccountFaultReason.Protocol)]
    public async Task An_envelope_that_ends_out_of_step_ends_the_connection(string answers, AccountFaultReason? fault)
    {
        await using var conversation = Conversation.Play(Hello + Envelope + answers + "! silence", Hello + Mail);

        var outcome = await conversation.DeliverAsync();
        (outcome.Fault?.Reason).ShouldBe(fault);
        conversation.Transport.IdleConnections.ShouldBe(0);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_word_too_many_after_the_final_answer_ends_the_connection()
    {
        var talkative = Mail.Replace("S: 250 2.0.0 ok", @"S~ 250 2.0.0 ok\r\n250 2.0.0 ok\r\n");
        await using var conversation = Conversation.Play(Hello + talkative + "! silence", Hello + Mail);

        for (var i = 0; i < 2; i++) (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);

        conversation.Server.Connections.ShouldBe(2);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_word_that_came_while_it_was_idle_ends_the_connection()
    {
        await using var conversation = Conversation.Play(Hello + Mail + "! wait idle\nS: 250 still here\n! end", Hello + Mail);
        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        conversation.Transport.IdleConnections.ShouldBe(1);

        conversation.Server.Release("idle");
        await conversation.Server.EndedAsync();
        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([Verdict.Delivered]);
        conversation.Server.Connections.ShouldBe(2);
        await conversation.FinishAsync();
    }
}
