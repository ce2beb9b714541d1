using Nightmail.Core.Storage;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;

namespace Nightmail.Testing.Store;

/// <summary>A queue file in a temporary folder of the real disk.</summary>
/// <param name="sharesWrites">Whether changes that come together share a write.</param>
public sealed class FileStoreWorld(bool sharesWrites = true) : StoreWorld
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("nightmail-store-");
    private readonly List<FileEmailStore> stores = [];

    /// <summary>The queue file.</summary>
    public string Path => System.IO.Path.Combine(folder.FullName, "scheduled_emails.json");

    /// <inheritdoc/>
    public override IEmailStore Open() => OpenFile(new() { Path = Path, SharesWrites = sharesWrites });

    /// <summary>A new process with these options.</summary>
    public FileEmailStore OpenFile(QueueFileOptions options)
    {
        var store = FileEmailStore.Open(options, RealDisk.Instance, Time);
        stores.Add(store);
        return store;
    }

    /// <inheritdoc/>
    public override IBlobStore BlobsOf(IEmailStore store) => ((FileEmailStore)store).Blobs;

    /// <inheritdoc/>
    public override ValueTask KillAsync(IEmailStore store, IWorkerPresence presence) => presence.DisposeAsync();

    /// <inheritdoc/>
    public override object SaveRows() => File.ReadAllBytes(Path);

    /// <inheritdoc/>
    public override void RestoreRows(object saved)
    {
        // As after the loss of a disk: what was noted of later states is gone too. With it, an old file would only be taken for an old buffer.
        if (Directory.Exists(System.IO.Path.ChangeExtension(Path, ".revisions"))) Directory.Delete(System.IO.Path.ChangeExtension(Path, ".revisions"), recursive: true);
        File.WriteAllBytes(Path + ".restored", (byte[])saved);
        File.Move(Path + ".restored", Path, overwrite: true);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        foreach (var store in stores) await store.DisposeAsync();
        folder.Delete(recursive: true);
        await base.DisposeAsync();
    }
}
