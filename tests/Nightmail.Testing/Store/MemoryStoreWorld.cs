using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;

namespace Nightmail.Testing.Store;

/// <summary>A queue in memory, as without persistence; its stores share one process.</summary>
public sealed class MemoryStoreWorld : StoreWorld
{
    private const string Path = "/queue/scheduled_emails.json";
    private readonly MemoryDisk disk;

    /// <summary>A world in which nothing is kept yet.</summary>
    public MemoryStoreWorld() => disk = new(Time);

    /// <inheritdoc/>
    public override IEmailStore Open() => FileEmailStore.Open(new() { Path = Path }, disk, Time);

    /// <inheritdoc/>
    public override IBlobStore BlobsOf(IEmailStore store) => ((FileEmailStore)store).Blobs;

    /// <inheritdoc/>
    public override ValueTask KillAsync(IEmailStore store, IWorkerPresence presence) => presence.DisposeAsync();

    /// <inheritdoc/>
    public override object SaveRows()
    {
        using var file = disk.OpenRead(Path)!;
        var bytes = new byte[file.Length];
        file.Read(bytes, 0);
        return bytes;
    }

    /// <inheritdoc/>
    public override void RestoreRows(object saved)
    {
        // As after the loss of a disk: what was noted of later states is gone too. With it, an old file would only be taken for an old buffer.
        var revisions = System.IO.Path.ChangeExtension(Path, ".revisions");
        foreach (var name in disk.List(revisions)) disk.Delete(System.IO.Path.Combine(revisions, name));
        using (var file = disk.CreateNew(Path + ".restored")) file.Write((byte[])saved);
        disk.Rename(Path + ".restored", Path);
    }
}
