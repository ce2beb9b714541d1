using Nightmail.Core.Storage;

namespace Nightmail.Store.Sql.Sqlite.Backups;

/// <summary>The backups of a data folder, in a folder in it. Making, removing and bringing back wait for one another.</summary>
public sealed class SqliteBackups : IBackups, IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly ServerBackupShelf shelf;
    private readonly SnapshotMaker maker;
    private readonly Restorer restorer;
    private readonly TimeProvider time;

    /// <summary>What restores made of what they replaced: so many stay, apart from the others.</summary>
    private const int MostBefore = 3;

    /// <summary>Reads the backups one question at a time: whoever asks again must not make the disk read twice.</summary>
    private readonly Lock listing = new();

    /// <summary>The backups of a store and the control plane beside it.</summary>
    /// <param name="store">The emails.</param>
    /// <param name="plane">The control plane in the same folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">The dice, for names.</param>
    public SqliteBackups(SqliteEmailStore store, ControlPlane plane, TimeProvider time, Random random)
    {
        shelf = new(Path.Combine(store.DataFolder.Path, "backups"));
        maker = new(store.DataFolder.Emails, store, plane.Database, shelf, time, random);
        this.time = time;
        restorer = new(store.DataFolder, store, plane.Database, time);
    }

    /// <inheritdoc/>
    public string Folder => shelf.Folder;

    /// <summary>For tests: what happens at each stage of a restore.</summary>
    internal Action<RestoreStage>? AtStage
    {
        set => restorer.AtStage = value;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Backup>> ListAsync(CancellationToken cancellationToken) => new(Task.Run(List, cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<Backup> CreateAsync(string reason, Guid? id, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            var digits = id is { } given ? ServerBackupName.DigitsOf(given) : null;
            if (digits is not null && shelf.Names().FirstOrDefault(each => ServerBackupName.DigitsOf(each.Name) == digits).Name is { } made) return shelf.Find(made)!;
            return shelf.Find(await maker.MakeAsync(reason, digits, cancellationToken))!;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Backup?> VerifyAsync(string fileName, CancellationToken cancellationToken)
    {
        if (!shelf.Has(fileName)) return null;
        return await Task.Run(() => Inspected(fileName), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<Stream?> OpenAsync(string fileName, CancellationToken cancellationToken) =>
        new(shelf.Has(fileName) ? new FileStream(shelf.PathOf(fileName), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous) : null);

    /// <inheritdoc/>
    public async ValueTask<bool> RemoveAsync(string fileName, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            if (!shelf.Has(fileName)) return false;
            shelf.Remove(fileName);
            return true;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> PruneAsync(int keep, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => Prune(keep), cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<RestoreResult> RestoreAsync(string fileName, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            if (!shelf.Has(fileName)) return new RestoreResult.NotFound();
            var inspected = await Task.Run(() => Inspected(fileName), cancellationToken);
            if (inspected is not { Damage: null }) return new RestoreResult.Damaged(inspected?.Damage ?? "it is gone");
            var before = await maker.MakeAsync(BackupReason.BeforeRestore(fileName), digits: null, cancellationToken);
            return new RestoreResult.Restored(await restorer.RestoreAsync(shelf.PathOf(fileName), cancellationToken), before);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => turn.Dispose();

    private IReadOnlyList<Backup> List()
    {
        // Of one second's, what was made last comes first: it is what somebody has just asked for.
        lock (listing) return [.. shelf.Names().Select(each => shelf.Find(each.Name)).OfType<Backup>().OrderByDescending(backup => backup.CreatedAt).ThenByDescending(backup => backup.About?.MadeAt)];
    }

    private Backup? Inspected(string fileName) =>
        shelf.Find(fileName, anew: true) is { } found ? found.Damage is null ? found with { Damage = BackupInspection.Damage(shelf.PathOf(fileName)) } : found : null;

    private IReadOnlyList<string> Prune(int keep)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        var now = time.GetUtcNow();
        var all = List().Where(backup => backup.CreatedAt <= now).ToList();
        var (before, own) = (all.Where(backup => BackupReason.IsBeforeRestore(backup.About?.Reason)), all.Where(backup => !BackupReason.IsBeforeRestore(backup.About?.Reason)));
        var gone = own.Skip(keep).ToList();
        // Where none of those that stay is any good, or holds anything, the newest of the others that does stays too.
        foreach (var isWorth in (Predicate<Backup>[])[backup => backup.Damage is null, backup => backup.About?.Emails > 0])
        {
            if (!own.Take(keep).Any(backup => isWorth(backup)) && gone.Find(isWorth) is { } last) gone.Remove(last);
        }

        gone.AddRange(before.Skip(MostBefore));
        foreach (var backup in gone) shelf.Remove(backup.FileName);
        return [.. gone.Select(backup => backup.FileName)];
    }
}
