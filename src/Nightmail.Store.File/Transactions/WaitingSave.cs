namespace Nightmail.Store.File.Transactions;

/// <summary>A save that waits to be merged, and how long until that is tried again: at first soon, then ever more rarely, since what keeps it from being merged now mostly lasts.</summary>
internal sealed class WaitingSave(string path, TimeProvider time)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromSeconds(30);
    private TimeSpan pause;
    private long since;

    /// <summary>Where it lies.</summary>
    public string Path { get; set; } = path;

    /// <summary>Tells whether somebody may still be writing it.</summary>
    public SettlingTime Settling { get; } = new(time);

    /// <summary>How much longer to wait; zero: it is due.</summary>
    public TimeSpan Remaining => pause - time.GetElapsedTime(since) is var left && pause > TimeSpan.Zero && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>It could not be merged.</summary>
    /// <returns>True for the first time.</returns>
    public bool PutOff()
    {
        var isFirst = pause == TimeSpan.Zero;
        pause = isFirst ? Shortest : pause * 2 < Longest ? pause * 2 : Longest;
        since = time.GetTimestamp();
        return isFirst;
    }
}
