using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>
/// The rows know their ledger: its identity, up to where they have taken it in, and its last line then. Where that ledger is not there,
/// unbroken from there, nobody knows what has left since: then nothing of them is sent before a person has looked.
/// </summary>
internal static class Bond
{
    /// <summary>Rows that one transaction holds.</summary>
    private const int AtOnce = 1000;

    /// <summary>
    /// Compares, and where the two do not fit holds everything that waits and makes them fit: once, so that what comes later is sent as usual.
    /// A ledger that has lost lines gets another identity, or it would be trusted by other old copies of the rows.
    /// </summary>
    /// <param name="emails">The rows.</param>
    /// <param name="ledger">The ledger.</param>
    /// <param name="now">The present.</param>
    /// <param name="isCopy">True for rows that are not in place yet: the ledger is left alone, and takes its name from them once they are.</param>
    /// <returns>True when they did not fit.</returns>
    public static bool Check(Database emails, Database ledger, DateTimeOffset now, bool isCopy = false)
    {
        var (identity, last) = (Identity(ledger, "SELECT identity FROM ledger")!, LedgerLine.Last(ledger));
        var known = Known(emails);
        if (known is null)
        {
            using var insert = emails.Prepare("INSERT INTO store (one, ledger, position, seen, print) VALUES (1, ?, ?, ?, ?)");
            emails.Begin(durable: true);
            // Rows that are new to this ledger have nothing to take in of it.
            insert.Start().With(identity, isText: false).With(last.Sequence).With(last.Sequence).With(last.Print).Run();
            emails.Commit();
            return false;
        }

        var isSame = known.AsSpan().SequenceEqual(identity);
        if (isSame && IsUnbroken(emails, ledger, last)) return false;
        Hold(emails, EmailStatus.Pending, EmailStatus.Paused, now);
        // What was being sent may be out: only the lost ledger knew whether it had begun.
        Hold(emails, EmailStatus.Sending, EmailStatus.Paused, now);
        if (isSame)
        {
            identity = Guid.CreateVersion7(now).ToByteArray(bigEndian: true);
            // Before the rows know of it: a death in between leaves a ledger that is another one, and all is done again.
            if (!isCopy) LedgerFacts.Name(ledger, identity);
        }

        Adopt(emails, identity, last);
        return true;
    }

    /// <summary>The identity of the ledger that rows belong to; null: of none yet.</summary>
    public static byte[]? Known(Database emails) => Identity(emails, "SELECT ledger FROM store");

    /// <summary>True when the ledger has the line that was its last when the rows were written, so that it has grown from there.</summary>
    private static bool IsUnbroken(Database emails, Database ledger, LedgerLine last)
    {
        using var read = emails.Prepare("SELECT position, seen, print FROM store");
        read.Start().Step();
        if (last.Sequence < read.Long()) return false;
        // Rows of an older program have not noted it.
        return read.LongOrNull() is not { } seen || LedgerLine.At(ledger, seen) == (seen == 0 ? default : new LedgerLine(seen, read.Long()));
    }

    /// <summary>The rows belong to this ledger from here on, and have taken in nothing of it.</summary>
    private static void Adopt(Database emails, byte[] identity, LedgerLine last)
    {
        using var adopt = emails.Prepare("""
            UPDATE store SET ledger = ?, position = 0, seen = ?, print = ?,
              floor = max(floor, position, coalesce(seen, 0), (SELECT coalesce(max(ledger_last), 0) FROM email))
            """);
        emails.Begin(durable: true);
        adopt.Start().With(identity, isText: false).With(last.Sequence).With(last.Print).Run();
        emails.Commit();
    }

    private static byte[]? Identity(Database database, string sql)
    {
        using var statement = database.Prepare(sql);
        return statement.Start().Step() ? statement.Bytes().ToArray() : null;
    }

    private static void Hold(Database emails, EmailStatus from, EmailStatus to, DateTimeOffset now)
    {
        using var hold = emails.Prepare("""
            UPDATE email SET status = ?, claimed_by = NULL, last_error = ?, last_modified = ? WHERE number IN (SELECT number FROM email WHERE status = ? LIMIT ?)
            """);
        using var changes = emails.Prepare("SELECT changes()");
        using var recount = emails.Prepare("""
            INSERT INTO tally (lane, status, rows, pruned) SELECT lane, status, count(*), 0 FROM email WHERE status IN (?, ?) GROUP BY lane, status
            ON CONFLICT (lane, status) DO UPDATE SET rows = excluded.rows
            """);
        using var clear = emails.Prepare("UPDATE tally SET rows = 0 WHERE status IN (?, ?)");
        for (var held = (long)AtOnce; held == AtOnce;)
        {
            emails.Begin(durable: true);
            hold.Start().With((long)to).With(Settlement.LostLedger).With((DateTimeOffset?)now).With((long)from).With(AtOnce).Run();
            held = changes.Start().Scalar();
            clear.Start().With((long)from).With((long)to).Run();
            recount.Start().With((long)from).With((long)to).Run();
            emails.Commit();
        }
    }
}
