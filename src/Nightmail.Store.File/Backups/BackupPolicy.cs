namespace Nightmail.Store.File.Backups;

/// <summary>Which backups stay: the newest few, then the last of each hour, then the last of each day before those. Pure.</summary>
internal static class BackupPolicy
{
    /// <summary>At most one in so long: whoever types one change after the other needs one copy from before, not twenty.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>So many of the newest stay whatever their age. Four reach back over the few minutes in which a mistake is noticed.</summary>
    public const int Newest = 4;

    /// <summary>True when a change makes a backup: none was made in the last minute, or, by a clock that was set, in the next one.</summary>
    public static bool IsDue(IReadOnlyList<BackupMoment> made, DateTimeOffset now) => made.All(each => (now - each.At).Duration() >= Interval);

    /// <summary>The backups that go.</summary>
    /// <param name="made">The moments of all of them, in any order.</param>
    /// <param name="count">How many stay at most; at least one always does.</param>
    public static IReadOnlyList<string> Superfluous(IReadOnlyList<BackupMoment> made, int count)
    {
        List<BackupMoment> newestFirst = [.. made];
        newestFirst.Sort(BackupMoment.NewestFirst);
        var newest = Math.Min(Newest, Math.Max(1, count));
        var hourly = (Math.Max(0, count - newest) + 1) / 2;
        var daily = Math.Max(0, count - newest - hourly);
        var (lastHour, lastDay) = (long.MinValue, long.MinValue);
        List<string> superfluous = [];
        foreach (var (name, moment) in newestFirst)
        {
            var (hour, day) = (moment.UtcTicks / TimeSpan.TicksPerHour, moment.UtcTicks / TimeSpan.TicksPerDay);
            if (newest > 0) newest--;
            else if (hourly > 0 && hour != lastHour) (hourly, lastHour, lastDay) = (hourly - 1, hour, day);
            else if (hourly == 0 && hour != lastHour && daily > 0 && day != lastDay) (daily, lastDay) = (daily - 1, day);
            else superfluous.Add(name);
        }

        return superfluous;
    }
}

/// <summary>The name of a backup and the moment at which it was made. A class, because a command looks at them: generic code over a value of ours would be compiled at every start.</summary>
internal sealed record BackupMoment(string Name, DateTimeOffset At)
{
    /// <summary>Orders them, the newest first. Those of one moment were numbered as they came, the first of them without a number.</summary>
    public static int NewestFirst(BackupMoment left, BackupMoment right)
    {
        var order = right.At.CompareTo(left.At);
        if (order == 0) order = right.Name.Length.CompareTo(left.Name.Length);
        return order != 0 ? order : string.CompareOrdinal(right.Name, left.Name);
    }
}
