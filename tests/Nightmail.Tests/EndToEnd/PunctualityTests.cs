using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

public sealed class PunctualityTests
{
    [Fact]
    public async Task No_email_leaves_before_its_time()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var home = Household.WithServer(sink.Port, connections: 8);
        var start = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(2);
        var emails = await home.ScheduleManyAsync(200, number => start + TimeSpan.FromMilliseconds(100 * number));

        (await home.RunAsync("run", "--until-empty")).ExitCode.ShouldBe(0);

        var arrivals = sink.Messages().ToDictionary(message => message.Header("Message-ID")!, message => message.ReceivedAt!.Value);
        arrivals.Count.ShouldBe(200);
        foreach (var email in emails)
        {
            // The sink's clock is cut to whole milliseconds.
            var due = DateTimeOffset.FromUnixTimeMilliseconds(email.ScheduledFor.ToUnixTimeMilliseconds());
            arrivals[MessageIds.For(email, "sender.example")].ShouldBeGreaterThanOrEqualTo(due);
        }
    }

    [Fact]
    public async Task An_earlier_email_wakes_a_sleeping_worker()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var home = Household.WithServer(sink.Port);
        await home.ScheduleManyAsync(1, _ => TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1));
        await using var worker = await home.StartWorkerAsync();

        var asked = TimeProvider.System.GetUtcNow();
        await home.ScheduleManyAsync(1, _ => asked);
        var arrived = await sink.WaitForAsync(1);

        // The store's own look comes only after 30 s; this is the notification, not the clock.
        (arrived[0].ReceivedAt!.Value - asked).ShouldBeLessThan(TimeSpan.FromSeconds(15));
    }
}
