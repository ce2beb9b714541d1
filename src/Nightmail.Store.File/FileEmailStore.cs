using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Backups;
using Nightmail.Store.File.CleanUp;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Exchange;
using Nightmail.Store.File.Guard;
using Nightmail.Store.File.Health;
using Nightmail.Store.File.Operations;
using Nightmail.Store.File.Salvage;
using Nightmail.Store.File.Transactions;
using Nightmail.Store.File.Workers;

namespace Nightmail.Store.File;

/// <summary>
/// Emails in one JSON file that any number of processes change at once. Every change is a transaction under the kernel's lock on what is
/// there now; reading needs no lock. Nothing is loaded before it is needed.
/// </summary>
public sealed class FileEmailStore : IEmailStore
{
    private readonly QueueFileOptions options;
    private readonly IDisk disk;
    private readonly QueuePaths paths;
    private readonly WorkerFolder workers;
    private readonly QueueState state;
    private readonly TransactionPipeline pipeline;
    private readonly ChangeSignal changes;
    private readonly RecoveryReportFile reports;
    private readonly string writer;
    private readonly AccountSignal accountChanges = new();

    private FileEmailStore(QueueFileOptions options, IDisk disk, TimeProvider time)
    {
        // Nobody who does not listen pays for being told.
        if (options.Observer is not SilentObserver) disk = new ObservedDisk(disk, options.Observer, time);
        (this.options, this.disk) = (options, disk);
        paths = new(disk, options.Path, options.BackupFolder);
        // Unlike any other writer's: no process has this number twice in one millisecond, and the counter tells apart those of one process.
        writer = $"{disk.ProcessId}-{time.GetUtcNow().ToUnixTimeMilliseconds():x}-{disk.NextNumber():x}";
        workers = new(disk, paths.Workers, time);
        changes = new(disk, paths);
        reports = new(disk, paths.Reports);
        state = new(disk, paths, workers, options, writer, time);
        pipeline = new(state, new(disk, paths, options, writer, time), changes.Raise, accountChanges.Raise, options, time);
        Blobs = new FileBlobStore(disk, paths.Blobs, writer);
        Backups = new(disk, paths, pipeline, options.Command);
        SendLog = new FileSendLog(disk, paths.Log);
    }

    /// <summary>A store on the queue that <paramref name="options"/> name. Touches nothing yet.</summary>
    public static FileEmailStore Open(QueueFileOptions options, IDisk disk, TimeProvider time) => new(options, disk, time);

    /// <summary>The attachments of this queue.</summary>
    public IBlobStore Blobs { get; }

    /// <summary>The record of this queue's attempts.</summary>
    public ISendLog SendLog { get; }

    /// <summary>The backups of this queue.</summary>
    public QueueBackups Backups { get; }

    /// <inheritdoc/>
    public TimeSpan SyncInterval => options.SyncInterval;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AddResult>> AddAsync(IReadOnlyList<ScheduledEmail> emails, CancellationToken cancellationToken) =>
        RunAsync(transaction => Adding.Apply(transaction, emails, options.KeyRetention), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<AddResult?> FindKeyAsync(IdempotencyKey key, CancellationToken cancellationToken) =>
        RunAsync(transaction => Adding.Earlier(transaction, key, options.KeyRetention), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ImportResult>> ImportAsync(IReadOnlyList<ImportedEmail> emails, CancellationToken cancellationToken) =>
        RunAsync(transaction => Importing.Apply(transaction, emails, options.KeyRetention), cancellationToken);

    /// <summary>Every email as it is at this moment, soonest first, each with the keys that other programs wrote beside those of the format; and what is no email.</summary>
    public async ValueTask<QueueExport> ExportAsync(CancellationToken cancellationToken)
    {
        // What somebody saved is merged and written first, so that places are those of the file that a person will open.
        await LookAsync(_ => true, cancellationToken);
        return await LookAsync(QueueExport.Of, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ScheduledEmail?> FindAsync(EmailId id, CancellationToken cancellationToken) => LookAsync(view => view.Find(id), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ScheduledEmail>> ListAsync(EmailFilter filter, CancellationToken cancellationToken) =>
        LookAsync<IReadOnlyList<ScheduledEmail>>(
            view =>
            {
                var rows = view.Rows(_ => true).Select(view.Settled).Where(filter.Matches).ToList();
                rows.Sort(ScheduledEmail.CompareDue);
                return rows;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DateTimeOffset?> NextDueAsync(AccountCapacities capacities, CancellationToken cancellationToken) =>
        LookAsync(view => Claiming.NextDue(view, capacities), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Claim>> ClaimDueAsync(WorkerId owner, AccountCapacities capacities, CancellationToken cancellationToken)
    {
        if (!await LookAsync(view => Claiming.HasWork(view, owner, capacities), cancellationToken)) return [];
        return await RunAsync(transaction => Claiming.Apply(transaction, owner, capacities), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ScheduledEmail>> ExpireAsync(CancellationToken cancellationToken)
    {
        if (!await LookAsync(Claiming.HasExpired, cancellationToken)) return [];
        return await RunAsync(Claiming.Expire, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<MovedEmail>> ResolveWishesAsync(TimeZoneRules rules, CancellationToken cancellationToken)
    {
        if (!await LookAsync(view => Wishing.HasWork(view, rules), cancellationToken)) return [];
        return await RunAsync(transaction => Wishing.Apply(transaction, rules), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<string?> BeginAsync(Claim claim, LedgerEntry entry, CancellationToken cancellationToken) =>
        RunAsync(transaction => AttemptSteps.Begin(transaction, claim, entry), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask AppendOutcomeAsync(LedgerEntry entry, CancellationToken cancellationToken) =>
        await RunAsync(transaction => AttemptSteps.AppendOutcome(transaction, entry), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> RecordAsync(Claim claim, AttemptResult result, CancellationToken cancellationToken) =>
        RunAsync(transaction => AttemptSteps.Record(transaction, claim, result), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChangeResult> ChangeAsync(EmailId id, EmailChange change, CancellationToken cancellationToken) =>
        RunAsync(transaction => Changing.Apply(transaction, id, change), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ScheduledEmail>> RescueAsync(DoubtPolicy policy, CancellationToken cancellationToken)
    {
        if (!await LookAsync(view => Changing.NeedsRescue(view, policy), cancellationToken)) return [];
        return await RunAsync(transaction => Changing.Rescue(transaction, policy), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AccountStanding>> AccountsAsync(IReadOnlyList<Account> accounts, CancellationToken cancellationToken) =>
        LookAsync(view => Claiming.Standings(view, accounts), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ResetAccountAsync(string account, CancellationToken cancellationToken) =>
        RunAsync(transaction => CircuitSteps.Reset(transaction, account), cancellationToken);

    /// <inheritdoc/>
    public IDisposable OnAccountChanged(Action<AccountChange> callback) => accountChanges.Subscribe(callback);

    /// <inheritdoc/>
    public async ValueTask SetSendingPausedAsync(bool paused, CancellationToken cancellationToken) =>
        await RunAsync(transaction =>
        {
            transaction.Pause(paused);
            return true;
        }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> CleanUpAsync(TimeSpan retention, CancellationToken cancellationToken) =>
        pipeline.MaintainAsync(queue => new CleanUpPass(disk, paths, options, queue).Run(retention), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreOverview> OverviewAsync(CancellationToken cancellationToken) => LookAsync(view =>
    {
        var counts = new Dictionary<EmailStatus, int>();
        foreach (var row in view.Rows(_ => true))
        {
            var status = view.Settled(row).Status;
            counts[status] = counts.GetValueOrDefault(status) + 1;
        }

        var pruned = view.Document.Statistics.Pruned;
        return new StoreOverview(counts, view.Document.Statistics.Scheduled, view.SendingPaused)
        {
            Pruned = new Dictionary<EmailStatus, long> { [EmailStatus.Sent] = pruned.Sent, [EmailStatus.Failed] = pruned.Failed, [EmailStatus.Cancelled] = pruned.Cancelled },
        };
    }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IWorkerPresence> EnterAsync(CancellationToken cancellationToken) => RunAsync(_ =>
    {
        workers.RemoveDead();
        foreach (var wide in Permissions.Wide(disk, paths)) Permissions.Tighten(disk, wide, options.Observer);
        if (Permissions.ForeignFolder(disk, paths) is { } warning) options.Observer.On(new StoreEvent.Warned(warning));
        return workers.Enter();
    }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<WorkerDescription>> WorkersAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(workers.Living());
    }

    /// <summary>What can be seen of the queue file and of what lies beside it; changes nothing, waits for nobody, throws nothing of the disk's.</summary>
    public QueueFileFacts Inspect() => new Inspection(disk, paths, reports, writer).Look(state.Inspect);

    /// <summary>What was found wrong with the queue file and has not been acknowledged yet, by whichever process found it; oldest first.</summary>
    public IReadOnlyList<RecoveryReport> RecoveryReports() => reports.Read();

    /// <summary>A person has read the reports: they are shown no more.</summary>
    /// <returns>How many there were.</returns>
    public ValueTask<int> AcknowledgeRecoveryAsync(CancellationToken cancellationToken) => RunAsync(_ => reports.Acknowledge(), cancellationToken);

    /// <inheritdoc/>
    public IDisposable OnChanged(Action callback) => changes.Subscribe(callback);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await pipeline.DisposeAsync();
        changes.Dispose();
    }

    private ValueTask<T> LookAsync<T>(Func<QueueView, T> look, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<T>(cancellationToken);
        try
        {
            return state.TryLook(look, out var answer) ? new(answer) : LookMendedAsync(look, cancellationToken);
        }
        catch (Exception failed)
        {
            return ValueTask.FromException<T>(failed);
        }
    }

    /// <summary>Somebody else wrote the file: what they want, and what they did not know, is brought together first.</summary>
    private async ValueTask<T> LookMendedAsync<T>(Func<QueueView, T> look, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync<T>(look, cancellationToken);
        }
        catch (StoreException cannot) when (cannot.Trouble is StoreTrouble.Busy or StoreTrouble.Unwritable)
        {
            // Looking must not need leave to write.
            return state.LookAtLastGood(look);
        }
    }

    private ValueTask<T> RunAsync<T>(Func<Transaction, T> apply, CancellationToken cancellationToken) => pipeline.RunAsync(apply, cancellationToken);
}
