using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Ledger;

/// <summary>
/// The rows know their ledger: its identity and up to where they have taken it in. Where that ledger is not there, unbroken from there, nobody
/// knows what has left since: then nothing of them is sent before a person has looked.
/// </summary>
internal static class Bond
{
    /// <summary>Rows that one transaction holds.</summary>
    private const int AtOnce = 1000;

    /// <summary>Compares, and holds everything that waits where the two do not fit.</summary>
    /// <returns>True when they did not fit.</returns>
    public static bool Check(Database emails, Database ledger, DateTimeOffset now)
    {
        var identity = Identity(ledger, "SELECT identity FROM ledger");
        using var last = ledger.Prepare("SELECT max(sequence) FROM entry");
        var known = Identity(emails, "SELECT ledger FROM store");
        if (known is null)
        {
            using var insert = emails.Prepare("INSERT INTO store (one, ledger, position) VALUES (1, ?, ?)");
            emails.Begin(durable: true);
            // Rows that are new to this ledger have nothing to take in of it.
            insert.Start().With(identity!, isText: false).With(last.Start().Scalar()).Run();
            emails.Commit();
            return false;
        }

        using var position = emails.Prepare("SELECT position FROM store");
        if (known.AsSpan().SequenceEqual(identity) && last.Start().Scalar() >= position.Start().Scalar()) return false;
        Hold(emails, EmailStatus.Pending, EmailStatus.Paused, now);
        // What was being sent may be out: only the lost ledger knew whether it had begun.
        Hold(emails, EmailStatus.Sending, EmailStatus.Paused, now);
        using var adopt = emails.Prepare("UPDATE store SET ledger = ?");
        emails.Begin(durable: true);
        adopt.Start().With(identity!, isText: false).Run();
        emails.Commit();
        return true;
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
