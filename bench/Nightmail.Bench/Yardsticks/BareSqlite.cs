using Microsoft.Data.Sqlite;

namespace Nightmail.Bench.Yardsticks;

/// <summary>SQLite and nothing else: rows with an id, a time and a body into one table, WAL, flushed at every commit.</summary>
internal sealed class BareSqlite : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly SqliteCommand insert;
    private readonly SqliteParameter id, due, body;
    private int count;

    public BareSqlite(string path)
    {
        connection = new($"Data Source={path};Pooling=False");
        connection.Open();
        Run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE email (id TEXT PRIMARY KEY, due INTEGER NOT NULL, body TEXT NOT NULL);");
        insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO email (id, due, body) VALUES ($id, $due, $body)";
        (id, due, body) = (insert.Parameters.Add("$id", SqliteType.Text), insert.Parameters.Add("$due", SqliteType.Integer), insert.Parameters.Add("$body", SqliteType.Text));
        insert.Prepare();
    }

    /// <summary>Writes so many rows in one commit.</summary>
    public void Write(int rows, string text)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        insert.Transaction = transaction;
        for (var row = 0; row < rows; row++)
        {
            (id.Value, due.Value, body.Value) = ($"email_{++count:x32}", (long)count, text);
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        insert.Dispose();
        connection.Dispose();
    }

    private void Run(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
