using Nightmail.Core.Delivery;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>
/// How far the ledger has come, and up to where the rows have taken it in. With the rows it is noted what the ledger's last line was when
/// they were written: whichever copy of them comes back, it knows its ledger again.
/// </summary>
internal sealed class LedgerProgress
{
    private readonly Database emails, ledger;
    private readonly Statement write, read;
    private LedgerEntry? newest;
    private LedgerLine last;
    private long noted, given;

    /// <summary>For the thread that writes both.</summary>
    public LedgerProgress(Database emails, Database ledger)
    {
        (this.emails, this.ledger) = (emails, ledger);
        write = emails.Prepare("UPDATE store SET position = ?, seen = ?, print = ?");
        read = emails.Prepare("SELECT position, seen, floor FROM store");
    }

    /// <summary>The last entry that all rows have taken in.</summary>
    public long Taken { get; private set; }

    /// <summary>The last entry that there is.</summary>
    public long Last => newest?.Sequence ?? last.Sequence;

    /// <summary>The sequence of the next entry.</summary>
    public long Next() => ++given;

    /// <summary>An entry was committed, after all that were before it.</summary>
    public void Wrote(LedgerEntry entry) => newest = entry;

    /// <summary>Notes, in the open transaction of the rows, how far they are.</summary>
    public void Note(long taken)
    {
        if (taken == Taken && noted == Last) return;
        if (newest is not null) (last, newest) = (LedgerLine.Of(newest), null);
        write.Start().With(taken).With(last.Sequence).With(last.Print).Run();
        (Taken, noted) = (taken, last.Sequence);
    }

    /// <summary>The rows were replaced by others, which name the ledger that they belong to: it gets that name where it has another.</summary>
    public void NameLedger() => LedgerFacts.Name(ledger, Bond.Known(emails)!);

    /// <summary>Reads anew how far both are.</summary>
    public void Load()
    {
        (newest, last) = (null, LedgerLine.Last(ledger));
        read.Start().Step();
        // Where nobody has noted the line yet, the next writing does.
        (Taken, noted) = (read.Long(), read.LongOrNull() ?? -1);
        // Sequences that rows know of, although the ledger may have lost them, are not given again.
        given = Math.Max(last.Sequence, Math.Max(Taken, read.Long()));
        read.Start();
    }
}
