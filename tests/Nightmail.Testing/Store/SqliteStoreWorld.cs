using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite;

namespace Nightmail.Testing.Store;

/// <summary>
/// A data folder of the real disk. One process owns it, so those who open it share one store, as the API's callers and the workers of a
/// server do; a worker that dies is one whose presence ends.
/// </summary>
/// <param name="ownThread">Whether the store writes on a thread of its own.</param>
public sealed class SqliteStoreWorld(bool ownThread = true) : StoreWorld
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("nightmail-sqlite-");
    private SqliteEmailStore? store;
    private int copies;

    /// <summary>The data folder.</summary>
    public string Folder => Path.Combine(folder.FullName, "data");

    /// <inheritdoc/>
    public override IEmailStore Open() => OpenSqlite();

    /// <summary>The store.</summary>
    public SqliteEmailStore OpenSqlite() => store ??= SqliteEmailStore.Open(new() { Folder = Folder, OwnThread = ownThread }, Time);

    /// <summary>The process that owns the folder is killed, and another takes its place.</summary>
    public async Task<SqliteEmailStore> KillAndOpenAsync()
    {
        if (store is not null) await store.KillAsync();
        store = null;
        return OpenSqlite();
    }

    /// <summary>The owner ends in order.</summary>
    public async Task CloseAsync()
    {
        if (store is not null) await store.DisposeAsync();
        store = null;
    }

    /// <inheritdoc/>
    public override IBlobStore BlobsOf(IEmailStore store) => ((SqliteEmailStore)store).Blobs;

    /// <inheritdoc/>
    public override ValueTask KillAsync(IEmailStore store, IWorkerPresence presence) => presence.DisposeAsync();

    /// <inheritdoc/>
    public override object SaveRows()
    {
        var copy = Path.Combine(folder.FullName, $"copy-{++copies}.db");
        OpenSqlite().CopyRowsAsync(copy).AsTask().GetAwaiter().GetResult();
        return copy;
    }

    /// <inheritdoc/>
    public override void RestoreRows(object saved) => OpenSqlite().ReplaceRowsAsync((string)saved).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await CloseAsync();
        folder.Delete(recursive: true);
        await base.DisposeAsync();
    }
}
