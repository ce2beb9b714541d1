using System.Data.Common;
using Microsoft.Data.Sqlite;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Shared;

namespace Nightmail.Store.Sql.Sqlite.Control;

/// <summary>
/// The control plane's database file. One process owns it, and in that one connection does everything, one piece of work after the other:
/// people's changes are few, and none of them may take long.
/// </summary>
internal sealed class ControlDatabase : ISqlSession, IAsyncDisposable
{
    /// <summary>Marks the file as ours (SQLite's <c>application_id</c>).</summary>
    private const long ApplicationId = 0x4e4d4331;

    private readonly SqliteConnection connection;
    private readonly SemaphoreSlim turn = new(1, 1);
    private volatile string? refusal;
    private bool closed;

    private ControlDatabase(SqliteConnection connection, string path) => (this.connection, Path) = (connection, path);

    /// <summary>The newest schema that this program knows.</summary>
    public static long NewestSchema => Scripts().Count;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Opens the file, or makes it, and brings it to the shape that this program knows.</summary>
    /// <exception cref="StoreException">It cannot be used; the message says why.</exception>
    public static ControlDatabase Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            connection.Open();
            Run(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF;");
            Migrate(connection, path);
            return new(connection, path);
        }
        catch (SqliteException failed)
        {
            connection.Dispose();
            throw TroubleOf(failed, path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<T> WriteAsync<T>(Func<DbConnection, DbTransaction, T> work, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            RequireUnrefused();
            using var transaction = connection.BeginTransaction(deferred: false);
            var result = work(connection, transaction);
            transaction.Commit();
            return result;
        }
        catch (SqliteException failed)
        {
            throw TroubleOf(failed, Path);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<T> ReadAsync<T>(Func<DbConnection, T> work, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            return work(connection);
        }
        catch (SqliteException failed)
        {
            throw TroubleOf(failed, Path);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Brings a file that nobody uses to the shape that this program knows, and leaves nothing beside it.</summary>
    public static void BringOnly(string path)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            connection.Open();
            Run(connection, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; PRAGMA trusted_schema=OFF;");
            Migrate(connection, path);
        }
        catch (SqliteException failed)
        {
            throw TroubleOf(failed, path);
        }
    }

    /// <summary>From here on nothing is written until the process is started anew.</summary>
    public void Refuse(string why) => refusal = why;

    /// <summary>Works on the database as a whole; nobody else reads or writes meanwhile.</summary>
    public async Task<T> AloneAsync<T>(Func<SqliteConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            RequireUnrefused();
            return await work(connection);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (closed) return;
        closed = true;
        await turn.WaitAsync();
        await connection.DisposeAsync();
        turn.Dispose();
    }

    private void RequireUnrefused()
    {
        if (refusal is { } why) throw new StoreException(StoreTrouble.Unwritable, why);
    }

    private static void Migrate(SqliteConnection connection, string path)
    {
        var version = Ask(connection, "PRAGMA user_version");
        var isNew = version == 0 && Ask(connection, "SELECT count(*) FROM sqlite_schema") == 0;
        if (!isNew && Ask(connection, "PRAGMA application_id") != ApplicationId)
            throw new StoreException(StoreTrouble.Unreadable, $"{path} is another program's database; nothing was changed: name another data folder");
        var scripts = Scripts();
        if (version > scripts.Count)
            throw new StoreException(StoreTrouble.Unreadable, $"{path} was written by a newer nightmail (schema {version}, this one knows {scripts.Count}); nothing was changed: update nightmail");
        for (var number = (int)version; number < scripts.Count; number++)
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            Run(connection, $"{scripts[number]}\nPRAGMA user_version={number + 1}; PRAGMA application_id={ApplicationId};", transaction);
            transaction.Commit();
        }
    }

    private static List<string> Scripts()
    {
        var assembly = typeof(ControlDatabase).Assembly;
        return [.. assembly.GetManifestResourceNames().Where(name => name.StartsWith("control-", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return reader.ReadToEnd();
        })];
    }

    private static void Run(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        command.ExecuteNonQuery();
    }

    private static long Ask(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static StoreException TroubleOf(SqliteException failed, string path) => new(
        failed.SqliteErrorCode switch
        {
            SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => StoreTrouble.Busy,
            SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_CANTOPEN => StoreTrouble.Unreadable,
            _ => StoreTrouble.Unwritable,
        },
        failed.SqliteErrorCode is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB ? $"{path}: {failed.Message}; {Connections.SqliteTrouble.DamageAdvice(path)}" : $"{path}: {failed.Message}",
        failed);
}
