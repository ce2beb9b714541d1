using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Control;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>Makes a backup: both databases as they are at one moment, in one file. Everything else goes on meanwhile.</summary>
internal sealed class SnapshotMaker(string emailsPath, SqliteEmailStore store, ControlDatabase control, ServerBackupShelf shelf, TimeProvider time, Random random)
{
    /// <summary>Makes one. What fails leaves nothing behind.</summary>
    /// <param name="reason">For people.</param>
    /// <param name="digits">The digits of its name; null: by chance.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <returns>Its name.</returns>
    public async Task<string> MakeAsync(string reason, string? digits, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        shelf.Prepare(now);
        var name = ServerBackupName.New(now, digits ?? ServerBackupName.Digits(random));
        while (shelf.IsTaken(name)) name = ServerBackupName.New(now, ServerBackupName.Digits(random));
        var part = Path.Combine(shelf.Folder, $".{name}{ServerBackupName.PartEnding}");
        var controlPart = part + "-control";
        try
        {
            await CopyAsync(part, controlPart, cancellationToken);
            using (var made = Database.OpenPlain(part)) ControlParts.Put(made, controlPart, ControlDatabase.NewestSchema, reason, now);
            File.Delete(controlPart);
            Flush(part);
            if (BackupInspection.Damage(part) is { } damage) throw new StoreException(StoreTrouble.Unwritable, $"the backup did not pass its check: {damage}; it was thrown away");
            cancellationToken.ThrowIfCancellationRequested();
            shelf.Note(name, ServerBackupShelf.Sha256Of(part));
            File.Move(part, shelf.PathOf(name));
            Folder.DataFolder.SyncFolder(shelf.Folder);
            return name;
        }
        catch (Exception failed)
        {
            Discard(name, part, controlPart);
            if (failed is not (IOException or UnauthorizedAccessException)) throw;
            throw new StoreException(StoreTrouble.Unwritable, $"no backup was made in {shelf.Folder}: {failed.Message}", failed);
        }
    }

    private async Task CopyAsync(string emailsPart, string controlPart, CancellationToken cancellationToken)
    {
        // For nobody else from their first byte on.
        await ServerBackupShelf.Create(emailsPart).DisposeAsync();
        await ServerBackupShelf.Create(controlPart).DisposeAsync();
        using var emails = Database.OpenToRead(emailsPath);
        using var plane = Database.OpenToRead(control.Path);
        // Both look at the same moment: nobody writes between the two, and afterwards neither sees what others write.
        await control.AloneAsync(_ => store.AloneAsync(state =>
        {
            Mark(state);
            emails.Hold();
            plane.Hold();
            return true;
        }).AsTask(), cancellationToken);
        await Task.Run(() =>
        {
            emails.CopyTo(emailsPart);
            plane.CopyTo(controlPart);
            using var copy = Database.OpenPlain(controlPart);
            if (BackupInspection.Integrity(copy) is { } broken) throw new StoreException(StoreTrouble.Unreadable, $"{control.Path} is damaged: {broken}; restore a backup");
        }, cancellationToken);
    }

    /// <summary>From here on the ledger differs from every copy of it that is older than this backup.</summary>
    private void Mark(StoreState state)
    {
        try
        {
            state.MarkLedger(time.GetUtcNow());
        }
        catch
        {
            state.Reset();
            throw;
        }
    }

    private static void Flush(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        file.Flush(flushToDisk: true);
    }

    private void Discard(string name, params string[] parts)
    {
        foreach (var part in parts)
            foreach (var ending in (string[])["", "-journal", "-wal", "-shm"])
                File.Delete(part + ending);
        if (!shelf.Has(name)) File.Delete(shelf.PathOf(name) + ServerBackupName.ChecksumEnding);
    }
}
