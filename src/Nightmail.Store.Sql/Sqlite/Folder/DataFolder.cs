using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Sqlite.Folder;

/// <summary>
/// A folder that one process owns for as long as it lives: the kernel's lock on a file in it goes with the process, however that ends. The
/// lock file names its holder for people, and nobody deletes it.
/// </summary>
internal sealed class DataFolder : IDisposable
{
    private const int LongestNote = 512;
    private readonly SafeFileHandle held;

    private DataFolder(string path, SafeFileHandle held) => (Path, this.held) = (path, held);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The database of the emails.</summary>
    public string Emails => System.IO.Path.Combine(Path, "nightmail.db");

    /// <summary>The database of the ledger.</summary>
    public string Ledger => System.IO.Path.Combine(Path, "ledger.db");

    /// <summary>The database of the control plane.</summary>
    public string Control => System.IO.Path.Combine(Path, "control.db");

    /// <summary>Attachments and complete messages.</summary>
    public string Blobs => System.IO.Path.Combine(Path, "blobs");

    /// <summary>Makes the folder where it is missing, readable for nobody else, and takes it.</summary>
    /// <exception cref="StoreException">Busy: another process has it; the message names it.</exception>
    public static DataFolder Take(string path, TimeProvider time)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreTrouble.Unwritable, $"{path} cannot be made: {failed.Message}", failed);
        }

        var file = System.IO.Path.Combine(path, "lock");
        var handle = Posix.Open(file, Posix.ReadWrite | Posix.Create) ?? throw new StoreException(StoreTrouble.Unwritable, $"{file} cannot be opened: {Posix.Words()}");
        if (!Posix.TryLock(handle))
        {
            var busy = Posix.LastError == Posix.TryAgain;
            var words = busy ? $"{path} is used by {Holder(handle)}; one process owns a data folder: stop that one, or name another folder" : $"{file} cannot be locked: {Posix.Words()}";
            handle.Dispose();
            throw new StoreException(busy ? StoreTrouble.Busy : StoreTrouble.Unwritable, words);
        }

        var note = Encoding.UTF8.GetBytes($"process {Environment.ProcessId} on {Environment.MachineName} since {time.GetUtcNow().UtcDateTime:yyyy-MM-dd HH:mm:ss}Z\n");
        try
        {
            RandomAccess.Write(handle, note, 0);
            RandomAccess.SetLength(handle, note.Length);
        }
        catch (IOException)
        {
            // The note is for people; a full disk is told by what cannot do without it.
        }

        var taken = new DataFolder(path, handle);
        if (!OperatingSystem.IsWindows()) taken.KeepToOneself();
        return taken;
    }

    /// <summary>Makes durable which files there are.</summary>
    public static void SyncFolder(string path)
    {
        using var folder = Posix.Open(path, Posix.ReadOnly);
        if (folder is null || !Posix.Sync(folder)) throw new StoreException(StoreTrouble.Unwritable, $"{path} cannot be flushed to disk: {Posix.Words()}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (held.IsClosed) return;
        Posix.Unlock(held);
        held.Dispose();
    }

    /// <summary>
    /// Makes the databases readable for nobody else, whatever the folder lets in. SQLite gives what it puts beside a database the same
    /// permissions, so they are made here first, empty.
    /// </summary>
    [UnsupportedOSPlatform("windows")]
    private void KeepToOneself()
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        foreach (var database in (string[])[Emails, Ledger, Control])
        {
            Posix.Open(database, Posix.ReadWrite | Posix.Create)?.Dispose();
            foreach (var file in (string[])[database, database + "-wal", database + "-shm"])
            {
                try
                {
                    if (File.Exists(file) && (File.GetUnixFileMode(file) & ~owner) != UnixFileMode.None) File.SetUnixFileMode(file, owner);
                }
                catch (UnauthorizedAccessException)
                {
                    // Somebody else's file: opening it says so, or it may be used as it is.
                }
            }
        }
    }

    private static string Holder(SafeFileHandle handle)
    {
        var note = new byte[LongestNote];
        var words = Encoding.UTF8.GetString(note, 0, RandomAccess.Read(handle, note, 0)).Trim();
        return words.Length == 0 ? "another process" : words;
    }
}
