using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>What a server says at each step, over a real socket, and what the email and the account come to: the table of outcomes, a row each.</summary>
public abstract class OutcomeTableTests(Replay replay) : Replayed(replay)
{
    [Theory]
    [InlineData("554 5.7.1 go away", AccountFaultReason.Reputation)]
    [InlineData("554 no SMTP service here", AccountFaultReason.Network)]
    [InlineData("421 4.3.2 closing", AccountFaultReason.Network)]
    [InlineData("450 4.3.2 overloaded", AccountFaultReason.Network)]
    public async Task A_greeting_that_is_none_is_the_accounts_failure(string greeting, AccountFaultReason reason)
    {
        await using var conversation = Conversation.Over(Serve($"S: {greeting}\n! silence"), tries: 1);

        var outcome = await conversation.DeliverAsync();

        (outcome.Verdicts().Single(), outcome.Fault!.Reason, outcome.Phase, outcome.Begun).ShouldBe((Verdict.Untried, reason, "greeting", false));
        outcome.Fault.Words.ShouldEndWith(greeting);
        outcome.Fault.SlowsDown.ShouldBe(greeting[0] == '4');
    }

    [Theory]
    [InlineData("550 5.1.8 unknown sender domain", AccountFaultReason.Sender)]
    [InlineData("553 5.1.7 bad sender", AccountFaultReason.Sender)]
    [InlineData("451 4.1.8 cannot resolve your domain", AccountFaultReason.Sender)]
    [InlineData("550 not from you", AccountFaultReason.Sender)]
    [InlineData("530 5.7.0 log in", AccountFaultReason.Auth)]
    [InlineData("535 5.7.8 bad credentials", AccountFaultReason.Auth)]
    [InlineData("454 4.7.0 try later", AccountFaultReason.Network)]
    [InlineData("452 4.3.1 no space", AccountFaultReason.Network)]
    [InlineData("450 4.4.1 no answer from inside", AccountFaultReason.Network)]
    [InlineData("451 4.7.28 rate limit exceeded", AccountFaultReason.Quota)]
    [InlineData("421 4.7.0 too many messages", AccountFaultReason.Quota)]
    [InlineData("503 5.5.1 out of order", AccountFaultReason.Protocol)]
    public Task A_refused_sender_is_the_accounts_failure(string reply, AccountFaultReason reason) => ExpectAsync(reply, Step.Mail, Verdict.Untried, reason);

    [Theory]
    [InlineData("450 4.2.1 mailbox busy", Verdict.Deferred, null)]
    [InlineData("451 4.7.1 greylisted", Verdict.Deferred, null)]
    [InlineData("452 4.2.2 mailbox full", Verdict.Deferred, null)]
    [InlineData("450 4.1.1 not now", Verdict.Deferred, null)]
    [InlineData("450 busy", Verdict.Deferred, null)]
    [InlineData("550 5.1.1 no such user", Verdict.Bounced, null)]
    [InlineData("550 5.1.2 no such host", Verdict.Bounced, null)]
    [InlineData("501 5.1.3 bad address", Verdict.Bounced, null)]
    [InlineData("550 5.1.6 has moved", Verdict.Bounced, null)]
    [InlineData("556 5.1.10 takes no mail", Verdict.Bounced, null)]
    [InlineData("552 5.2.2 over quota", Verdict.Bounced, null)]
    [InlineData("550 5.7.1 not to this one", Verdict.Bounced, null)]
    [InlineData("550 no", Verdict.Bounced, null)]
    [InlineData("553 no", Verdict.Bounced, null)]
    [InlineData("550 5.1.8 your domain", Verdict.Untried, AccountFaultReason.Sender)]
    [InlineData("530 5.7.0 log in", Verdict.Untried, AccountFaultReason.Auth)]
    [InlineData("451 4.3.0 broken", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("450 4.4.2 timeout", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("450 4.7.28 rate limit", Verdict.Untried, AccountFaultReason.Quota)]
    [InlineData("421 4.3.2 closing", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("500 5.5.2 what", Verdict.Untried, AccountFaultReason.Protocol)]
    public Task A_refused_recipient(string reply, Verdict verdict, AccountFaultReason? reason) => ExpectAsync(reply, Step.Rcpt, verdict, reason);

    [Theory]
    [InlineData("250 2.0.0 ok", Verdict.Delivered, null)]
    [InlineData("250 ok", Verdict.Delivered, null)]
    [InlineData("451 4.7.1 later", Verdict.Deferred, null)]
    [InlineData("452 4.2.2 full", Verdict.Deferred, null)]
    [InlineData("554 5.6.0 bad content", Verdict.Bounced, null)]
    [InlineData("552 5.2.3 too large", Verdict.Bounced, null)]
    [InlineData("550 5.7.26 unauthenticated", Verdict.Bounced, null)]
    [InlineData("554 no", Verdict.Bounced, null)]
    [InlineData("452 4.3.1 no space", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("451 4.5.0 broken", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("550 5.4.5 daily sending quota exceeded", Verdict.Untried, AccountFaultReason.Quota)]
    [InlineData("535 5.7.8 expired", Verdict.Untried, AccountFaultReason.Auth)]
    [InlineData("421 4.3.2 closing", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("503 5.5.1 out of order", Verdict.Untried, AccountFaultReason.Protocol)]
    [InlineData("! end", Verdict.InDoubt, null)]
    [InlineData("! cut", Verdict.InDoubt, null)]
    public Task An_answer_to_the_final_dot(string reply, Verdict verdict, AccountFaultReason? reason) => ExpectAsync(reply, Step.Dot, verdict, reason);

    [Theory]
    [InlineData(Step.Mail)]
    [InlineData(Step.Rcpt)]
    public Task A_connection_that_is_lost_before_begin_is_the_accounts_failure(Step step) => ExpectAsync("! end", step, Verdict.Untried, AccountFaultReason.Network);

    /// <summary>Where the server departs from taking the mail.</summary>
    public enum Step
    {
        Mail,
        Rcpt,
        Dot,
    }

    private async Task ExpectAsync(string reply, Step step, Verdict verdict, AccountFaultReason? reason)
    {
        var said = reply.StartsWith('!') ? reply : "S: " + reply;
        var script = "S: 220 mx\nC: EHLO me.test\nS: 250 mx\nC: MAIL FROM:<ada@a.test>\n" + step switch
        {
            Step.Mail => said,
            Step.Rcpt => $"S: 250 ok\nC: RCPT TO:<bob@b.test>\n{said}",
            _ => $"S: 250 ok\nC: RCPT TO:<bob@b.test>\nS: 250 ok\nC: DATA\nS: 354 go\n! message\n{said}",
        };
        await using var conversation = Play(script);

        var outcome = await conversation.DeliverAsync();

        (outcome.Verdicts().Single(), outcome.Fault?.Reason, outcome.Begun).ShouldBe((verdict, reason, step == Step.Dot));
        // What answers the sender or closes the connection is about no email; what answers a recipient or the message may be.
        outcome.FaultIsAnswer.ShouldBe(reason is not null && step != Step.Mail && !reply.StartsWith('!') && (step == Step.Dot || !reply.StartsWith("421", StringComparison.Ordinal)));
        (outcome.Fault?.SlowsDown ?? false).ShouldBe(reply.StartsWith("421", StringComparison.Ordinal));
        if (!reply.StartsWith('!')) (outcome.Recipients[0].Reply?.ToString() ?? outcome.Fault!.Words).ShouldEndWith(reply);
        await conversation.FinishAsync();
    }
}

/// <inheritdoc/>
public sealed class OutcomeTableTestsWhole() : OutcomeTableTests(Replay.Whole);

/// <inheritdoc/>
public sealed class OutcomeTableTestsByLine() : OutcomeTableTests(Replay.ByLine);

/// <inheritdoc/>
public sealed class OutcomeTableTestsByByte() : OutcomeTableTests(Replay.ByByte);
