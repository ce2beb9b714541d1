using Nightmail.Store.Sql.Sqlite.Rows;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Goes through what is due in a lane, oldest first, reading no further ahead than it is asked to.</summary>
internal sealed class LaneCursor(EmailTable table, Lane lane, DateTimeOffset now)
{
    /// <summary>Emails that are looked up together.</summary>
    private const int LookAhead = 16;

    private List<DueEmail> found = [];
    private int index = -1;

    /// <summary>The lane.</summary>
    public Lane Lane => lane;

    /// <summary>Where it stands.</summary>
    public DueEmail Current => found[index];

    /// <summary>Goes on; false: nothing more is due.</summary>
    public bool Next()
    {
        if (++index < found.Count) return true;
        if (index > 0 && found.Count < LookAhead) return false;
        found = table.Due(lane.Number, found.Count == 0 ? DueEmail.First : found[^1], now, LookAhead);
        index = 0;
        return found.Count > 0;
    }
}
