using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Backups;

/// <summary>What a person does with the backups of one queue, while workers run or not.</summary>
public sealed class QueueBackups
{
    private readonly IDisk disk;
    private readonly QueuePaths paths;
    private readonly TransactionPipeline pipeline;
    private readonly BackupShelf shelf;
    private readonly Func<string, string> command;

    internal QueueBackups(IDisk disk, QueuePaths paths, TransactionPipeline pipeline, Func<string, string> command) =>
        (this.disk, this.paths, this.pipeline, this.command, shelf) = (disk, paths, pipeline, command, new(disk, paths));

    /// <summary>Where they lie.</summary>
    public string Folder => paths.Backups;

    /// <summary>All of them, the newest first, each checked against its checksum.</summary>
    public ValueTask<IReadOnlyList<BackupDescription>> ListAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<IReadOnlyList<BackupDescription>>(cancellationToken) : new([.. shelf.All().Select(Describe)]);

    /// <summary>Keeps a copy of the queue as it is now.</summary>
    /// <exception cref="StoreException">There is no queue file yet, or the copy could not be made.</exception>
    public ValueTask<BackupDescription> CreateAsync(CancellationToken cancellationToken) => pipeline.MaintainAsync(
        queue => queue.Backups.Create("asked for") is { } made ? Describe(made)
            : throw new StoreException(StoreTrouble.Unreadable, $"there is no queue file {paths.Queue} yet, so there is nothing to keep"), cancellationToken);

    /// <summary>Removes those that are more than are to be kept.</summary>
    /// <returns>The names that went.</returns>
    public ValueTask<IReadOnlyList<string>> PruneAsync(CancellationToken cancellationToken) => pipeline.MaintainAsync(queue => queue.Backups.Prune(), cancellationToken);

    /// <summary>
    /// Brings the queue of a backup back, reconciled with what has happened since (<see cref="Reconciliation"/>). The present state is backed
    /// up first; sending is paused afterwards until a person resumes it. Idempotency keys and what the accounts have used stay as they are.
    /// </summary>
    /// <exception cref="StoreException">There is no such backup or it is damaged; nothing was changed.</exception>
    public ValueTask<RestoreReport> RestoreAsync(string name, CancellationToken cancellationToken) => pipeline.MaintainAsync(queue => Restore(queue, name), cancellationToken);

    private RestoreReport Restore(Maintenance queue, string name)
    {
        var backup = shelf.All().FirstOrDefault(each => each.Name == name)
            ?? throw new StoreException(StoreTrouble.Unreadable, $"there is no backup {name} in {Folder}; see {command("backup list")}");
        var damage = shelf.Damage(backup, out var bytes);
        // One without a note may be a copy that a person put there: what is in it decides.
        if (damage is not null && backup.About is not null)
            throw new StoreException(StoreTrouble.Unreadable, $"the backup {name} is damaged: {damage}; nothing was changed: restore another one ({command("backup list")})");
        if (bytes.Length == 0) throw Unreadable(backup, backup.Size == 0 ? "it is empty" : damage);
        var older = Scan(backup, bytes);
        var broken = (backup.About?.Ledger ?? Ledger.LedgerMark.Unknown).WhyBroken(disk, paths.Ledger, queue.Document.MaxLedgerLast);
        queue.Backups.Create($"before restoring {name}");
        var (document, changed, statistics, report) = new Reconciliation(queue.Ledger.Of, queue.Now, broken).Merge(older, queue.Document);
        queue.Replace(document, new(changed, statistics, SendingPaused: true, queue.Now));
        return report;
    }

    private QueueDocument Scan(KeptBackup backup, byte[] bytes)
    {
        try
        {
            return QueueScanner.Scan(bytes, null, backup.Path);
        }
        catch (UnreadableQueueException broken)
        {
            throw Unreadable(backup, broken.Message);
        }
    }

    private StoreException Unreadable(KeptBackup backup, string? why) =>
        new(StoreTrouble.Unreadable, $"the backup {backup.Name} cannot be read: {why}; nothing was changed: restore another one ({command("backup list")})");

    private BackupDescription Describe(KeptBackup backup)
    {
        var damage = shelf.Damage(backup, out var bytes);
        var hash = backup.About?.Sha256 ?? Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        return new(backup.Name, backup.Size, backup.At, hash, damage, backup.About?.Reason ?? "");
    }
}

/// <summary>One backup, for people.</summary>
/// <param name="Name">Its file's name.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Sha256">What its bytes must be, or, where nobody noted that, what they are.</param>
/// <param name="Damage">What is wrong with it; null: nothing.</param>
/// <param name="Reason">Why it was made.</param>
public sealed record BackupDescription(string Name, long Size, DateTimeOffset CreatedAt, string Sha256, string? Damage, string Reason)
{
    /// <summary>How many emails it holds; null: nobody has counted.</summary>
    public long? Emails { get; init; }
}
