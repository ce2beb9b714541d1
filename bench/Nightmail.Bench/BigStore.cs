using Microsoft.Data.Sqlite;

namespace Nightmail.Bench;

/// <summary>A data folder with as many rows as one likes, made of one email that the store itself has written.</summary>
internal static class BigStore
{
    private const int Bytes = 2048;

    /// <summary>Rows that one transaction makes: it stays in memory.</summary>
    private const int AtOnce = 50_000;

    /// <summary>Makes the folder: so many emails that are due now, and so many that were sent long ago.</summary>
    public static async Task MakeAsync(Workshop workshop, string name, int pending, int final)
    {
        var time = TimeProvider.System;
        await using (var store = workshop.OpenSqliteStore(name))
            await store.AddAsync([Workshop.Email("one of many", Bytes, time.GetUtcNow().AddHours(-1), time)], CancellationToken.None);

        using var connection = new SqliteConnection($"Data Source={workshop.Path(name)}/nightmail.db;Pooling=False");
        connection.Open();
        Run(connection, "PRAGMA synchronous=OFF; PRAGMA cache_size=-200000; PRAGMA wal_autocheckpoint=20000;");
        Copy(connection, "status", "last_modified", pending - 1);
        // What is over: no text, as if it had been kept short; what counts is that its rows lie in the same tables.
        Copy(connection, "3", "last_modified", final);
        Run(connection, "DELETE FROM tally; INSERT INTO tally (lane, status, rows, pruned) SELECT lane, status, count(*), 0 FROM email GROUP BY lane, status; PRAGMA wal_checkpoint(TRUNCATE);");
    }

    private static void Copy(SqliteConnection connection, string status, string modified, int rows)
    {
        using var columns = connection.CreateCommand();
        columns.CommandText = "SELECT group_concat(name, ', ') FROM pragma_table_info('email') WHERE name NOT IN ('number', 'id', 'status', 'last_modified')";
        var rest = (string)columns.ExecuteScalar()!;
        for (var made = 0; made < rows; made += AtOnce)
        {
            Run(connection, $"""
                BEGIN;
                CREATE TEMP TABLE batch AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Math.Min(AtOnce, rows - made)})
                  SELECT i + (SELECT max(number) FROM email) AS number FROM n;
                INSERT INTO email (number, id, status, last_modified, {rest})
                  SELECT batch.number, CAST(printf('%016d', batch.number) AS BLOB), {status}, {modified}, {rest} FROM batch, email WHERE email.number = 1;
                INSERT INTO content (number, text, html, head) SELECT batch.number, {(status == "3" ? "NULL" : "text")}, html, head FROM batch, content WHERE content.number = 1;
                DROP TABLE batch;
                COMMIT;
                """);
        }
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
