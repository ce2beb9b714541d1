using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Smtp;
using Nightmail.Mail.Transports;
using Nightmail.Testing;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>Whatever a server or the network does, an email ends before its claim is taken back from a live worker.</summary>
public sealed class TimeToBeginTests
{
    private readonly ManualTime time = new();

    [Fact]
    public async Task A_server_that_takes_its_time_at_every_step_is_left_before_the_claim_is_taken_back()
    {
        await using var conversation = Conversation.Over(ScriptedSmtpServer.Play("""
            S: 220 mx
            C: EHLO me.test
            ! wait hello
            S: 250 mx
            C: MAIL FROM:<ada@a.test>
            ! wait mail
            ! silence
            """), time: time);

        var delivery = conversation.DeliverAsync();
        foreach (var step in new[] { "hello", "mail" })
        {
            await conversation.Server.ReachedAsync(step);
            delivery.IsCompleted.ShouldBeFalse();
            time.Advance(TimeToBegin.Limit / 2);
            conversation.Server.Release(step);
        }

        var outcome = await delivery;
        outcome.Verdicts().ShouldBe([Verdict.Untried]);
        outcome.Fault.ShouldBe(new(AccountFaultReason.Network, $"127.0.0.1:{conversation.Server.Port}, envelope: not ready to send within 4 min"));
        (outcome.Phase, outcome.Begun).ShouldBe(("envelope", false));
        conversation.Begins.ShouldBeEmpty();
        time.Elapsed.ShouldBeLessThan(Rescue.NotBegunLimit);
    }

    [Fact]
    public async Task A_connection_that_never_comes_free_is_not_waited_for_longer()
    {
        await using var conversation = Conversation.Over(ScriptedSmtpServer.Play("""
            S: 220 mx
            C: EHLO me.test
            S: 250 mx
            C: MAIL FROM:<ada@a.test>
            S: 250 ok
            C: RCPT TO:<bob@b.test>
            S: 250 ok
            C: DATA
            S: 354 go
            ! message
            ! wait answer
            S: 250 2.0.0 ok
            """), limits: new() { Connections = 1 }, time: time);

        var first = conversation.DeliverAsync();
        await conversation.Server.ReachedAsync("answer");
        var second = conversation.DeliverAsync();
        // The first waits for its answer by now, for ten minutes.
        (await Waiting.UntilAsync(() => time.NextTimer == time.Elapsed + TimeToBegin.Limit)).ShouldBeTrue();
        time.Advance(TimeToBegin.Limit);

        (await second).Fault!.Words.ShouldEndWith(", connect: waiting for a free connection, not ready to send within 4 min");
        first.IsCompleted.ShouldBeFalse();
        conversation.Server.Release("answer");
        (await first).Verdicts().ShouldBe([Verdict.Delivered]);
    }

    [Fact]
    public async Task Many_tries_to_connect_end_in_time_too()
    {
        int port;
        await using (var closed = ScriptedSmtpServer.Play()) port = closed.Port;
        var retry = new RetryPolicy { MaxAttempts = 100, BaseDelay = TimeSpan.FromMinutes(3), MaxDelay = TimeSpan.FromMinutes(3) };
        await using var transport = new SmtpTransport(new() { Host = "127.0.0.1", Port = port, Security = SmtpSecurity.None }, new(), retry, time, new Random(1));

        var delivery = transport.DeliverAsync(new("a@a.test", ["b@b.test"]), new TextMessage("a\r\n"), (_, _, _) => throw new InvalidOperationException(), CancellationToken.None);
        // The first try has ended when the next one is waited for: that wait is longer than any try may take, and shorter than the limit.
        (await Waiting.UntilAsync(() => time.NextTimer > SmtpTimeLimits.Connect && time.NextTimer < TimeToBegin.Limit)).ShouldBeTrue();
        time.Advance(TimeToBegin.Limit);

        (await delivery).Fault.ShouldBe(new(AccountFaultReason.Network, $"127.0.0.1:{port}, connect: not ready to send within 4 min"));
    }

    [Fact]
    public async Task A_caller_who_gives_up_is_told_so()
    {
        using var stop = new CancellationTokenSource();
        await using var conversation = Conversation.Over(ScriptedSmtpServer.Play("! wait greeting\n! silence"), time: time);

        var delivery = conversation.DeliverAsync(new TextMessage("a\r\n"), stop.Token);
        await conversation.Server.ReachedAsync("greeting");
        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(delivery);
        conversation.Server.Release("greeting");
    }

    [Theory]
    [InlineData(0, 1, 30)]
    [InlineData(0, 3, 10)]
    [InlineData(10, 2, 10)]
    [InlineData(1, 2, 14.5)]
    [InlineData(30, 1, 0)]
    [InlineData(31, 1, 0)]
    public void The_addresses_of_a_host_share_one_limit(double elapsed, int left, double limit) =>
        SmtpConnector.ConnectLimit(TimeSpan.FromSeconds(elapsed), left).ShouldBe(TimeSpan.FromSeconds(limit));
}
