using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>Whole conversations of one transaction, line by line.</summary>
public abstract class ConversationTests(Replay replay) : Replayed(replay)
{
    internal const string Hello = """
        S: 220 mx.test ESMTP
        C: EHLO me.test
        S: 250-mx.test
        S: 250-PIPELINING
        S: 250-8BITMIME
        S: 250-SIZE 1000
        S: 250 ENHANCEDSTATUSCODES

        """;

    internal const string Body = """
        C: Subject: x
        ! any
        C: ..dot
        C: end
        C: .

        """;

    [Fact]
    public async Task A_pipelining_server_gets_the_envelope_at_once()
    {
        await using var conversation = Play(Hello + """
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<bob@b.test>
            C: RCPT TO:<eve@b.test>
            C: DATA
            S: 250 2.1.0 Ok
            S: 250 2.1.5 Ok
            S: 250 2.1.5 Ok
            S: 354 go
            """ + "\n" + Body + """
            S: 250 2.0.0 queued as 1
            C: QUIT
            S: 221 bye
            """);

        var outcome = await conversation.DeliverAsync("bob@b.test", "eve@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Delivered, Verdict.Delivered]);
        outcome.FinalReply.ShouldBe(new Reply(250, "2.0.0", "queued as 1"));
        (outcome.Phase, outcome.Begun, outcome.Fault).ShouldBe(("answered", true, null));
        conversation.Begins.ShouldHaveSingleItem().Accepted.ShouldBe(["bob@b.test", "eve@b.test"]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_server_without_pipelining_is_waited_for_at_every_line()
    {
        await using var conversation = Play("""
            S: 220 mx.test
            C: EHLO me.test
            S: 250 mx.test
            C: MAIL FROM:<ada@a.test>
            S: 250 ok
            C: RCPT TO:<bob@b.test>
            S: 550 5.1.1 no such user
            C: RCPT TO:<eve@b.test>
            S: 250 ok
            C: DATA
            S: 354 go
            """ + "\n" + Body + """
            S: 250 ok
            """);

        var outcome = await conversation.DeliverAsync("bob@b.test", "eve@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Bounced, Verdict.Delivered]);
        outcome.Recipients[0].Reply.ShouldBe(new Reply(550, "5.1.1", "no such user"));
        var (accepted, refused) = conversation.Begins.ShouldHaveSingleItem();
        accepted.ShouldBe(["eve@b.test"]);
        refused.ShouldBe([new("bob@b.test", Verdict.Bounced, new(550, "5.1.1", "no such user"))]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_server_that_only_knows_HELO_is_spoken_to_like_that()
    {
        await using var conversation = Play("""
            S: 220 old
            C: EHLO me.test
            S: 502 what
            C: HELO me.test
            S: 250 old
            C: MAIL FROM:<ada@a.test>
            S: 250 ok
            C: RCPT TO:<bob@b.test>
            S: 250 ok
            C: DATA
            S: 354 go
            """ + "\n" + Body + "S: 250 ok");

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Each_recipient_has_its_own_reply()
    {
        await using var conversation = Play(Hello + """
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<ok@b.test>
            C: RCPT TO:<no@b.test>
            C: RCPT TO:<later@b.test>
            C: RCPT TO:<full@b.test>
            C: DATA
            S: 250 2.1.0 Ok
            S: 250 2.1.5 Ok
            S: 550 5.1.1 no
            S: 451 4.7.1 greylisted
            S: 452 4.5.3 too many recipients
            S: 354 go
            """ + "\n" + Body + "S: 250 2.0.0 ok");

        var outcome = await conversation.DeliverAsync("ok@b.test", "no@b.test", "later@b.test", "full@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Delivered, Verdict.Bounced, Verdict.Deferred, Verdict.Untried]);
        outcome.Fault.ShouldBeNull();
        conversation.Begins.ShouldHaveSingleItem().Refused.Select(each => each.Address).ShouldBe(["no@b.test", "later@b.test"]);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("554 5.5.1 no valid recipients", true)]
    [InlineData("354 go on then", false)]
    public async Task Without_an_accepted_recipient_nothing_is_sent_and_begin_is_not_asked(string dataReply, bool staysOpen)
    {
        await using var conversation = Play(Hello + $"""
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<bob@b.test>
            C: DATA
            S: 250 2.1.0 Ok
            S: 550 5.1.1 no
            S: {dataReply}
            {(staysOpen ? "" : "! silence")}
            """);

        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([Verdict.Bounced]);
        (outcome.Begun, outcome.Fault).ShouldBe((false, null));
        conversation.Begins.ShouldBeEmpty();
        conversation.Transport.IdleConnections.ShouldBe(staysOpen ? 1 : 0);
        await conversation.FinishAsync();
        if (staysOpen) conversation.Server.Transcripts[0][^1].ShouldBe("C: QUIT");
    }

    [Fact]
    public async Task A_transaction_that_was_left_open_is_reset_with_the_next_envelope()
    {
        await using var conversation = Play(Hello + """
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<no@b.test>
            C: DATA
            S: 250 2.1.0 Ok
            S: 550 5.1.1 no
            S: 503 5.5.1 no recipients
            C: RSET
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<bob@b.test>
            C: DATA
            S: 250 reset
            S: 250 2.1.0 Ok
            S: 250 2.1.5 Ok
            S: 354 go
            """ + "\n" + Body + "S: 250 2.0.0 ok");

        (await conversation.DeliverAsync("no@b.test")).Verdicts().ShouldBe([Verdict.Bounced]);
        (await conversation.DeliverAsync("bob@b.test")).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("550 5.1.8 who is that", AccountFaultReason.Sender)]
    [InlineData("530 5.7.0 log in first", AccountFaultReason.Auth)]
    [InlineData("451 4.3.0 broken", AccountFaultReason.Network)]
    public async Task A_refused_sender_is_the_accounts_fault(string reply, AccountFaultReason reason)
    {
        await using var conversation = Play(Hello + $"""
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<bob@b.test>
            C: DATA
            S: {reply}
            S: 503 no sender
            S: 503 no sender
            """);

        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([Verdict.Untried]);
        outcome.Fault!.Reason.ShouldBe(reason);
        outcome.Fault.Words.ShouldBe($"127.0.0.1:{conversation.Server.Port}, envelope: {reply}");
        outcome.Begun.ShouldBeFalse();
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("451 4.7.1 later", Verdict.Deferred, null)]
    [InlineData("554 5.7.1 never", Verdict.Bounced, null)]
    [InlineData("451 4.3.0 disk", Verdict.Untried, AccountFaultReason.Network)]
    public async Task A_refused_DATA_is_answered_for_the_accepted(string reply, Verdict verdict, AccountFaultReason? reason)
    {
        await using var conversation = Play(Hello + $"""
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<bob@b.test>
            C: DATA
            S: 250 2.1.0 Ok
            S: 250 2.1.5 Ok
            S: {reply}
            """);

        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([verdict]);
        (outcome.Fault?.Reason).ShouldBe(reason);
        outcome.Begun.ShouldBeFalse();
        conversation.Begins.ShouldBeEmpty();
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("250 2.0.0 ok", Verdict.Delivered, null)]
    [InlineData("451 4.7.1 later", Verdict.Deferred, null)]
    [InlineData("554 5.6.0 never", Verdict.Bounced, null)]
    [InlineData("452 4.3.1 full", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("421 4.3.2 closing", Verdict.Untried, AccountFaultReason.Network)]
    [InlineData("354 what", Verdict.InDoubt, null)]
    public async Task The_reply_to_the_final_dot_decides(string reply, Verdict verdict, AccountFaultReason? reason)
    {
        await using var conversation = Play(Hello + """
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<bob@b.test>
            C: DATA
            S: 250 2.1.0 Ok
            S: 250 2.1.5 Ok
            S: 354 go
            """ + "\n" + Body + $"S: {reply}");

        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([verdict]);
        (outcome.Fault?.Reason).ShouldBe(reason);
        outcome.Begun.ShouldBeTrue();
        outcome.Recipients[0].Reply!.ToString().ShouldBe(reply);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_421_in_the_envelope_ends_the_conversation()
    {
        await using var conversation = Play(Hello + """
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<bob@b.test>
            C: RCPT TO:<eve@b.test>
            C: DATA
            S: 250 2.1.0 Ok
            S: 250 2.1.5 Ok
            S: 421 4.3.2 eve@b.test is more than I can take
            ! silence
            """);

        var outcome = await conversation.DeliverAsync("bob@b.test", "eve@b.test");

        outcome.Verdicts().ShouldBe([Verdict.Untried, Verdict.Untried]);
        outcome.Fault.ShouldBe(new AccountFault(AccountFaultReason.Network, $"127.0.0.1:{conversation.Server.Port}, envelope: 421 4.3.2 recipient is more than I can take") { SlowsDown = true });
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Replies_of_many_lines_and_in_pieces_are_put_together()
    {
        await using var conversation = Play(Hello + """
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<bob@b.test>
            C: DATA
            S: 250-2.1.0 Ok
            S: 250 2.1.0 indeed
            S: 250 2.1.5 Ok
            S: 354-go
            S: 354
            """ + "\n" + Body + """
            S: 250-2.0.0 queued
            S: 250-2.0.0 as
            S: 250 2.0.0 17
            """);

        var outcome = await conversation.DeliverAsync();

        outcome.FinalReply.ShouldBe(new Reply(250, "2.0.0", "queued as 17"));
        await conversation.FinishAsync();
    }
}

/// <inheritdoc/>
public sealed class ConversationTestsWhole() : ConversationTests(Replay.Whole);

/// <inheritdoc/>
public sealed class ConversationTestsByLine() : ConversationTests(Replay.ByLine);

/// <inheritdoc/>
public sealed class ConversationTestsByByte() : ConversationTests(Replay.ByByte);
