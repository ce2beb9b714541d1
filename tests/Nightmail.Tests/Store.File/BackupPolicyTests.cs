using Nightmail.Store.File.Backups;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>Which backups are made and which stay.</summary>
public sealed class BackupPolicyTests
{
    private static readonly DateTimeOffset Start = new(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(59, false)]
    [InlineData(60, true)]
    [InlineData(-59, false)]
    [InlineData(-3600, true)]
    public void A_backup_is_due_a_minute_after_the_last_however_the_clock_was_set(int seconds, bool due) =>
        BackupPolicy.IsDue([new("one", Start)], Start.AddSeconds(seconds)).ShouldBe(due);

    [Fact]
    public void A_week_of_backups_each_minute_leaves_the_newest_four_then_hours_then_days()
    {
        List<DateTimeOffset> there = [];
        var now = Start;
        for (var minute = 0; minute < 7 * 24 * 60; minute++, now = now.AddMinutes(1))
        {
            there.Add(now);
            foreach (var gone in BackupPolicy.Superfluous([.. there.Select(each => new BackupMoment($"{each:O}", each))], 10)) there.Remove(DateTimeOffset.Parse(gone));
        }

        there.Sort();
        there.Reverse();
        there.Count.ShouldBe(10);
        there[..4].ShouldBe(Enumerable.Range(1, 4).Select(ago => now.AddMinutes(-ago)));
        var hours = there[4..7].Select(each => each.UtcTicks / TimeSpan.TicksPerHour).ToList();
        hours.ShouldBe([hours[0], hours[0] - 1, hours[0] - 2]);
        var days = there[7..].Select(each => each.UtcDateTime.Date).ToList();
        days.Distinct().Count().ShouldBe(3);
        (now - there[^1]).ShouldBeGreaterThan(TimeSpan.FromDays(2));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(5, 5)]
    public void No_more_are_kept_than_are_wanted_and_one_always_is(int count, int kept)
    {
        var made = Enumerable.Range(0, 100).Select(number => Start.AddHours(number)).Select(each => new BackupMoment($"{each:O}", each)).ToList();
        BackupPolicy.Superfluous(made, count).Count.ShouldBe(100 - kept);
    }

    [Fact]
    public void Of_those_of_one_moment_the_one_that_was_made_last_is_the_newest()
    {
        string[] made = ["q.20261201T080000Z.json", "q.20261201T080000Z-2.json", "q.20261201T080000Z-3.json", "q.20261201T080000Z-10.json"];
        BackupPolicy.Superfluous([.. made.Select(name => new BackupMoment(name, Start))], 1).ShouldBe(made.Reverse().Skip(1));
    }
}
