using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Rows;

/// <summary>How many rows there are of each status, written in the transaction that changes them.</summary>
internal sealed class Tally
{
    private readonly Statement write, all;
    private readonly long[] rows = new long[Enum.GetValues<EmailStatus>().Length];
    private readonly bool[] changed;
    private long pruned;

    public Tally(Database database)
    {
        changed = new bool[rows.Length];
        write = database.Prepare("INSERT INTO tally (status, rows) VALUES (?, ?) ON CONFLICT (status) DO UPDATE SET rows = excluded.rows");
        all = database.Prepare("SELECT status, rows, pruned FROM tally");
        Load();
    }

    /// <summary>Every email that was ever scheduled.</summary>
    public long Total => rows.Sum() + pruned;

    /// <summary>Counts by status; a status without rows is absent.</summary>
    public Dictionary<EmailStatus, int> Counts()
    {
        var counts = new Dictionary<EmailStatus, int>();
        for (var status = 0; status < rows.Length; status++)
        {
            if (rows[status] > 0) counts.Add((EmailStatus)status, (int)rows[status]);
        }

        return counts;
    }

    /// <summary>A row is new, or changes its status.</summary>
    public void Move(EmailStatus? from, EmailStatus to)
    {
        if (from == to) return;
        if (from is { } before) Count(before, -1);
        Count(to, 1);
    }

    /// <summary>Writes what has changed.</summary>
    public void Write()
    {
        for (var status = 0; status < rows.Length; status++)
        {
            if (!changed[status]) continue;
            write.Start().With(status).With(rows[status]).Run();
            changed[status] = false;
        }
    }

    /// <summary>Reads them anew.</summary>
    public void Load()
    {
        Array.Clear(rows);
        Array.Clear(changed);
        pruned = 0;
        all.Start();
        while (all.Step())
        {
            rows[all.Int()] = all.Long();
            pruned += all.Long();
        }
    }

    private void Count(EmailStatus status, int by)
    {
        rows[(int)status] += by;
        changed[(int)status] = true;
    }
}
