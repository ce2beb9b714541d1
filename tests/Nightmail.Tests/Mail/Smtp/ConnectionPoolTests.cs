using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

public sealed class ConnectionPoolTests
{
    private const string Hello = "S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 PIPELINING\n";

    private const string Mail = """
        C: MAIL FROM:<ada@a.test>
        C: RCPT TO:<bob@b.test>
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 354 go
        ! message
        S: 250 2.0.0 ok

        """;

    [Fact]
    public async Task Emails_share_a_connection_until_it_is_worn()
    {
        await using var conversation = Conversation.Over(
            ScriptedSmtpServer.Play(Hello + Mail + Mail + "C: QUIT\nS: 221 bye", Hello + Mail), limits: new() { EmailsPerConnection = 2 });

        for (var i = 0; i < 3; i++) (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);

        await conversation.FinishAsync();
        conversation.Server.Connections.ShouldBe(2);
        conversation.Server.Transcripts[1][^1].ShouldBe("C: QUIT");
    }

    [Fact]
    public async Task A_server_that_limits_transactions_is_obeyed()
    {
        await using var conversation = Conversation.Play(
            Hello.Replace("S: 250 PIPELINING", "S: 250-PIPELINING\nS: 250 LIMITS MAILMAX=1") + Mail + "C: QUIT\nS: 221 bye", Hello + Mail);

        for (var i = 0; i < 2; i++) (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        await conversation.FinishAsync();
    }

    [Theory]
    [InlineData("! end", "")]
    [InlineData("S: 421 4.4.2 idle too long\n! end", "")]
    [InlineData("", "! end")]
    [InlineData("", "! cut")]
    [InlineData("", "! any\n! cut")]
    public async Task A_connection_that_died_idle_is_replaced_without_a_word(string before, string after)
    {
        var first = Hello + Mail + before + "\n! wait idle\n" + after;
        await using var conversation = Conversation.Play(first, Hello + Mail);

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        if (before.Length > 0) await conversation.Server.EndedAsync();
        conversation.Server.Release("idle");
        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([Verdict.Delivered]);
        outcome.Fault.ShouldBeNull();
        conversation.Begins.Count.ShouldBe(2);
        conversation.Server.Connections.ShouldBe(2);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_421_that_answers_on_a_kept_connection_is_a_wish_for_less()
    {
        await using var conversation = Conversation.Play(Hello + Mail + "! any\n! any\n! any\nS: 421 4.3.2 too many at once\n! end");

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([Verdict.Untried]);
        (outcome.Fault!.Reason, outcome.Fault.SlowsDown).ShouldBe((AccountFaultReason.Network, true));
        conversation.Begins.Count.ShouldBe(1);
        conversation.Server.Connections.ShouldBe(1);
        conversation.Transport.IdleConnections.ShouldBe(0);
    }

    [Fact]
    public async Task A_connection_that_dies_within_the_envelope_is_a_failure()
    {
        await using var conversation = Conversation.Play(Hello + Mail + "! any\n! any\n! any\nS: 250 ok\n! end");

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([Verdict.Untried]);
        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Network);
        conversation.Server.Connections.ShouldBe(1);
        conversation.Transport.IdleConnections.ShouldBe(0);
    }

    [Fact]
    public async Task A_server_that_talks_nonsense_is_not_spoken_to_again()
    {
        await using var conversation = Conversation.Play(Hello + "! any\n! any\n! any\nS: 250 ok\nS: what do you want\nS: 354 go\n! silence");

        var outcome = await conversation.DeliverAsync();

        outcome.Verdicts().ShouldBe([Verdict.Untried]);
        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Protocol);
        conversation.Transport.IdleConnections.ShouldBe(0);
        conversation.Begins.ShouldBeEmpty();
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_fresh_connection_that_dies_is_not_replaced_again()
    {
        await using var conversation = Conversation.Play(Hello + Mail + "! end", Hello + "! end");

        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        var outcome = await conversation.DeliverAsync();

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Network);
        conversation.Server.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task There_are_never_more_connections_than_allowed()
    {
        // Whichever connection the third one waits behind, its envelope is there before the answer.
        var slow = Hello + Mail.Replace("S: 250 2.0.0 ok", "! wait both\n! overtake\nS: 250 2.0.0 ok");
        await using var conversation = Conversation.Over(ScriptedSmtpServer.Play(slow + Mail, slow + Mail), limits: new() { Connections = 2 });

        var deliveries = Enumerable.Range(0, 3).Select(_ => conversation.DeliverAsync()).ToList();
        (await Waiting.UntilAsync(() => conversation.Server.Transcripts.Count(each => each.Contains("C: .")) == 2)).ShouldBeTrue();
        deliveries.ShouldAllBe(delivery => !delivery.IsCompleted);
        conversation.Server.Release("both");

        foreach (var outcome in await Task.WhenAll(deliveries)) outcome.Verdicts().ShouldBe([Verdict.Delivered]);
        conversation.Server.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task Idle_connections_say_goodbye_after_half_a_minute()
    {
        var time = new ManualTime();
        await using var conversation = Conversation.Over(ScriptedSmtpServer.Play(Hello + Mail + "C: QUIT\nS: 221 bye"), time: time);
        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);

        time.Advance(SmtpConnectionPool.IdleLimit - TimeSpan.FromTicks(1));
        conversation.Transport.IdleConnections.ShouldBe(1);
        time.Advance(TimeSpan.FromTicks(1));
        conversation.Transport.IdleConnections.ShouldBe(0);

        await conversation.Server.EndedAsync();
        conversation.Server.Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_tried_three_times()
    {
        await using var conversation = Conversation.Play("! cut", "! end", Hello + Mail);
        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);
        conversation.Server.Connections.ShouldBe(3);

        await using var dead = Conversation.Play("! end", "! end", "! end");
        var outcome = await dead.DeliverAsync();
        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Network);
        outcome.Phase.ShouldBe("greeting");
        dead.Server.Connections.ShouldBe(3);
    }

    [Theory]
    [InlineData("S: 554 5.7.1 blocked", AccountFaultReason.Reputation)]
    [InlineData("S: 450 busy", AccountFaultReason.Network)]
    [InlineData("S: 421 too busy", AccountFaultReason.Network)]
    [InlineData("S: hello there", AccountFaultReason.Protocol)]
    public async Task A_server_that_sends_us_away_is_not_asked_again_at_once(string greeting, AccountFaultReason reason)
    {
        await using var conversation = Conversation.Play(greeting + "\n! silence");

        var outcome = await conversation.DeliverAsync();

        (outcome.Fault!.Reason, outcome.Phase, outcome.Begun).ShouldBe((reason, "greeting", false));
        conversation.Server.Connections.ShouldBe(1);
        await conversation.FinishAsync();
    }

    [Fact]
    public async Task A_line_without_end_is_a_fault_of_the_protocol()
    {
        await using var conversation = Conversation.Play($"S~ 220 {new string('x', 5_000)}");

        var outcome = await conversation.DeliverAsync();

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Protocol);
        outcome.Fault.Words.ShouldEndWith("the server sent a line longer than 4096 bytes");
    }

    [Theory]
    [InlineData("127.0.0.1", "connection refused")]
    [InlineData("not a host", "look up the host: ")]
    public async Task An_unreachable_host_is_named_with_the_reason(string host, string words)
    {
        int port;
        await using (var closed = ScriptedSmtpServer.Play()) port = closed.Port;
        var retry = new RetryPolicy { BaseDelay = TimeSpan.FromMilliseconds(1) };
        await using var transport = new SmtpTransport(
            new() { Host = host, Port = port, Security = SmtpSecurity.None }, new(), retry, TimeProvider.System, new Random(1));

        var outcome = await transport.DeliverAsync(new("a@a.test", ["b@b.test"]), new TextMessage("a\r\n"), (_, _, _) => throw new InvalidOperationException(), CancellationToken.None);

        outcome.Fault!.Reason.ShouldBe(AccountFaultReason.Network);
        outcome.Fault.Words.ShouldStartWith($"{host}:{port}, connect: {words}");
        outcome.Phase.ShouldBe("connect");
    }

    [Fact]
    public async Task The_waits_between_tries_double()
    {
        var time = new ManualTime();
        int port;
        await using (var closed = ScriptedSmtpServer.Play()) port = closed.Port;
        await using var transport = new SmtpTransport(
            new() { Host = "127.0.0.1", Port = port, Security = SmtpSecurity.None }, new(), new RetryPolicy(), time, new FullRandom());

        var delivery = transport.DeliverAsync(new("a@a.test", ["b@b.test"]), new TextMessage("a\r\n"), (_, _, _) => throw new InvalidOperationException(), CancellationToken.None);
        (await Waiting.UntilAsync(() => time.NextTimer == TimeSpan.FromSeconds(0.5))).ShouldBeTrue();
        time.Advance(TimeSpan.FromSeconds(0.5));
        (await Waiting.UntilAsync(() => time.NextTimer == TimeSpan.FromSeconds(1.5))).ShouldBeTrue();
        delivery.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(1));

        (await delivery).Fault!.Reason.ShouldBe(AccountFaultReason.Network);
    }

    /// <summary>Always the least, so that waits are half of what they may be.</summary>
    private sealed class FullRandom : Random
    {
        public override double NextDouble() => 0;
    }
}
