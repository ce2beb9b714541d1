using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.Transactions;

/// <summary>
/// Tells whether a file that cannot be read has been left alone for so long that nobody is in the middle of writing it. Its own time counts
/// where it lies before the present; where it does not, because a clock was set, the file has to be watched for as long.
/// </summary>
internal sealed class SettlingTime(TimeProvider time)
{
    /// <summary>No editor takes longer to write a file of this size.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(3);

    private DiskStat? watched;
    private long since;

    /// <summary>How much longer to wait; zero or less: it is as it will stay.</summary>
    /// <param name="stat">The file, or the folder where the file is missing.</param>
    public TimeSpan Remaining(DiskStat stat)
    {
        var age = time.GetUtcNow() - stat.Modified;
        if (age >= Enough) return TimeSpan.Zero;
        if (watched != stat) (watched, since) = (stat, time.GetTimestamp());
        var byWatching = Enough - time.GetElapsedTime(since);
        var byAge = age < TimeSpan.Zero ? Enough : Enough - age;
        return byWatching < byAge ? byWatching : byAge;
    }

    /// <summary>The file is good: whatever comes next is new.</summary>
    public void Forget() => watched = null;
}
