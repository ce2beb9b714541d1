using System.Collections.Concurrent;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>A person who changes their mind at the very moment an email leaves.</summary>
public sealed class TakenBackTests
{
    private const int Races = 500;
    private const int Seed = 4711;
    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task What_was_cancelled_or_moved_with_success_never_leaves_at_the_old_time()
    {
        await using var sink = await AiosmtpdSink.StartAsync();
        await using var home = Household.WithServer(sink.Port, connections: 8);
        await using var worker = await home.StartWorkerAsync();
        var random = new Random(Seed);
        var begin = Now + TimeSpan.FromSeconds(3);
        var emails = await home.ScheduleManyAsync(Races, number => begin + TimeSpan.FromMilliseconds(40 * number));

        // The new times lie behind all old ones, so that a message at the sink tells which of the two it left at.
        var later = begin + TimeSpan.FromMilliseconds(40 * Races) + TimeSpan.FromSeconds(5);
        var cancelled = new ConcurrentDictionary<EmailId, bool>();
        var moved = new ConcurrentDictionary<EmailId, bool>();
        await using var store = home.OpenStore();
        var jitter = emails.Select(_ => TimeSpan.FromMilliseconds(random.Next(-15, 30))).ToList();
        await Task.WhenAll(emails.Select(async (email, number) =>
        {
            var wait = email.ScheduledFor + jitter[number] - Now;
            if (wait > TimeSpan.Zero) await Task.Delay(wait, TimeProvider.System);
            var cancels = number % 2 == 0;
            EmailChange change = cancels ? new EmailChange.Cancel() : new EmailChange.Reschedule(later, null);
            var result = await store.ChangeAsync(email.Id, change, CancellationToken.None);
            (cancels ? cancelled : moved)[email.Id] = result.Done;
        }));

        await home.WaitForAsync(rows => rows.All(row => row.Status is EmailStatus.Sent or EmailStatus.Cancelled));
        var arrivals = sink.Messages().ToLookup(message => message.Header("Message-ID")!);
        foreach (var email in emails)
        {
            var seen = arrivals[MessageIds.For(email, "sender.example")].ToList();
            if (cancelled.TryGetValue(email.Id, out var wasCancelled)) seen.Count.ShouldBe(wasCancelled ? 0 : 1, $"{email.Id}, seed {Seed}");
            else seen.Count.ShouldBe(1, $"{email.Id}, seed {Seed}");
            if (moved.TryGetValue(email.Id, out var wasMoved) && wasMoved) seen[0].ReceivedAt!.Value.ShouldBeGreaterThanOrEqualTo(DateTimeOffset.FromUnixTimeMilliseconds(later.ToUnixTimeMilliseconds()));
        }

        // Both sides must have won now and then, or nothing was raced.
        cancelled.Values.Count(won => won).ShouldBeInRange(1, Races / 2 - 1);
        moved.Values.Count(won => won).ShouldBeInRange(1, Races / 2 - 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"cancelled {cancelled.Values.Count(won => won)} of {cancelled.Count}, moved {moved.Values.Count(won => won)} of {moved.Count}");
    }
}
