using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Disk;

/// <summary>A disk whose calls are told, the failed ones always, the others when somebody wants to know.</summary>
internal sealed class ObservedDisk(IDisk disk, IStoreObserver observer, TimeProvider time) : IDisk
{
    public int ProcessId => disk.ProcessId;

    public string HostName => disk.HostName;

    public long NextNumber() => disk.NextNumber();

    public string RealPath(string path) => disk.RealPath(path);

    public DiskStat? Stat(string path) => Told("look at", path, () => disk.Stat(path), quiet: true);

    public IDiskFile? OpenRead(string path) => Open("read", path, () => disk.OpenRead(path));

    public IDiskFile CreateNew(string path) => Open("create", path, () => disk.CreateNew(path))!;

    public IDiskFile CreateCopy(string from, string path) => Open("copy to", path, () => disk.CreateCopy(from, path))!;

    public IDiskFile OpenAppend(string path) => Open("append to", path, () => disk.OpenAppend(path))!;

    public void Rename(string from, string to) => Told("replace", to, () => disk.Rename(from, to));

    public bool TryExchange(string one, string other) => Told("replace", other, () => disk.TryExchange(one, other));

    public bool IsOpenForWriting(string path) => Told("look at", path, () => disk.IsOpenForWriting(path), quiet: true);

    public bool Delete(string path) => Told("remove", path, () => disk.Delete(path));

    public IReadOnlyList<string> List(string folder) => Told("list", folder, () => disk.List(folder), quiet: true);

    public bool CreateFolder(string path) => Told("make the folder", path, () => disk.CreateFolder(path));

    public void SetMode(string path, int mode) => Told("change the permissions of", path, () => disk.SetMode(path, mode));

    public VolumeFacts Volume(string path) => Told("look at", path, () => disk.Volume(path), quiet: true);

    public void SyncFolder(string folder) => Told("sync", folder, () => disk.SyncFolder(folder));

    // Locks are told by the queue's lock, which knows who waited for what.
    public IDiskLock? TryLock(string path) => Told("lock", path, () => disk.TryLock(path), quiet: true);

    public async ValueTask<IDiskLock?> LockAsync(string path, TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            return await disk.LockAsync(path, timeout, clock, cancellationToken);
        }
        catch (StoreException failed)
        {
            observer.On(new StoreEvent.Failed(failed.Message, failed.Call));
            throw;
        }
    }

    public bool IsLocked(string path) => Told("look at", path, () => disk.IsLocked(path), quiet: true);

    public IDisposable Watch(string path, Action changed) => disk.Watch(path, changed);

    private ObservedFile? Open(string operation, string path, Func<IDiskFile?> open) =>
        Told(operation, path, open) is { } file ? new ObservedFile(this, file, path) : null;

    private void Told(string operation, string path, Action call) => Told(operation, path, () =>
    {
        call();
        return true;
    });

    private T Told<T>(string operation, string path, Func<T> call, bool quiet = false)
    {
        var started = time.GetTimestamp();
        try
        {
            var result = call();
            if (!quiet && observer.WantsOperations) observer.On(new StoreEvent.FileOperation(operation, path, time.GetElapsedTime(started)));
            return result;
        }
        catch (StoreException failed)
        {
            observer.On(new StoreEvent.Failed(failed.Message, failed.Call));
            throw;
        }
    }

    private sealed class ObservedFile(ObservedDisk disk, IDiskFile file, string path) : IDiskFile
    {
        public long Length => disk.Told("look at", path, () => file.Length, quiet: true);

        public ulong Identity => disk.Told("look at", path, () => file.Identity, quiet: true);

        public int Read(Span<byte> destination, long offset)
        {
            try
            {
                return file.Read(destination, offset);
            }
            catch (StoreException failed)
            {
                disk.Fail(failed);
                throw;
            }
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            try
            {
                file.Write(bytes);
            }
            catch (StoreException failed)
            {
                disk.Fail(failed);
                throw;
            }
        }

        public void Sync() => disk.Told("sync", path, file.Sync);

        public void Dispose() => file.Dispose();
    }

    private void Fail(StoreException failed) => observer.On(new StoreEvent.Failed(failed.Message, failed.Call));
}
