using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Control;
using Nightmail.Store.Sql.Sqlite.Migrations;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>Looks whether a file is a backup that can be brought back. Reads all of it and changes nothing.</summary>
internal static class BackupInspection
{
    /// <summary>Why it cannot be brought back; null: it can.</summary>
    public static string? Damage(string path)
    {
        try
        {
            if (new FileInfo(path).Length == 0) return "it is empty";
            using var backup = Database.OpenToRead(path);
            if (Schema.Emails.Refusal(backup) is { } refusal) return refusal;
            if (!ControlParts.Has(backup)) return "it is no backup: its control plane is missing";
            if (Integrity(backup) is { } broken) return $"it is damaged: {broken}";
            if (!AddsUp(backup)) return "its counts do not add up";
            return ControlParts.Take(backup, path: null, ControlDatabase.NewestSchema);
        }
        catch (StoreException unreadable)
        {
            return unreadable.Message;
        }
        catch (IOException unreadable)
        {
            return unreadable.Message;
        }
        catch (InvalidOperationException odd)
        {
            // Its tables are not what its version says.
            return $"it is damaged: {odd.Message}";
        }
    }

    /// <summary>What it says of itself; null: nothing.</summary>
    public static BackupAbout? About(string path)
    {
        try
        {
            using var backup = Database.OpenToRead(path);
            return ControlParts.Has(backup) ? ControlParts.AboutOf(backup) : null;
        }
        catch (Exception unreadable) when (unreadable is StoreException or IOException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The first thing that SQLite finds wrong; null: nothing.</summary>
    public static string? Integrity(Database database)
    {
        using var check = database.Prepare("PRAGMA integrity_check(1)");
        return check.Start().Step() && check.Text() is { } words && words != "ok" ? words.ReplaceLineEndings(" ") : null;
    }

    /// <summary>Every status of every lane is counted right, each email has its content, and no row knows of more than the ledger's position then.</summary>
    private static bool AddsUp(Database backup)
    {
        using var wrong = backup.Prepare("""
            SELECT (SELECT count(*) FROM (SELECT lane, status, count(*) AS n FROM email GROUP BY lane, status EXCEPT SELECT lane, status, rows FROM tally))
              + (SELECT count(*) FROM (SELECT lane, status, rows FROM tally WHERE rows > 0 EXCEPT SELECT lane, status, count(*) FROM email GROUP BY lane, status))
              + (SELECT count(*) FROM email WHERE number NOT IN (SELECT number FROM content))
              + (SELECT count(*) FROM content WHERE number NOT IN (SELECT number FROM email))
            """);
        return wrong.Start().Scalar() == 0;
    }
}
