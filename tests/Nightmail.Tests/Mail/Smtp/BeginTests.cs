using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;
using Nightmail.Testing;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>What the ledger's leave, and a caller who gives up, do to a transaction.</summary>
public abstract class BeginTests(Replay replay) : Replayed(replay)
{
    private const string Envelope = ConversationTests.Hello + """
        C: MAIL FROM:<ada@a.test> SIZE=25
        C: RCPT TO:<bob@b.test>
        C: RCPT TO:<no@b.test>
        C: DATA
        S: 250 2.1.0 Ok
        S: 250 2.1.5 Ok
        S: 550 5.1.1 no
        S: 354 go

        """;

    private const string Text = """
        C: Subject: x
        ! any
        C: ..dot
        C: end

        """;

    private static readonly string[] Recipients = ["bob@b.test", "no@b.test"];

    public static TheoryData<string> Refusals => ["says no", "says no late", "throws", "throws late", "was cancelled"];

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Without_leave_the_final_dot_is_never_sent(string refusal)
    {
        await using var conversation = Play(Envelope + "! abandoned");
        conversation.Leave = _ => RefuseAsync(refusal);

        var outcome = await conversation.DeliverAsync(Recipients);

        outcome.Verdicts().ShouldBe([Verdict.Untried, Verdict.Bounced]);
        (outcome.Begun, outcome.Fault, outcome.Phase).ShouldBe((false, null, "body"));
        conversation.Transport.IdleConnections.ShouldBe(0);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task The_message_travels_while_the_ledger_writes_and_only_the_dot_waits()
    {
        await using var conversation = Play(Envelope + Text + """
            ! wait text
            C: .
            S: 250 2.0.0 ok
            """);
        var leave = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        conversation.Leave = _ => new(leave.Task);

        var delivery = conversation.DeliverAsync(Recipients);
        await conversation.Server.ReachedAsync("text");
        delivery.IsCompleted.ShouldBeFalse();
        conversation.Server.Release("text");
        leave.SetResult(true);

        (await delivery).Verdicts().ShouldBe([Verdict.Delivered, Verdict.Bounced]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Who_gives_up_before_begin_leaves_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        await using var conversation = Play(ConversationTests.Hello + """
            C: MAIL FROM:<ada@a.test> SIZE=25
            C: RCPT TO:<bob@b.test>
            C: DATA
            S: 250 2.1.0 Ok
            ! wait half
            ! silence
            """);

        var delivery = conversation.DeliverAsync(new TextMessage(Conversation.Text), stop.Token);
        await conversation.Server.ReachedAsync("half");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(delivery);
        conversation.Server.Release("half");

        conversation.Begins.ShouldBeEmpty();
        conversation.Transport.IdleConnections.ShouldBe(0);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task Who_gives_up_after_begin_is_not_heard_until_the_answer_is_there()
    {
        using var stop = new CancellationTokenSource();
        await using var conversation = Play(Envelope + Text + """
            C: .
            ! wait answer
            S: 250 2.0.0 ok
            """);

        var delivery = conversation.DeliverAsync(new TextMessage(Conversation.Text), stop.Token, Recipients);
        await conversation.Server.ReachedAsync("answer");
        await stop.CancelAsync();
        conversation.Server.Release("answer");

        (await delivery).Verdicts().ShouldBe([Verdict.Delivered, Verdict.Bounced]);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_server_that_refuses_half_way_gets_no_final_dot()
    {
        await using var conversation = Play(Envelope + """
            ! wait begun
            ! overtake
            S: 552 5.3.4 too much
            ! wait said
            ! abandoned
            """);
        conversation.Leave = _ => AfterServerSpokeAsync(conversation);

        var outcome = await conversation.DeliverAsync(Recipients);

        outcome.Verdicts().ShouldBe([Verdict.Bounced, Verdict.Bounced]);
        (outcome.Begun, outcome.Fault).ShouldBe((true, null));
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_server_that_agrees_before_the_end_is_not_believed()
    {
        await using var conversation = Play(Envelope + """
            ! wait begun
            ! overtake
            S: 250 2.0.0 ok
            ! wait said
            ! abandoned
            """);
        conversation.Leave = _ => AfterServerSpokeAsync(conversation);

        var outcome = await conversation.DeliverAsync(Recipients);

        outcome.Verdicts().ShouldBe([Verdict.Untried, Verdict.Bounced]);
        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Protocol);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_that_cannot_be_read_whole_is_not_sent(bool throws)
    {
        await using var conversation = Play(Envelope.Replace("SIZE=25", throws ? "SIZE=25" : "SIZE=26") + "! abandoned");
        var message = throws
            ? new TextMessage(Conversation.Text) { Failure = new StoreException(StoreTrouble.Unreadable, "the blob is damaged") }
            : new TextMessage(Conversation.Text) { Length = 26 };

        var outcome = await conversation.DeliverAsync(message, Recipients);

        outcome.Verdicts().ShouldBe([Verdict.Deferred, Verdict.Bounced]);
        outcome.Recipients[0].Reply!.Text.ShouldBe(throws
            ? "the message could not be read: the blob is damaged" : "the message could not be read whole: 25 of 26 bytes");
        outcome.Fault.ShouldBeNull();
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("answer", 10, Verdict.InDoubt, "final dot", "no answer within 10 min")]
    [InlineData("data", 2, Verdict.Untried, "envelope", "no answer within 2 min")]
    [InlineData("greeting", 4, Verdict.Untried, "greeting", "greeting: not ready to send within 4 min")]
    public async Task A_server_that_says_nothing_is_given_up_after_its_time(string silent, int minutes, Verdict verdict, string phase, string words)
    {
        var time = new ManualTime();
        var script = silent switch
        {
            "greeting" => "S: 220 mx\nC: EHLO me.test\n! wait greeting\n! silence",
            "data" => Envelope.Replace("S: 354 go", "! wait data") + "! silence",
            _ => Envelope + Text + "C: .\n! wait answer\n! silence",
        };
        await using var conversation = Conversation.Over(Serve(script), time: time);

        var delivery = conversation.DeliverAsync(Recipients);
        await conversation.Server.ReachedAsync(silent);
        (await Waiting.UntilAsync(() => time.NextTimer == time.Elapsed + TimeSpan.FromMinutes(minutes))).ShouldBeTrue();
        time.Advance(TimeSpan.FromMinutes(minutes) - TimeSpan.FromTicks(1));
        delivery.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromTicks(1));
        var outcome = await delivery;
        conversation.Server.Release(silent);

        outcome.Recipients[0].Verdict.ShouldBe(verdict);
        outcome.Phase.ShouldBe(phase);
        (outcome.Fault?.Words ?? outcome.Recipients[0].Reply!.Text).ShouldContain(words);
        conversation.Server.Connections.ShouldBe(1);
    }

    private static async ValueTask<bool> AfterServerSpokeAsync(Conversation conversation)
    {
        conversation.Server.Release("begun");
        await conversation.Server.ReachedAsync("said");
        conversation.Server.Release("said");
        return true;
    }

    private static ValueTask<bool> RefuseAsync(string how) => how switch
    {
        "says no" => ValueTask.FromResult(false),
        "says no late" or "throws late" => RefuseLateAsync(how == "throws late"),
        "throws" => throw new StoreException(StoreTrouble.Unwritable, "disk full"),
        _ => throw new OperationCanceledException(),
    };

    private static async ValueTask<bool> RefuseLateAsync(bool throws)
    {
        await Task.Yield();
        return throws ? throw new StoreException(StoreTrouble.Unwritable, "disk full") : false;
    }
}

/// <inheritdoc/>
public sealed class BeginTestsWhole() : BeginTests(Replay.Whole);

/// <inheritdoc/>
public sealed class BeginTestsByLine() : BeginTests(Replay.ByLine);

/// <inheritdoc/>
public sealed class BeginTestsByByte() : BeginTests(Replay.ByByte);
