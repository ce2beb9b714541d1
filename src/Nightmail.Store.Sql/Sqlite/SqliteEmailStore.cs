using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite.Campaigns;
using Nightmail.Store.Sql.Sqlite.Folder;
using Nightmail.Store.Sql.Sqlite.Operations;
using Nightmail.Store.Sql.Sqlite.Reading;
using Nightmail.Store.Sql.Sqlite.Rows;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite;

/// <summary>
/// Emails in a data folder that this process owns: <c>nightmail.db</c> with the emails, <c>ledger.db</c> with what may have left. One thread
/// writes both, many requests at a time; reading goes past it.
/// </summary>
public sealed class SqliteEmailStore : IEmailStore
{
    private readonly SqliteStoreOptions options;
    private readonly TimeProvider time;
    private readonly SqliteFiles files;
    private readonly ReaderPool readers;
    private readonly WorkerRegistry workers;
    private readonly BatchExecutor executor;
    private readonly Writer writer;
    private readonly WrittenRows rows;
    private readonly Subscribers<bool> subscribers = new();
    private readonly Subscribers<AccountChange> accountSubscribers = new();
    private volatile StoreOverview overview;
    private bool isClosed;

    private SqliteEmailStore(SqliteStoreOptions options, SqliteFiles files, WorkerRegistry workers, TimeProvider time)
    {
        (this.options, this.files, this.workers, this.time) = (options, files, workers, time);
        overview = files.State.Overview();
        readers = new(() => new(files.Folder.Emails, files.Folder.Ledger));
        executor = new(files.State, time, Committed, accountSubscribers.Tell, new(options.OwnThread));
        writer = new(executor, options.OwnThread);
        rows = new(readers, executor, writer);
        Campaigns = new CampaignEmails(writer, rows, files.State.Gates);
    }

    /// <summary>Takes the data folder, brings its databases to the present schema and its rows up to the ledger.</summary>
    /// <exception cref="StoreException">Busy: another process has it. Unreadable: it is damaged or a newer program's.</exception>
    public static SqliteEmailStore Open(SqliteStoreOptions options, TimeProvider time)
    {
        var workers = new WorkerRegistry();
        return new(options, SqliteFiles.Open(options, workers, time), workers, time);
    }

    /// <summary>The attachments of these emails.</summary>
    public IBlobStore Blobs => files.Blobs;

    /// <summary>The emails of campaigns.</summary>
    public ICampaignEmails Campaigns { get; }

    /// <summary>Nobody else writes here, so every change is heard of; this only bounds what a defect could cost.</summary>
    public TimeSpan SyncInterval => TimeSpan.FromMinutes(1);

    /// <summary>The folder.</summary>
    internal DataFolder DataFolder => files.Folder;

    /// <summary>For tests: what happens at each stage of a batch.</summary>
    internal Action<BatchStage>? AtStage
    {
        set => executor.AtStage = value;
    }

    /// <summary>For tests: rows that no index spared the statements, and steps of SQLite's machine, so far.</summary>
    internal (long ScannedRows, long Steps) Effort => files.State.Effort;

    /// <summary>For tests: how many lanes were looked at so far.</summary>
    internal long LaneLooks => files.State.Lanes.Looks;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AddResult>> AddAsync(IReadOnlyList<ScheduledEmail> emails, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Change, emails.Count, transaction => Adding.Apply(transaction, emails, options.KeyRetention), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<AddResult?> FindKeyAsync(IdempotencyKey key, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Step, 1, transaction => Adding.Earlier(transaction, key, options.KeyRetention), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ImportResult>> ImportAsync(IReadOnlyList<ImportedEmail> emails, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Change, emails.Count, transaction => Importing.Apply(transaction, emails, options.KeyRetention), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ScheduledEmail?> FindAsync(EmailId id, CancellationToken cancellationToken) => rows.ReadAsync(reader => reader.Find(id), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ScheduledEmail>> ListAsync(EmailFilter filter, CancellationToken cancellationToken) =>
        rows.ReadAsync<IReadOnlyList<ScheduledEmail>>(reader => reader.List(filter), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ScheduledEmail>> NamedAsync(string part, int most, CancellationToken cancellationToken) => rows.ReadAsync<IReadOnlyList<ScheduledEmail>>(reader => reader.Named(part, most), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<EmailPage> ListPageAsync(EmailFilter filter, EmailPlace? after, int most, CancellationToken cancellationToken) => rows.ReadAsync(reader => reader.Page(filter, after, most), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ScheduledEmail>> ExportPageAsync(EmailId? after, int most, CancellationToken cancellationToken) => rows.ReadAsync<IReadOnlyList<ScheduledEmail>>(reader => reader.Export(after, most), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DateTimeOffset?> NextDueAsync(AccountCapacities capacities, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Look, 1, transaction => Claiming.NextDue(transaction, capacities), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Claim>> ClaimDueAsync(WorkerId owner, AccountCapacities capacities, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Claim, 1, transaction => Claiming.Apply(transaction, owner, capacities), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ScheduledEmail>> ExpireAsync(CancellationToken cancellationToken) =>
        files.State.NextExpiry > time.GetUtcNow().UtcTicks ? new([]) : writer.RunAsync(RequestKind.Look, 1, Claiming.Expire, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<MovedEmail>> ResolveWishesAsync(TimeZoneRules rules, CancellationToken cancellationToken)
    {
        var moved = new List<MovedEmail>();
        for (var next = WishedEmail.First; next is not null;)
        {
            var from = next;
            (var some, next) = await writer.RunAsync(RequestKind.Sweep, 1, transaction => Wishing.Apply(transaction, rules, from), cancellationToken);
            moved.AddRange(some);
        }

        return moved;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AccountStanding>> AccountsAsync(IReadOnlyList<Account> accounts, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Claim, 1, transaction => Claiming.Standings(transaction, accounts), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ResetAccountAsync(string account, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Step, 1, transaction => CircuitSteps.Reset(transaction, account), cancellationToken);

    /// <inheritdoc/>
    public IDisposable OnAccountChanged(Action<AccountChange> callback) => accountSubscribers.Add(callback);

    /// <inheritdoc/>
    public ValueTask<string?> BeginAsync(Claim claim, LedgerEntry entry, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Begin, 1, transaction => Sending.Begin(transaction, claim, entry), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask AppendOutcomeAsync(LedgerEntry entry, CancellationToken cancellationToken) =>
        await writer.RunAsync(RequestKind.Step, 1, transaction => AttemptSteps.AppendOutcome(transaction, entry), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> RecordAsync(Claim claim, AttemptResult result, CancellationToken cancellationToken) =>
        writer.RunAsync(result.Outcome is null ? RequestKind.Change : RequestKind.Outcome, 1, transaction => AttemptSteps.Record(transaction, claim, result), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChangeResult> ChangeAsync(EmailId id, EmailChange change, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Change, 1, transaction => Changing.Apply(transaction, id, change), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ScheduledEmail>> RescueAsync(DoubtPolicy policy, CancellationToken cancellationToken) =>
        writer.RunAsync(RequestKind.Sweep, 1, transaction => Changing.Rescue(transaction, policy), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask SetSendingPausedAsync(bool paused, CancellationToken cancellationToken) =>
        await writer.RunAsync(RequestKind.Step, 1, transaction =>
        {
            transaction.Pause(paused);
            return true;
        }, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<int> CleanUpAsync(TimeSpan retention, CancellationToken cancellationToken)
    {
        var pruned = 0;
        for (var last = -1; last is not 0; pruned += last)
            last = await writer.RunAsync(RequestKind.Sweep, CleaningUp.AtOnce, transaction => CleaningUp.Apply(transaction, retention), cancellationToken);
        while (await writer.RunAsync(RequestKind.Sweep, CleaningUp.AtOnce, transaction => CleaningUp.ForgetKeys(transaction, options.KeyRetention), cancellationToken) > 0)
        {
        }

        foreach (var hash in files.Blobs.Before(time.GetUtcNow() - options.BlobRetention))
            await writer.RunAsync(RequestKind.Sweep, 1, transaction => Do(() => RemoveBlob(transaction, hash)), cancellationToken);
        return pruned;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreOverview> OverviewAsync(CancellationToken cancellationToken)
    {
        await rows.UpToNowAsync(cancellationToken);
        return overview;
    }

    /// <inheritdoc/>
    public async ValueTask<IWorkerPresence> EnterAsync(CancellationToken cancellationToken)
    {
        var number = await writer.RunAsync(RequestKind.Step, 1, transaction => transaction.NewWorker(), cancellationToken);
        return workers.Enter(number, time.GetUtcNow());
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<WorkerDescription>> WorkersAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(workers.Living());
    }

    /// <inheritdoc/>
    public IDisposable OnChanged(Action callback) => subscribers.Add(_ => callback());

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => CloseAsync(leaveAsItLies: false);

    /// <summary>For tests: ends as a process that is killed does. What waits fails; nothing more is written.</summary>
    internal ValueTask KillAsync() => CloseAsync(leaveAsItLies: true);

    /// <summary>For simulations: the same at once, between two steps.</summary>
    internal void Kill()
    {
        if (isClosed) return;
        isClosed = true;
        writer.Abandon();
        readers.Dispose();
        files.State.LeaveAsItLies();
        files.Dispose();
    }

    /// <summary>Works on the databases as a whole, on the thread that writes, between transactions.</summary>
    internal ValueTask<T> AloneAsync<T>(Func<StoreState, T> work) => writer.RunAsync(RequestKind.Alone, 1, _ => work(files.State), CancellationToken.None);

    /// <summary>For tests: a copy of the rows without the ledger, as a backup has it.</summary>
    internal ValueTask<bool> CopyRowsAsync(string path) => writer.RunAsync(RequestKind.Alone, 1, _ => Do(() => CopyRows(path)), CancellationToken.None);

    /// <summary>For tests: brings such a copy back while the store is open.</summary>
    internal ValueTask<bool> ReplaceRowsAsync(string path) => writer.RunAsync(RequestKind.Alone, 1, _ => Do(() => ReplaceRows(path)), CancellationToken.None);

    /// <summary>For simulations: the same at once, between two steps.</summary>
    internal void CopyRows(string path) => files.State.CopyRows(path);

    /// <summary>For simulations: the same at once, between two steps.</summary>
    internal void ReplaceRows(string path)
    {
        files.State.PutRows(path);
        files.State.Reset();
        Reconciling.Run(files.State, time.GetUtcNow());
        Committed(files.State.Overview(), isNews: true);
    }

    private static bool Do(Action work)
    {
        work();
        return true;
    }

    private void RemoveBlob(Transaction transaction, string hash)
    {
        // On the writing thread, so that no email that needs it is added meanwhile.
        if (!transaction.Table.NeedsBlob(hash)) files.Blobs.Remove(hash);
    }

    private async ValueTask CloseAsync(bool leaveAsItLies)
    {
        if (isClosed) return;
        isClosed = true;
        await writer.CloseAsync(leaveAsItLies);
        readers.Dispose();
        if (leaveAsItLies) files.State.LeaveAsItLies();
        files.Dispose();
    }

    private void Committed(StoreOverview now, bool isNews)
    {
        overview = now;
        if (isNews) subscribers.Tell([true]);
    }
}
