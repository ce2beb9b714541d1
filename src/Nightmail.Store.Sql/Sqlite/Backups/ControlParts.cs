using System.Security.Cryptography;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Connections;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>
/// The control plane's database inside a backup of the emails: its bytes, cut in pieces. So a backup is one file, and each of the two
/// databases keeps its own schema and migrations.
/// </summary>
internal static class ControlParts
{
    /// <summary>Bytes in one piece: far from what SQLite takes in one value, and few of them.</summary>
    private const int PieceBytes = 1 << 20;

    private const string Tables = """
        CREATE TABLE backup (one INTEGER PRIMARY KEY CHECK (one = 1), made_at INTEGER NOT NULL, reason TEXT NOT NULL, control_schema INTEGER NOT NULL, control_size INTEGER NOT NULL, control_sha256 TEXT NOT NULL);
        CREATE TABLE backup_part (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
        """;

    /// <summary>Puts the file into the backup, with what the backup says of itself.</summary>
    public static void Put(Database backup, string controlPath, long controlSchema, string reason, DateTimeOffset madeAt)
    {
        using var file = File.OpenRead(controlPath);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        backup.Begin(durable: false);
        backup.Execute(Tables);
        using var insert = backup.Prepare("INSERT INTO backup_part (number, bytes) VALUES (?, ?)");
        var buffer = new byte[PieceBytes];
        for (long number = 1; file.ReadAtLeast(buffer, PieceBytes, throwOnEndOfStream: false) is > 0 and var read; number++)
        {
            hash.AppendData(buffer.AsSpan(0, read));
            insert.Start().With(number).With(buffer.AsSpan(0, read), isText: false).Run();
        }

        using var about = backup.Prepare("INSERT INTO backup (one, made_at, reason, control_schema, control_size, control_sha256) VALUES (1, ?, ?, ?, ?, ?)");
        about.Start().With((DateTimeOffset?)madeAt).With(reason).With(controlSchema).With(file.Length).With(Convert.ToHexStringLower(hash.GetHashAndReset())).Run();
        backup.Commit();
    }

    /// <summary>Why the pieces are not what was put in; null when they are. Writes them to a file where one is named.</summary>
    public static string? Take(Database backup, string? path, long knownSchema)
    {
        using var about = backup.Prepare("SELECT control_schema, control_size, control_sha256 FROM backup");
        if (!about.Start().Step()) return "it does not say what it is";
        var (schema, size, noted) = (about.Long(), about.Long(), about.Text());
        about.Start();
        if (schema > knownSchema) return $"it was written by a newer nightmail (control schema {schema}, this one knows {knownSchema}): update nightmail";
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = path is null ? null : ServerBackupShelf.Create(path);
        using var pieces = backup.Prepare("SELECT bytes FROM backup_part ORDER BY number");
        var length = 0L;
        for (pieces.Start(); pieces.Step();)
        {
            var bytes = pieces.Bytes();
            length += bytes.Length;
            hash.AppendData(bytes);
            file?.Write(bytes);
        }

        return length == size && Convert.ToHexStringLower(hash.GetHashAndReset()) == noted ? null : "its control plane (accounts, templates, campaigns) is damaged";
    }

    /// <summary>What the backup says of itself; null: nothing.</summary>
    public static BackupAbout? AboutOf(Database backup)
    {
        using var about = backup.Prepare("SELECT reason, (SELECT coalesce(sum(rows), 0) FROM tally), made_at FROM backup");
        return about.Start().Step() ? new(about.Text() ?? "", about.Long(), about.Instant()) : null;
    }

    /// <summary>Takes the pieces out of a copy that is to become the database again.</summary>
    public static void Drop(Database copy) => copy.Execute("DROP TABLE backup; DROP TABLE backup_part;");

    /// <summary>A backup always has them.</summary>
    public static bool Has(Database backup)
    {
        using var look = backup.Prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('backup', 'backup_part')");
        return look.Start().Scalar() == 2;
    }
}
