using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Simulation;

namespace Nightmail.Testing.Store;

/// <summary>The queue file as a simulation's store, on a disk that forgets what was not synced.</summary>
public sealed class FileSimulatedHouse(ManualTime time, Random random) : ISimulatedHouse
{
    /// <summary>One call in so many fails while there is trouble.</summary>
    private const int TroubleOdds = 6;

    private const string Path = "/queue/scheduled_emails.json";
    private const string LockPath = "/queue/scheduled_emails.lock";
    private readonly FakeDisk disk = new(random);
    private readonly Dictionary<string, FakeDiskSession> processes = [];
    private byte[]? copy;

    /// <inheritdoc/>
    public IEmailStore Open(string process)
    {
        var session = disk.Start();
        processes[process] = session;
        return FileEmailStore.Open(new() { Path = Path }, session, time);
    }

    /// <inheritdoc/>
    public void Kill(string process) => processes[process].Die();

    /// <inheritdoc/>
    public void PowerLoss() => disk.PowerLoss();

    /// <inheritdoc/>
    public void SetDiskTrouble(bool trouble) => disk.Trouble = trouble ? Fails : null;

    /// <inheritdoc/>
    public void TakeCopy() => copy = disk.Contents(Path);

    /// <inheritdoc/>
    public bool TryBringBackCopy()
    {
        if (copy is null || disk.IsLocked(LockPath)) return false;
        disk.Put(Path, copy);
        return true;
    }

    private int? Fails(DiskCall call)
    {
        if (random.Next(TroubleOdds) != 0) return null;
        return call.Kind switch
        {
            DiskCallKind.Write or DiskCallKind.CreateNew => DiskFailure.NoSpace,
            DiskCallKind.Sync or DiskCallKind.SyncFolder or DiskCallKind.Rename or DiskCallKind.Read => DiskFailure.InputOutput,
            _ => null,
        };
    }
}
