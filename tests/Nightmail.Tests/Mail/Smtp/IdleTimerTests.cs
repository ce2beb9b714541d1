using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>The timer of idle connections lives on a clock that goes on while it is looked at.</summary>
public sealed class IdleTimerTests
{
    private const string OneEmail = """
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
        S: 250 2.0.0 ok
        C: QUIT
        S: 221 bye
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public async Task A_clock_that_goes_on_while_the_idle_are_looked_through_does_no_harm(int milliseconds)
    {
        var time = new ManualTime();
        var moving = new MovingTime(time);
        await using var conversation = Conversation.Over(ScriptedSmtpServer.Play(OneEmail), time: moving);
        (await conversation.DeliverAsync()).Verdicts().ShouldBe([Verdict.Delivered]);

        // The timer fires a little early by the clock, whose next reading is past the limit.
        moving.Readings.Enqueue(TimeSpan.FromTicks(-1));
        moving.Readings.Enqueue(TimeSpan.FromMilliseconds(milliseconds));
        time.Advance(SmtpConnectionPool.IdleLimit);
        conversation.Transport.IdleConnections.ShouldBe(1);
        moving.Readings.Clear();
        time.Advance(TimeSpan.FromTicks(1));

        conversation.Transport.IdleConnections.ShouldBe(0);
        await conversation.FinishAsync();
    }

    /// <summary>Another clock's time, off by what the next reading says; its timers refuse what the system's refuse.</summary>
    private sealed class MovingTime(ManualTime time) : TimeProvider
    {
        public Queue<TimeSpan> Readings { get; } = new();

        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp() => time.GetTimestamp() + (Readings.TryDequeue(out var off) ? off.Ticks : 0);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new StrictTimer(time.CreateTimer(callback, state, dueTime, period));
    }

    private sealed class StrictTimer(ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, Timeout.InfiniteTimeSpan);
            return timer.Change(dueTime, period);
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
