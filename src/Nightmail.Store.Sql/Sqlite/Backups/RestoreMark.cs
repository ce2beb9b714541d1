using System.Globalization;
using Microsoft.Data.Sqlite;
using Nightmail.Store.Sql.Sqlite.Connections;
using Nightmail.Store.Sql.Sqlite.Folder;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>
/// What the databases were when a restore was decided, so that it is carried out on those alone: each of the two is as it was then, or
/// already as it is to be, and the ledger has grown by nothing. Rows are counted and their numbers added up; that costs one look at each.
/// </summary>
internal static class RestoreMark
{
    private const string FileName = "mark";

    /// <summary>The pause is set by the restore itself.</summary>
    private const string OwnColumn = "paused";

    /// <summary>Numbers are added up modulo this, so that no sum overflows.</summary>
    private const int Modulus = 1_000_003;

    /// <summary>Writes it into the folder that is about to be the decision.</summary>
    public static void Write(string into, DataFolder present, string emailsToBe, string controlToBe) => File.WriteAllLines(
        Path.Combine(into, FileName), [Of(present.Ledger), Of(present.Emails), Of(emailsToBe), Of(present.Control), Of(controlToBe)]);

    /// <summary>True when that decision is about what lies there. A database that is gone has nothing to lose.</summary>
    public static bool Fits(string decided, string ledger, string emails, string control)
    {
        var path = Path.Combine(decided, FileName);
        return File.Exists(path) && File.ReadAllLines(path) is [var ledgerThen, var emailsThen, var emailsToBe, var controlThen, var controlToBe]
            && Of(ledger) == ledgerThen && Of(emails) is var emailsNow && (emailsNow == emailsThen || emailsNow == emailsToBe || emailsNow.Length == 0)
            && Of(control) is var controlNow && (controlNow == controlThen || controlNow == controlToBe || controlNow.Length == 0);
    }

    /// <summary>The rows of a database in one line; empty tables do not count, so that a newer schema alone makes no difference.</summary>
    private static string Of(string path)
    {
        if (!File.Exists(path)) return "";
        try
        {
            return Look(path);
        }
        catch (SqliteException failed)
        {
            throw SqliteTrouble.Of(failed, path);
        }
    }

    private static string Look(string path)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
        var words = new List<string>();
        foreach (var table in Ask(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"))
        {
            var numbers = Ask(connection, $"SELECT name FROM pragma_table_info('{table}') WHERE type IN ('INTEGER', 'BIGINT') AND name <> '{OwnColumn}'");
            var sums = string.Concat(numbers.Select(column => $" || ' {column}=' || coalesce(max(\"{column}\"), '') || '+' || coalesce(sum(\"{column}\" % {Modulus.ToString(CultureInfo.InvariantCulture)}), '')"));
            words.AddRange(Ask(connection, $"SELECT '{table}=' || count(*){sums} FROM \"{table}\" HAVING count(*) > 0"));
        }

        return string.Join("; ", words);
    }

    private static List<string> Ask(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        List<string> answers = [];
        while (reader.Read()) answers.Add(reader.GetString(0));
        return answers;
    }
}
