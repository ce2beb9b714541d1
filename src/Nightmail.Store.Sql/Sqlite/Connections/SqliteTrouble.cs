using Microsoft.Data.Sqlite;
using Nightmail.Core.Storage;
using SQLitePCL;

namespace Nightmail.Store.Sql.Sqlite.Connections;

/// <summary>Sorts what SQLite says into the troubles a store can have.</summary>
internal static class SqliteTrouble
{
    private const int PrimaryCode = 0xff;

    /// <summary>The exception for a result code that is no success.</summary>
    /// <param name="code">SQLite's result code.</param>
    /// <param name="words">SQLite's words.</param>
    /// <param name="path">The database.</param>
    public static Exception Of(int code, string words, string path) => (code & PrimaryCode) switch
    {
        raw.SQLITE_FULL => New(StoreTrouble.Unwritable, code, words, path, "the disk is full, so nothing was changed: make room and try again"),
        raw.SQLITE_IOERR => New(StoreTrouble.Unwritable, code, words, path, "nothing was changed: look after the disk"),
        raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => New(StoreTrouble.Unwritable, code, words, path, "it cannot be written to: check its permissions and those of its folder"),
        raw.SQLITE_CANTOPEN => New(StoreTrouble.Unreadable, code, words, path, "it cannot be opened: check that its folder is there and may be written to"),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => New(StoreTrouble.Unreadable, code, words, path, DamageAdvice(path)),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => New(StoreTrouble.Busy, code, words, path, "another program has it open: close that and try again"),
        _ => new InvalidOperationException($"{path}: SQLite error {code}: {words}"),
    };

    /// <summary>The same for what the ADO.NET driver throws.</summary>
    public static Exception Of(SqliteException failed, string path) => Of(failed.SqliteExtendedErrorCode, failed.Message, path);

    /// <summary>What to do about a damaged database. Each is another case, and none must be thrown away.</summary>
    public static string DamageAdvice(string path) => "it is damaged or no database" + System.IO.Path.GetFileName(path) switch
    {
        "ledger.db" => ". It is the record of what has left: keep it. Move it aside with what lies beside it and start: what waits is then held until somebody has looked (nightmail list --status paused)",
        "nightmail.db" or "control.db" => ". Keep it: move it aside with what lies beside it, start with --no-workers, look for a good backup (nightmail backup list) and bring it back (nightmail backup restore NAME)",
        _ => "",
    };

    private static StoreException New(StoreTrouble trouble, int code, string words, string path, string advice) =>
        new(trouble, $"{path}: {words} (SQLite error {code}); {advice}");
}
