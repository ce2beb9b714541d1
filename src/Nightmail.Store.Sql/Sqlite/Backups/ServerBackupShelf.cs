using System.Collections.Concurrent;
using System.Security.Cryptography;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Folder;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>The folder of a server's backups. Only plain files whose names have the form count; links lead elsewhere and are not looked at.</summary>
internal sealed class ServerBackupShelf(string folder)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int HashDigits = 64;

    /// <summary>A note comes before its backup; one that is older than this and alone was left by a process that died between the two.</summary>
    private static readonly TimeSpan LonelyAge = TimeSpan.FromMinutes(1);

    /// <summary>What was read of files that have not changed since: a list must not read gigabytes each time.</summary>
    private readonly ConcurrentDictionary<string, Seen> seen = new(StringComparer.Ordinal);

    /// <summary>The folder.</summary>
    public string Folder => folder;

    /// <summary>Makes the folder where it is missing, for nobody else, and removes what a process that died had begun.</summary>
    public void Prepare(DateTimeOffset now)
    {
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
            foreach (var leftover in Directory.EnumerateFiles(folder, $".*{ServerBackupName.PartEnding}*")) File.Delete(leftover);
            foreach (var note in new DirectoryInfo(folder).EnumerateFiles($"*{ServerBackupName.ChecksumEnding}"))
            {
                var name = note.Name[..^ServerBackupName.ChecksumEnding.Length];
                if (ServerBackupName.TimeOf(name) is not null && !Path.Exists(PathOf(name)) && IsPlain(note) && now.UtcDateTime - note.LastWriteTimeUtc > LonelyAge) note.Delete();
            }
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreTrouble.Unwritable, $"the folder of the backups, {folder}, cannot be used: {failed.Message}; nothing was changed", failed);
        }
    }

    /// <summary>Every backup, the newest first; their bytes are not looked at.</summary>
    public IReadOnlyList<(string Name, DateTimeOffset At)> Names()
    {
        try
        {
            return !Directory.Exists(folder) ? [] :
            [
                .. new DirectoryInfo(folder).EnumerateFiles().Where(IsPlain).Select(file => (file.Name, At: ServerBackupName.TimeOf(file.Name))).Where(each => each.At is not null)
                    .Select(each => (each.Name, each.At!.Value)).OrderByDescending(each => each.Value).ThenByDescending(each => each.Name, StringComparer.Ordinal),
            ];
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreTrouble.Unreadable, $"the folder of the backups, {folder}, cannot be read: {failed.Message}", failed);
        }
    }

    /// <summary>True when there is a backup of exactly that name.</summary>
    public bool Has(string name) => ServerBackupName.TimeOf(name) is not null && IsPlain(new(PathOf(name)));

    /// <summary>True when anything lies where a backup of that name, or its note, would.</summary>
    public bool IsTaken(string name) => Path.Exists(PathOf(name)) || Path.Exists(PathOf(name) + ServerBackupName.ChecksumEnding);

    /// <summary>Where a backup lies.</summary>
    public string PathOf(string name) => Path.Combine(folder, name);

    /// <summary>The backup, compared with its checksum; null when it went meanwhile.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="anew">Reads its bytes though nothing says that they have changed: a disk that forgets does not say so.</param>
    public Backup? Find(string name, bool anew = false)
    {
        if (anew) seen.TryRemove(name, out _);
        var file = new FileInfo(PathOf(name));
        if (ServerBackupName.TimeOf(name) is not { } at || !IsPlain(file)) return null;
        string? noted = null;
        try
        {
            noted = Noted(name);
            var damage = Damage(file, noted);
            return new(name, file.Length, at, noted, damage, damage is null ? seen.GetValueOrDefault(name)?.About : null);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            return new(name, 0, at, noted, $"it cannot be read: {failed.Message}", About: null);
        }
    }

    /// <summary>Notes what the bytes of a backup must be. The note comes before the backup: one without it would be a stranger.</summary>
    public void Note(string name, string sha256)
    {
        var part = Path.Combine(folder, $".{name}{ServerBackupName.ChecksumEnding}{ServerBackupName.PartEnding}");
        using (var file = Create(part))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes($"{sha256}  {name}\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(part, PathOf(name) + ServerBackupName.ChecksumEnding);
    }

    /// <summary>Removes a backup and its note.</summary>
    public void Remove(string name)
    {
        try
        {
            File.Delete(PathOf(name));
            File.Delete(PathOf(name) + ServerBackupName.ChecksumEnding);
            seen.TryRemove(name, out _);
            DataFolder.SyncFolder(folder);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreTrouble.Unwritable, $"{PathOf(name)} cannot be removed: {failed.Message}", failed);
        }
    }

    /// <summary>Makes an empty file that nobody else can read.</summary>
    public static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, Share = FileShare.Read | FileShare.Delete };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        return new(path, options);
    }

    /// <summary>The checksum of a file's bytes.</summary>
    public static string Sha256Of(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static bool IsPlain(FileInfo file) => file is { Exists: true, LinkTarget: null } && !file.Attributes.HasFlag(FileAttributes.Directory) && !file.Attributes.HasFlag(FileAttributes.Device);

    private string? Damage(FileInfo file, string? noted)
    {
        if (file.Length == 0) return "it is empty";
        if (noted is null) return $"its checksum is not beside it: if you trust the file, write it with: sha256sum {file.Name} > {file.Name}{ServerBackupName.ChecksumEnding}";
        var known = seen.GetValueOrDefault(file.Name);
        if (known is null || known.Size != file.Length || known.Written != file.LastWriteTimeUtc)
            seen[file.Name] = known = new(file.Length, file.LastWriteTimeUtc, Sha256Of(file.FullName), BackupInspection.About(file.FullName));
        return known.Sha256 == noted ? null : "its bytes are not those that were kept: they do not have its checksum";
    }

    private string? Noted(string name)
    {
        var note = new FileInfo(PathOf(name) + ServerBackupName.ChecksumEnding);
        if (!IsPlain(note) || note.Length > 1000) return null;
        var word = File.ReadAllText(note.FullName).Split(' ', 2)[0].Trim();
        return word.Length == HashDigits && word.All(char.IsAsciiHexDigitLower) ? word : null;
    }

    private sealed record Seen(long Size, DateTime Written, string Sha256, BackupAbout? About);
}
