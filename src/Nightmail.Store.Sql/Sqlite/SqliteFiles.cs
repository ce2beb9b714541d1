using Nightmail.Store.Sql.Sqlite.Backups;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Folder;
using Nightmail.Store.Sql.Sqlite.Ledger;
using Nightmail.Store.Sql.Sqlite.Migrations;
using Nightmail.Store.Sql.Sqlite.Operations;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite;

/// <summary>A data folder that was taken, its two databases open and made to fit each other.</summary>
internal sealed class SqliteFiles : IDisposable
{
    private SqliteFiles(DataFolder folder, SqliteBlobStore blobs, StoreState state) => (Folder, Blobs, State) = (folder, blobs, state);

    /// <summary>The folder.</summary>
    public DataFolder Folder { get; }

    /// <summary>The attachments.</summary>
    public SqliteBlobStore Blobs { get; }

    /// <summary>The databases.</summary>
    public StoreState State { get; }

    /// <summary>Takes the folder and opens what is in it.</summary>
    public static SqliteFiles Open(SqliteStoreOptions options, WorkerRegistry workers, TimeProvider time)
    {
        var folder = DataFolder.Take(options.Folder, time);
        Database? ledger = null, emails = null;
        try
        {
            // The ledger first: rows without one look like rows whose ledger was lost.
            ledger = Database.OpenToWrite(folder.Ledger, options.Flushes);
            Schema.Ledger.Bring(ledger);
            LedgerFacts.Found(ledger, Guid.CreateVersion7(time.GetUtcNow()));
            new RestoreFolder(folder.Path).Finish(ledger, folder.Emails, folder.Control);
            emails = Database.OpenToWrite(folder.Emails, options.Flushes);
            Schema.Emails.Bring(emails);
            DataFolder.SyncFolder(folder.Path);
            var blobs = new SqliteBlobStore(folder.Blobs);
            Bond.Check(emails, ledger, time.GetUtcNow());
            var state = new StoreState(emails, ledger, blobs, workers, time.GetUtcNow());
            state.CopyLeftKeys();
            if (state.IsBehind) Reconciling.Run(state, time.GetUtcNow());
            return new(folder, blobs, state);
        }
        catch
        {
            emails?.Dispose();
            ledger?.Dispose();
            folder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        State.Dispose();
        Folder.Dispose();
    }
}
