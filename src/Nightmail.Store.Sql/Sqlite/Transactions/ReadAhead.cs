using Nightmail.Core.Delivery;
using Nightmail.Store.Sql.Sqlite.Ledger;
using Nightmail.Store.Sql.Sqlite.Rows;

namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>
/// Emails that come next in their lanes, read many at a time with what the ledger knows of them, so that the claims that follow ask no
/// database. Nothing of them is claimed: whoever changes one of them, or puts another before them, has them read anew.
/// </summary>
internal sealed class ReadAhead(EmailTable table, LedgerTable ledger)
{
    /// <summary>Lanes of which emails are kept; with 32 emails of ordinary size each, well under a megabyte in all.</summary>
    private const int MostLanes = 8;

    private readonly Dictionary<long, LaneAhead> lanes = [];
    private readonly Dictionary<long, ReadEmail> emails = [];

    /// <summary>What is known of a lane; null: it is not to be read ahead.</summary>
    public LaneAhead? Of(Lane lane)
    {
        if (lanes.TryGetValue(lane.Number, out var known)) return known;
        // Where accounts have failed, each email has its own times and is looked at by itself.
        if (lane.HasFailed || lanes.Count == MostLanes) return null;
        lanes.Add(lane.Number, known = new());
        return known;
    }

    /// <summary>Reads the next of a lane whose known emails have all been taken.</summary>
    public void Fill(LaneAhead ahead, long lane, DateTimeOffset now, int most)
    {
        if (ahead.Found.Count > 0) ahead.Last = ahead.Found[^1];
        ahead.Found.Clear();
        ahead.Taken = 0;
        var read = table.NextDue(ahead.Found, lane, ahead.Last, now, most);
        var entries = ledger.Of(read);
        for (var index = 0; index < read.Count; index++) emails[read[index].Number] = new(read[index], entries[index]);
    }

    /// <summary>The email of that number, for whoever is about to take it; null: it was not read.</summary>
    public ReadEmail? Take(long number) => emails.Remove(number, out var email) ? email : null;

    /// <summary>An email has been written: pending, with this time in its lane, or otherwise.</summary>
    public void Written(long number, long lane, DueEmail? pending)
    {
        // It was to be taken as it was.
        if (emails.ContainsKey(number)) Clear();
        else if (pending is { } due && lanes.TryGetValue(lane, out var ahead) && ahead.Holds(due)) Forget(lane);
    }

    /// <summary>The ledger has heard of an email.</summary>
    public void Heard(long number)
    {
        if (emails.ContainsKey(number)) Clear();
    }

    /// <summary>What is known of a lane is not to be relied on.</summary>
    public void Forget(long lane)
    {
        if (!lanes.Remove(lane, out var ahead)) return;
        foreach (var due in ahead.Found) emails.Remove(due.Number);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lanes.Clear();
        emails.Clear();
    }
}

/// <summary>What comes next in one lane.</summary>
internal sealed class LaneAhead
{
    /// <summary>In order; the first <see cref="Taken"/> of them are done with.</summary>
    public List<DueEmail> Found { get; } = [];

    /// <summary>How many of the first have been taken.</summary>
    public int Taken { get; set; }

    /// <summary>Up to here everything that was due has been taken.</summary>
    public DueEmail Last { get; set; } = DueEmail.First;

    /// <summary>True when an email of that place would have to be among them, or before them.</summary>
    public bool Holds(DueEmail due) => !due.IsAfter(Found.Count > 0 ? Found[^1] : Last);
}

/// <summary>An email as it was read, and what the ledger knew of it.</summary>
internal sealed record ReadEmail(StoredEmail Stored, List<LedgerEntry> Entries);
