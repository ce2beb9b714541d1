using Microsoft.Data.Sqlite;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Folder;
using Nightmail.Store.Sql.Sqlite.Ledger;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>
/// What makes a restore of two databases one step: everything is prepared in a folder that does not count, which then gets its name in one
/// rename. Before it a death leaves the old state; after it the next start puts both databases in place, as often as it takes.
/// </summary>
internal sealed class RestoreFolder(string dataFolder)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string preparing = Path.Combine(dataFolder, "restore.part");
    private readonly string decided = Path.Combine(dataFolder, "restore");
    private readonly string done = Path.Combine(dataFolder, "restore.done");

    /// <summary>The emails that are to be.</summary>
    public string Emails => Path.Combine(preparing, "nightmail.db");

    /// <summary>The control plane that is to be.</summary>
    public string Control => Path.Combine(preparing, "control.db");

    /// <summary>The control plane as the backup has it.</summary>
    public string PastControl => Path.Combine(preparing, "past.db");

    /// <summary>The control plane as it is, for going back.</summary>
    public string PresentControl => Path.Combine(preparing, "present.db");

    /// <summary>The emails once it is decided.</summary>
    public string DecidedEmails => Path.Combine(decided, "nightmail.db");

    /// <summary>The control plane once it is decided.</summary>
    public string DecidedControl => Path.Combine(decided, "control.db");

    /// <summary>The control plane as it was, once it is decided.</summary>
    public string FormerControl => Path.Combine(decided, "present.db");

    /// <summary>True when a restore was decided and not carried out.</summary>
    public bool IsDecided => Directory.Exists(decided);

    /// <summary>Makes an empty folder to prepare in.</summary>
    public void Begin()
    {
        Forget();
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(preparing);
        else Directory.CreateDirectory(preparing, OwnerOnly);
    }

    /// <summary>From here on the restore happens. What both databases and the ledger are at this moment is noted beside it.</summary>
    public void Decide(DataFolder present)
    {
        RestoreMark.Write(preparing, present, Emails, Control);
        foreach (var path in Directory.EnumerateFiles(preparing)) Flush(path);
        DataFolder.SyncFolder(preparing);
        Directory.Move(preparing, decided);
        DataFolder.SyncFolder(dataFolder);
    }

    /// <summary>It is carried out, or is not to be after all.</summary>
    public void End()
    {
        // In one rename: half a folder must not be taken for a decision.
        if (Directory.Exists(decided)) Directory.Move(decided, done);
        DataFolder.SyncFolder(dataFolder);
        Forget();
    }

    /// <summary>Removes what does not count.</summary>
    public void Forget()
    {
        foreach (var folder in (string[])[preparing, done])
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <summary>
    /// At a start, before anything is opened: carries out what was decided. Sending is paused, as after every restore. A decision that
    /// is older than what lies there now is not this restore's: it would overwrite what came since.
    /// </summary>
    /// <exception cref="StoreException">The decision is older; nothing was changed.</exception>
    public void Finish(Database ledger, string emailsPath, string controlPath)
    {
        if (IsDecided)
        {
            if (!RestoreMark.Fits(decided, ledger.Path, emailsPath, controlPath))
                throw new StoreException(StoreTrouble.Unreadable, $"{decided} holds a restore that was decided, but the emails, the ledger or the control plane have changed since; nothing was changed: move that folder away to start with what is there now, and restore again if you want the backup");
            ledger.Begin(durable: true);
            ledger.Execute("UPDATE ledger SET paused = 1");
            ledger.Commit();
            using (var emails = Database.OpenToWrite(emailsPath))
            {
                emails.ReplaceBy(DecidedEmails);
                LedgerFacts.Name(ledger, Bond.Known(emails));
            }

            ReplaceControl(controlPath, DecidedControl);
            End();
        }

        Forget();
    }

    private static void ReplaceControl(string controlPath, string by)
    {
        try
        {
            using var control = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = controlPath, Pooling = false }.ToString());
            using var other = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = by, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
            control.Open();
            other.Open();
            other.BackupDatabase(control);
        }
        catch (SqliteException failed)
        {
            throw SqliteTrouble.Of(failed, controlPath);
        }
    }

    private static void Flush(string path)
    {
        using var file = Posix.Open(path, Posix.ReadWrite);
        if (file is null || !Posix.Sync(file)) throw new StoreException(StoreTrouble.Unwritable, $"{path} cannot be flushed to disk: {Posix.Words()}; nothing was changed");
    }
}
