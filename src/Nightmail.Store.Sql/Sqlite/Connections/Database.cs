using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Nightmail.Store.Sql.Sqlite.Connections;

/// <summary>
/// One connection to one database file. Of each file exactly one connection writes and checkpoints; all others only read, because
/// SQLite 3.50 has a fault when two connections write and checkpoint at once. Not safe for two threads at once.
/// </summary>
internal sealed class Database : IDisposable
{
    /// <summary>Pages of the write-ahead log after which its content is moved into the database: 16 MB, so that a page written often is moved once.</summary>
    private const int CheckpointPages = 4000;

    /// <summary>Pages after which one that failed is tried again: often enough to shrink the log soon, seldom enough to cost little meanwhile.</summary>
    private const int RetryPages = 100;

    /// <summary>Bytes of one page in the log, with its header.</summary>
    private const int LogPageBytes = 4096 + 24;

    /// <summary>How long a connection waits for another that holds a lock for a moment: only a checkpoint at its end does.</summary>
    private const int BusyMilliseconds = 5000;

    /// <summary>SQLite's <c>SQLITE_DBCONFIG_ENABLE_QPSG</c>: the values of a statement do not change its plan.</summary>
    private const int KeepsPlans = 1007;

    private readonly SqliteConnection connection;
    private readonly sqlite3 handle;
    private readonly List<Statement> statements = [];
    private readonly bool flushes;
    private readonly LogRoom? room;
    private readonly Statement begin, beginToRead, commit, rollback;
    private bool? syncs;
    private long logPages;

    private Database(string path, bool writes, bool flushes, bool inLog = true)
    {
        Path = path;
        this.flushes = flushes;
        room = writes && flushes ? new(path + "-wal") : null;
        connection = new(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = writes ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
            handle = connection.Handle!;
            // Otherwise a statement whose values could speak for another of the partial indexes is compiled anew each time that it gets some.
            _ = raw.sqlite3_db_config(handle, KeepsPlans, 1, out _);
            Execute($"PRAGMA busy_timeout={BusyMilliseconds}; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;");
            // A checkpoint at a commit would make that one wait for the whole of it; and one that only reads must never write.
            Execute(!inLog ? "PRAGMA journal_mode=DELETE; PRAGMA cache_size=-16384;" : writes ? "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-16384;" : "PRAGMA query_only=ON; PRAGMA cache_size=-4096;");
            begin = Prepare("BEGIN IMMEDIATE");
            beginToRead = Prepare("BEGIN");
            commit = Prepare("COMMIT");
            rollback = Prepare("ROLLBACK");
        }
        catch (SqliteException failed)
        {
            connection.Dispose();
            throw SqliteTrouble.Of(failed, path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>For tests: what all statements together have cost so far, in rows that no index spared them and in steps of SQLite's machine.</summary>
    public (long ScannedRows, long Steps) Effort => (statements.Sum(each => each.Status(raw.SQLITE_STMTSTATUS_FULLSCAN_STEP)), statements.Sum(each => each.Status(raw.SQLITE_STMTSTATUS_VM_STEP)));

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>True between <see cref="Begin"/> and its end.</summary>
    public bool IsInTransaction => raw.sqlite3_get_autocommit(handle) == 0;

    /// <summary>True when the log has grown so long that <see cref="Checkpoint"/> is worth its while.</summary>
    public bool WantsCheckpoint => logPages >= CheckpointPages;

    /// <summary>The one connection that writes.</summary>
    /// <param name="path">The file; made where it is missing.</param>
    /// <param name="flushes">False never waits for the disk.</param>
    public static Database OpenToWrite(string path, bool flushes = true) => new(path, writes: true, flushes);

    /// <summary>A connection that only reads; the file must be there.</summary>
    public static Database OpenToRead(string path) => new(path, writes: false, flushes: true);

    /// <summary>A connection to a file that is being made, before it counts: one file without a log beside it, and nothing is flushed.</summary>
    public static Database OpenPlain(string path) => new(path, writes: true, flushes: false, inLog: false);

    /// <summary>From here on this connection sees the database as it is now, whatever others write, until it is closed.</summary>
    public void Hold()
    {
        Execute("BEGIN");
        using var look = Prepare("SELECT count(*) FROM sqlite_schema");
        look.Start().Scalar();
    }

    /// <summary>Runs SQL texts that give no rows.</summary>
    public void Execute(string sql)
    {
        var code = raw.sqlite3_exec(handle, sql);
        if (code != raw.SQLITE_OK) throw SqliteTrouble.Of(code, Words(), Path);
    }

    /// <summary>A statement that lives as long as the connection.</summary>
    public Statement Prepare(string sql)
    {
        var code = raw.sqlite3_prepare_v3(handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var prepared);
        if (code != raw.SQLITE_OK) throw SqliteTrouble.Of(code, Words(), Path);
        var statement = new Statement(this, prepared);
        statements.Add(statement);
        return statement;
    }

    /// <summary>Begins to write.</summary>
    /// <param name="durable">False leaves the flush to disk to the next commit that wants it: a process that dies loses nothing; a machine that dies may lose it.</param>
    public void Begin(bool durable)
    {
        // Not to be changed inside a transaction.
        if (syncs != durable) Execute(!flushes ? "PRAGMA synchronous=OFF" : durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        syncs = durable;
        begin.Start().Run();
    }

    /// <summary>Begins to read: what follows sees one and the same state, and takes its lock once.</summary>
    public void BeginToRead() => beginToRead.Start().Run();

    /// <summary>Ends it.</summary>
    public void EndReading() => commit.Start().Run();

    /// <summary>Reads everything of one moment, whatever becomes of it; no read that failed stays open.</summary>
    public T Reading<T>(Func<T> read)
    {
        BeginToRead();
        try
        {
            var found = read();
            EndReading();
            return found;
        }
        finally
        {
            Rollback();
        }
    }

    /// <summary>Ends writing.</summary>
    public void Commit()
    {
        commit.Start().Run();
        if (raw.sqlite3_db_status(handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var written, out _, 1) == raw.SQLITE_OK) logPages += written;
        room?.Keep(logPages * LogPageBytes);
    }

    /// <summary>Takes back what was written since <see cref="Begin"/>; SQLite may have done so by itself.</summary>
    public void Rollback()
    {
        if (IsInTransaction) rollback.Start().Run();
    }

    /// <summary>
    /// Moves the log into the database, as far as no reader still needs it. What cannot be moved now, on a full disk for one, is moved next
    /// time: what is committed lies safe in the log until then, so nobody need hear of it.
    /// </summary>
    /// <returns>False when the disk refused; the next one is due soon.</returns>
    public bool Checkpoint()
    {
        var code = raw.sqlite3_wal_checkpoint_v2(handle, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out _, out _);
        var moved = code is raw.SQLITE_OK or raw.SQLITE_BUSY;
        logPages = moved ? 0 : CheckpointPages - RetryPages;
        return moved;
    }

    /// <summary>Writes a copy of the whole database, as it is at this moment, to a new file.</summary>
    public void CopyTo(string path) => Copy(path, into: false);

    /// <summary>Makes this database a copy of that file, in one transaction that others see whole or not at all.</summary>
    public void ReplaceBy(string path) => Copy(path, into: true);

    /// <summary>Closing then leaves the log as it lies, as a process that is killed does.</summary>
    public void LeaveLogOnClose() => _ = raw.sqlite3_db_config(handle, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);

    /// <summary>SQLite's words for what went wrong last.</summary>
    public string Words() => raw.sqlite3_errmsg(handle).utf8_to_string();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statement in statements) statement.Dispose();
        connection.Dispose();
        room?.Dispose();
    }

    private void Copy(string path, bool into)
    {
        using var other = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = into ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate, Pooling = false }.ToString());
        try
        {
            other.Open();
            if (!into)
            {
                connection.BackupDatabase(other);
                return;
            }

            if (flushes)
            {
                Execute("PRAGMA synchronous=FULL");
                syncs = true;
            }

            other.BackupDatabase(connection);
            // All of it lies in the log now.
            logPages = CheckpointPages;
        }
        catch (SqliteException failed)
        {
            throw SqliteTrouble.Of(failed, path);
        }
    }
}
