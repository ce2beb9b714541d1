using Nightmail.Store.Sql.Sqlite.Rows;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Goes through what is due in a lane, oldest first, reading no further ahead than it is asked to.</summary>
internal sealed class LaneCursor(Transaction transaction, Lane lane)
{
    /// <summary>Emails that are looked up together.</summary>
    private const int LookAhead = 32;

    private readonly List<DueEmail> found = [];
    private int index = -1;

    /// <summary>The lane.</summary>
    public Lane Lane => lane;

    /// <summary>True once it has gone anywhere.</summary>
    public bool HasStarted => index >= 0;

    /// <summary>Where it stands.</summary>
    public DueEmail Current => found[index];

    /// <summary>Goes on; false: nothing more is due.</summary>
    public bool Next()
    {
        while (Step())
        {
            // What was claimed or changed a moment ago lies in the database as it was before.
            if (!transaction.IsUnwritten(Current.Number)) return true;
        }

        return false;
    }

    private bool Step()
    {
        if (++index < found.Count) return true;
        if (index > 0 && found.Count < LookAhead) return false;
        var after = found.Count == 0 ? DueEmail.First : found[^1];
        found.Clear();
        transaction.Table.Due(found, lane.Number, after, transaction.Now, LookAhead);
        index = 0;
        return found.Count > 0;
    }
}
