using Nightmail.Store.Sql.Sqlite.Rows;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Goes through what is due in a lane, oldest first, reading no further ahead than it is asked to.</summary>
internal sealed class LaneCursor
{
    /// <summary>Emails that are looked up together.</summary>
    private const int LookAhead = 32;

    private readonly Transaction transaction;

    /// <summary>What is known of the lane from claims before; null: it is looked up for this one alone.</summary>
    private LaneAhead? ahead;

    private List<DueEmail> found;
    private int index;
    private bool hasEnded;

    /// <summary>Stands before the first.</summary>
    public LaneCursor(Transaction transaction, Lane lane)
    {
        (this.transaction, Lane) = (transaction, lane);
        ahead = transaction.ReadAhead.Of(lane);
        (found, index) = ahead is null ? ([], -1) : (ahead.Found, ahead.Taken - 1);
    }

    /// <summary>The lane.</summary>
    public Lane Lane { get; }

    /// <summary>True once it has gone anywhere.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>Where it stands.</summary>
    public DueEmail Current => found[index];

    /// <summary>Goes on; false: nothing more is due.</summary>
    public bool Next()
    {
        HasStarted = true;
        while (Step())
        {
            // What was claimed or changed a moment ago lies in the database as it was before.
            if (!transaction.IsUnwritten(Current.Number)) return true;
            Taken();
        }

        return false;
    }

    /// <summary>The one that it stands on is in somebody's hands: when it is pending again, that is written.</summary>
    public void Taken()
    {
        if (ahead is not null && index == ahead.Taken) ahead.Taken++;
    }

    private bool Step()
    {
        // The clock may have been set back since they were looked up.
        if (++index < found.Count) return Current.Due <= transaction.NowTicks;
        if (hasEnded) return false;
        if (ahead is not null && ahead.Taken < found.Count)
        {
            // Some were passed by, and must not be passed by for good.
            found = [.. found];
            transaction.ReadAhead.Forget(Lane.Number);
            ahead = null;
        }

        if (ahead is not null)
        {
            transaction.ReadAhead.Fill(ahead, Lane.Number, transaction.Now, LookAhead);
        }
        else
        {
            var after = found.Count == 0 ? DueEmail.First : found[^1];
            found.Clear();
            transaction.Table.Due(found, Lane.Number, after, transaction.Now, LookAhead);
        }

        hasEnded = found.Count < LookAhead;
        index = 0;
        return found.Count > 0;
    }
}
