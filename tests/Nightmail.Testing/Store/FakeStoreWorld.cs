using Nightmail.Core.Storage;
using Nightmail.Store.File;

namespace Nightmail.Testing.Store;

/// <summary>A queue file on the <see cref="FakeDisk"/>; every store is a process of its own.</summary>
public sealed class FakeStoreWorld : StoreWorld
{
    /// <summary>The queue file.</summary>
    public const string Path = "/home/ada/.config/himalaya/scheduled_emails.json";

    private readonly Dictionary<IEmailStore, FakeDiskSession> sessions = [];

    /// <summary>A world whose power losses follow the seed.</summary>
    public FakeStoreWorld(int seed = 1) => Disk = new(new Random(seed)) { Time = Time };

    /// <summary>The disk.</summary>
    public FakeDisk Disk { get; }

    /// <inheritdoc/>
    public override IEmailStore Open() => OpenFile();

    /// <summary>A new process with its store.</summary>
    public FileEmailStore OpenFile(Func<QueueFileOptions, QueueFileOptions>? with = null)
    {
        var session = Disk.Start();
        var options = new QueueFileOptions { Path = Path };
        var store = FileEmailStore.Open(with is null ? options : with(options), session, Time);
        sessions.Add(store, session);
        return store;
    }

    /// <summary>The process of a store.</summary>
    public FakeDiskSession SessionOf(IEmailStore store) => sessions[store];

    /// <inheritdoc/>
    public override IBlobStore BlobsOf(IEmailStore store) => ((FileEmailStore)store).Blobs;

    /// <inheritdoc/>
    public override ValueTask KillAsync(IEmailStore store, IWorkerPresence presence)
    {
        sessions[store].Die();
        return default;
    }

    /// <inheritdoc/>
    public override object SaveRows() => Disk.Contents(Path)!;

    /// <inheritdoc/>
    public override void RestoreRows(object saved)
    {
        // As after the loss of a disk: what was noted of later states is gone too. With it, an old file would only be taken for an old buffer.
        Disk.Remove(Path.Replace(".json", ".revisions", StringComparison.Ordinal));
        Disk.Put(Path, (byte[])saved);
    }
}
