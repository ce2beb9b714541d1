using Nightmail.Core.Delivery;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>
/// Two emails and one connection: the second one's envelope travels with the first one's final dot, every answer goes to the right email, and
/// neither is ever begun before its own answers are there.
/// </summary>
public abstract class EnvelopeAheadTests(Replay replay) : Replayed(replay)
{
    private const string Hello = "S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 PIPELINING\n";
    private const string First = "C: MAIL FROM:<ada@a.test>\nC: RCPT TO:<one@b.test>\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\n! message\n";
    private const string Second = "C: MAIL FROM:<ada@a.test>\nC: RCPT TO:<two@b.test>\nC: DATA\n";
    private const string Alone = Second + "S: 250 ok\nS: 250 ok\nS: 354 go\n! message\nS: 250 2.0.0 two\n";

    [Fact]
    public async Task The_next_envelope_travels_with_the_final_dot()
    {
        await using var conversation = Start(Hello + First + Second + "S: 250 2.0.0 one\nS: 250 ok\nS: 250 ok\nS: 354 go\n! message\nS: 250 2.0.0 two\n");

        var (one, two) = await BothAsync(conversation);

        (one.FinalReply!.Text, two.FinalReply!.Text).ShouldBe(("one", "two"));
        conversation.Begins.Select(begin => begin.Accepted.Single()).ShouldBe(["one@b.test", "two@b.test"]);
        conversation.Server.Connections.ShouldBe(1);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("550 5.1.1 nobody", "250 2.0.0 two", Verdict.Bounced, Verdict.Delivered)]
    [InlineData("451 4.2.0 later", "250 2.0.0 two", Verdict.Deferred, Verdict.Delivered)]
    [InlineData("250 2.0.0 one", "552 5.2.2 full", Verdict.Delivered, Verdict.Bounced)]
    [InlineData("554 5.6.0 no", "452 4.2.2 full", Verdict.Bounced, Verdict.Deferred)]
    public async Task A_refusal_in_the_middle_answers_the_right_email(string answer, string later, Verdict first, Verdict second)
    {
        await using var conversation = Start(Hello + First + Second + $"S: {answer}\nS: 250 ok\nS: 250 ok\nS: 354 go\n! message\nS: {later}\n");

        var (one, two) = await BothAsync(conversation);

        (one.Verdicts().Single(), two.Verdicts().Single()).ShouldBe((first, second));
        conversation.Server.Connections.ShouldBe(1);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("S: 250 ok\nS: 550 5.1.1 nobody\nS: 554 5.5.1 no recipients", Verdict.Bounced, null)]
    [InlineData("S: 450 4.1.8 who\nS: 503 5.5.1 no\nS: 503 5.5.1 no", Verdict.Untried, AccountFaultReason.Sender)]
    [InlineData("S: 250 ok\nS: 250 ok\nS: 451 4.2.0 later", Verdict.Deferred, null)]
    public async Task A_refused_envelope_is_the_second_emails_alone_and_is_reset(string answers, Verdict verdict, AccountFaultReason? fault)
    {
        var third = "C: RSET\n" + Second.Replace("two", "three", StringComparison.Ordinal) + "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\n! message\nS: 250 2.0.0 three\n";
        await using var conversation = Start(Hello + First + Second + $"S: 250 2.0.0 one\n{answers}\n" + third);

        var (one, two) = await BothAsync(conversation);

        one.Verdicts().ShouldBe([Verdict.Delivered]);
        (two.Verdicts().Single(), two.Begun, two.Fault?.Reason).ShouldBe((verdict, false, fault));
        conversation.Begins.Count.ShouldBe(1);
        (await conversation.DeliverAsync("three@b.test")).FinalReply!.Text.ShouldBe("three");
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("S: 250 2.0.0 one\n! end", Verdict.Delivered)]
    [InlineData("S: 550 5.6.0 no\n! end", Verdict.Bounced)]
    [InlineData("! end", Verdict.InDoubt)]
    [InlineData("S: 25\n! end", Verdict.InDoubt)]
    [InlineData("S: 250 2.0.0 one\nS: 500 5.5.2 what?\nS: 500 5.5.2 what?\nS: 500 5.5.2 what?\n! silence", Verdict.Delivered)]
    [InlineData("S: 250 2.0.0 one\nS: what?\n! silence", Verdict.Delivered)]
    public async Task An_envelope_that_falls_with_the_connection_is_said_on_another(string answers, Verdict verdict)
    {
        await using var conversation = Start(Hello + First + Second + "! overtake\n" + answers, Hello + Alone);

        var (one, two) = await BothAsync(conversation);

        one.Verdicts().ShouldBe([verdict]);
        (two.FinalReply!.Text, two.Fault).ShouldBe(("two", null));
        conversation.Begins.Select(begin => begin.Accepted.Single()).ShouldBe(["one@b.test", "two@b.test"]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_421_instead_of_the_final_answer_ends_the_first_alone()
    {
        await using var conversation = Start(Hello + First + Second + "! overtake\nS: 421 4.3.2 closing\n! end", Hello + Alone);

        var (one, two) = await BothAsync(conversation);

        (one.Verdicts().Single(), one.Fault!.Reason, one.Fault.SlowsDown).ShouldBe((Verdict.Untried, AccountFaultReason.Network, true));
        two.Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task An_envelope_that_nobody_wants_any_more_ends_the_connection_and_not_the_email_before()
    {
        using var stop = new CancellationTokenSource();
        await using var conversation = Start(Hello + First + Second + "! wait answer\nS: 250 2.0.0 one\nS: 250 ok\nS: 250 ok\nS: 354 go\n! silence", Hello + Alone);

        var (first, second) = StartBoth(conversation, stop.Token);
        await conversation.Server.ReachedAsync("answer");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(second);
        first.IsCompleted.ShouldBeFalse();
        conversation.Server.Release("answer");

        (await first).Verdicts().ShouldBe([Verdict.Delivered]);
        conversation.Begins.Count.ShouldBe(1);
        conversation.Transport.IdleConnections.ShouldBe(0);
        (await conversation.DeliverAsync("two@b.test")).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Without_leave_the_second_email_stays_without_its_final_dot()
    {
        await using var conversation = Start(Hello + First + Second + "S: 250 2.0.0 one\nS: 250 ok\nS: 250 ok\nS: 354 go\n! abandoned");

        var (one, two) = await BothAsync(conversation, secondMay: false);

        one.Verdicts().ShouldBe([Verdict.Delivered]);
        (two.Verdicts().Single(), two.Begun).ShouldBe((Verdict.Untried, false));
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Nothing_is_said_ahead_on_a_connection_that_has_done_its_share()
    {
        await using var conversation = Conversation.Over(Serve(Hello + First + "S: 250 2.0.0 one\nC: QUIT\nS: 221 bye", Hello + Alone), limits: new() { Connections = 1, EmailsPerConnection = 1 });

        var (one, two) = await BothAsync(conversation);

        (one.FinalReply!.Text, two.FinalReply!.Text).ShouldBe(("one", "two"));
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Nothing_is_said_ahead_to_a_server_that_does_not_hear_it()
    {
        var deaf = First + Second + "S: 250 2.0.0 one\n! end";
        await using var conversation = Start(Hello + deaf, Hello + Alone + deaf, Hello + Alone + First + "S: 250 2.0.0 one\n" + Alone);

        // Twice it hangs up behind the first email; the third time it is not tried any more.
        for (var i = 0; i < 3; i++)
        {
            var (one, two) = await BothAsync(conversation);
            (one.FinalReply!.Text, two.FinalReply!.Text).ShouldBe(("one", "two"));
        }

        await conversation.FinishAsync();
    }

    private Conversation Start(params string[] scripts) => Conversation.Over(Serve(scripts), limits: new() { Connections = 1 });

    private static async Task<(DeliveryOutcome One, DeliveryOutcome Two)> BothAsync(Conversation conversation, bool secondMay = true)
    {
        var (first, second) = StartBoth(conversation, CancellationToken.None, secondMay);
        return (await first, await second);
    }

    /// <summary>The second one waits in line before the first may send its final dot.</summary>
    private static (Task<DeliveryOutcome> First, Task<DeliveryOutcome> Second) StartBoth(Conversation conversation, CancellationToken stopSecond, bool secondMay = true)
    {
        var before = conversation.Begins.Count;
        var secondWaits = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        conversation.Leave = _ => conversation.Begins.Count == before + 1 ? new(secondWaits.Task) : ValueTask.FromResult(secondMay);
        var first = conversation.DeliverAsync("one@b.test");
        var second = conversation.DeliverAsync(new TextMessage(Conversation.Text), stopSecond, "two@b.test");
        secondWaits.SetResult(true);
        return (first, second);
    }
}

/// <inheritdoc/>
public sealed class EnvelopeAheadTestsWhole() : EnvelopeAheadTests(Replay.Whole);

/// <inheritdoc/>
public sealed class EnvelopeAheadTestsByLine() : EnvelopeAheadTests(Replay.ByLine);

/// <inheritdoc/>
public sealed class EnvelopeAheadTestsByByte() : EnvelopeAheadTests(Replay.ByByte);
