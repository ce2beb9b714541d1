using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Migrations;

/// <summary>
/// Brings a database to the shape that this program knows: numbered scripts, each run once in a transaction of its own, forward only.
/// </summary>
/// <param name="name">What the scripts' names begin with.</param>
/// <param name="applicationId">Marks the file as such a database (SQLite's <c>application_id</c>).</param>
internal sealed class Schema(string name, int applicationId)
{
    /// <summary>The emails: <c>nightmail.db</c>.</summary>
    public static Schema Emails { get; } = new("emails", 0x4e4d4531);

    /// <summary>The ledger: <c>ledger.db</c>.</summary>
    public static Schema Ledger { get; } = new("ledger", 0x4e4d4c31);

    /// <summary>Runs the scripts that this database has not seen.</summary>
    /// <exception cref="StoreException">Unreadable: it is no such database, or a newer program's.</exception>
    public void Bring(Database database)
    {
        var version = Ask(database, "PRAGMA user_version");
        var isNew = version == 0 && Ask(database, "SELECT count(*) FROM sqlite_schema") == 0;
        if (!isNew && Refusal(database) is { } refusal) throw new StoreException(StoreTrouble.Unreadable, refusal);
        var scripts = Scripts();
        for (var number = (int)version; number < scripts.Count; number++)
        {
            database.Begin(durable: true);
            try
            {
                database.Execute($"{scripts[number]}\nPRAGMA user_version={number + 1}; PRAGMA application_id={applicationId};");
                database.Commit();
            }
            catch
            {
                database.Rollback();
                throw;
            }
        }
    }

    /// <summary>Why this program cannot use the database; null: it can, perhaps after it has brought it to the present shape.</summary>
    public string? Refusal(Database database)
    {
        if (Ask(database, "PRAGMA application_id") != applicationId) return $"{database.Path} is another program's database; nothing was changed: name another data folder";
        var (version, known) = (Ask(database, "PRAGMA user_version"), Scripts().Count);
        return version > known ? $"{database.Path} was written by a newer nightmail (schema {version}, this one knows {known}); nothing was changed: update nightmail" : null;
    }

    private static long Ask(Database database, string sql)
    {
        using var statement = database.Prepare(sql);
        return statement.Start().Scalar();
    }

    private List<string> Scripts()
    {
        var assembly = typeof(Schema).Assembly;
        var names = assembly.GetManifestResourceNames().Where(each => each.StartsWith($"{name}-", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        return [.. names.Select(each =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(each)!);
            return reader.ReadToEnd();
        })];
    }
}
