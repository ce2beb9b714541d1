namespace Nightmail.Store.File.Disk;

/// <summary>
/// The file system as the store uses it: the few calls whose order and durability the promises rest on. One instance is one process.
/// All of them throw <see cref="Core.Storage.StoreException"/> that names the path, the operation and the system's own words.
/// Nothing is durable before it was synced: a file's bytes by <see cref="IDiskFile.Sync"/>, its name by <see cref="SyncFolder"/>.
/// </summary>
public interface IDisk
{
    /// <summary>The process, for people and for names that nobody else uses.</summary>
    int ProcessId { get; }

    /// <summary>The machine, for people and for names that nobody else uses.</summary>
    string HostName { get; }

    /// <summary>A number that nobody else in this process gets.</summary>
    long NextNumber();

    /// <summary>The absolute path with every symbolic link followed; the last part need not exist.</summary>
    string RealPath(string path);

    /// <summary>What lies at the path, or null when nothing does.</summary>
    DiskStat? Stat(string path);

    /// <summary>Opens for reading; null when there is no such file.</summary>
    IDiskFile? OpenRead(string path);

    /// <summary>Makes a file that only its owner may read, for writing from the start; there must be none of that name.</summary>
    IDiskFile CreateNew(string path);

    /// <summary>Makes a new file, which only its owner may read, of another one's bytes. Where the file system can, both share them on the disk until one is written.</summary>
    /// <returns>The new file, not synced yet.</returns>
    IDiskFile CreateCopy(string from, string path);

    /// <summary>Opens, or makes, a file whose every write goes to its end at that moment, whoever else writes.</summary>
    IDiskFile OpenAppend(string path);

    /// <summary>Gives a file another name, in one step; what had that name is gone.</summary>
    void Rename(string from, string to);

    /// <summary>Lets two files change names, in one step: neither is gone.</summary>
    /// <returns>False when the file system cannot, or <paramref name="other"/> is not there; nothing was done then.</returns>
    bool TryExchange(string one, string other);

    /// <summary>True while anybody has the file open for writing. False too where the system cannot tell, or there is no such file.</summary>
    bool IsOpenForWriting(string path);

    /// <summary>Removes a file.</summary>
    /// <returns>False when there was none.</returns>
    bool Delete(string path);

    /// <summary>The names in a folder, without their path, in no order; none when there is no such folder.</summary>
    IReadOnlyList<string> List(string folder);

    /// <summary>Makes one folder that only its owner may enter.</summary>
    /// <returns>False when it was there.</returns>
    bool CreateFolder(string path);

    /// <summary>Sets who may do what with a file or folder, as the last nine bits of a mode.</summary>
    void SetMode(string path, int mode);

    /// <summary>The file system that a path which exists lies on.</summary>
    VolumeFacts Volume(string path);

    /// <summary>Makes durable which names the folder holds.</summary>
    void SyncFolder(string folder);

    /// <summary>Takes the kernel's lock on a file, which is made when it is missing; dies with the process.</summary>
    /// <returns>Null when somebody else, in this process or another, holds it.</returns>
    IDiskLock? TryLock(string path);

    /// <summary>Takes the kernel's lock on a file and waits for it, fairly among those who wait.</summary>
    /// <returns>Null when <paramref name="timeout"/> passed; then it is not held.</returns>
    ValueTask<IDiskLock?> LockAsync(string path, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken);

    /// <summary>True when the file exists and somebody, in this process or another, holds its lock.</summary>
    bool IsLocked(string path);

    /// <summary>Calls back, on no particular thread, soon after anybody replaced or changed the file. May miss a change, may call too often.</summary>
    IDisposable Watch(string path, Action changed);
}

/// <summary>An open file.</summary>
public interface IDiskFile : IDisposable
{
    /// <summary>Its size now, in bytes.</summary>
    long Length { get; }

    /// <inheritdoc cref="DiskStat.Identity"/>
    ulong Identity { get; }

    /// <summary>Reads from <paramref name="offset"/>.</summary>
    /// <returns>How much was read; 0 at the end.</returns>
    int Read(Span<byte> destination, long offset);

    /// <summary>Writes all of it behind what was written before. After an exception any part of it may be there.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Returns when every byte is on stable storage.</summary>
    void Sync();
}

/// <summary>A held lock; disposing it releases it.</summary>
public interface IDiskLock : IDisposable
{
    /// <summary>What the lock file says, for people; empty when nobody has written a note.</summary>
    byte[] ReadNote();

    /// <summary>Replaces what the lock file says. Not durable, never needed for anybody's safety.</summary>
    void WriteNote(ReadOnlySpan<byte> note);
}

/// <summary>What is known of a path.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="IsFolder">True for a folder.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct DiskStat(long Length, bool IsFolder)
{
    /// <summary>Who may do what with it: the last nine bits of its mode.</summary>
    public int Mode { get; init; }

    /// <summary>True when it is this user's.</summary>
    public bool IsOwn { get; init; }

    /// <summary>True for neither a file nor a folder: a pipe, a device, a socket.</summary>
    public bool IsSpecial { get; init; }

    /// <summary>When its bytes last changed, by the file system's clock.</summary>
    public DateTimeOffset Modified { get; init; }

    /// <summary>Tells it apart from whatever had its name before or will have it.</summary>
    public ulong Identity { get; init; }
}

/// <summary>What is known of a file system.</summary>
/// <param name="FreeBytes">What this user can still write.</param>
/// <param name="TotalBytes">How large it is; 0: unknown.</param>
/// <param name="NetworkName">What it is called when it lies on another machine, where a kernel's lock may mean nothing; null: it is a local one.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct VolumeFacts(long FreeBytes, long TotalBytes, string? NetworkName);
