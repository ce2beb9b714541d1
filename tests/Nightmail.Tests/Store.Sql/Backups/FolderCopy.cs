using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Shouldly;

namespace Nightmail.Tests.Store.Sql.Backups;

/// <summary>What people and broken disks do to a data folder.</summary>
internal static class FolderCopy
{
    /// <summary>Copies it, by another process: SQLite loses its locks on a file when this one closes it once more.</summary>
    public static void Make(string folder, string to)
    {
        using var copy = Process.Start("cp", ["-a", folder, to]);
        copy.WaitForExit();
        copy.ExitCode.ShouldBe(0);
    }

    /// <summary>Puts a copy in its place.</summary>
    public static void Put(string copy, string folder)
    {
        Directory.Delete(folder, recursive: true);
        Make(copy, folder);
    }

    /// <summary>A database of it is lost.</summary>
    public static Action<string> Lose(string database) => folder =>
    {
        foreach (var ending in (string[])["", "-wal", "-shm"]) System.IO.File.Delete(Path.Combine(folder, database + ending));
    };

    /// <summary>A database of it is put in the place of the present one.</summary>
    public static void PutOne(string copy, string database, string folder)
    {
        Lose(database)(folder);
        foreach (var ending in (string[])["", "-wal"])
            if (System.IO.File.Exists(Path.Combine(copy, database + ending))) System.IO.File.Copy(Path.Combine(copy, database + ending), Path.Combine(folder, database + ending));
    }

    /// <summary>Changes one of its databases behind everybody's back.</summary>
    public static void Run(string folder, string database, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, database)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
