namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>
/// Decides whether begins wait a moment for those that are sure to come: emails that are claimed and have not begun. Where they come
/// together, one flush serves all of them, and their connections stay in step. Where one is late, because a server is slow, the others do not
/// wait again for ever more batches. To be used under the lock of the queue.
/// </summary>
internal sealed class Gathering
{
    /// <summary>How long the first waits for the others at the most.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(1);

    /// <summary>Batches that are not waited for after many misses, as a power of two: one try in a thousand costs nothing.</summary>
    private const int MostMisses = 10;

    private int misses, skipped;

    /// <summary>True when so many begins should wait for as many as are to come in all.</summary>
    public bool Wants(int begins, int toCome) => begins > 0 && begins < toCome && skipped == 0;

    /// <summary>They have waited in vain.</summary>
    public void Missed()
    {
        misses = Math.Min(misses + 1, MostMisses);
        skipped = 1 << misses;
    }

    /// <summary>A batch with begins goes.</summary>
    public void Went()
    {
        if (skipped > 0) skipped--;
        else misses = 0;
    }
}
