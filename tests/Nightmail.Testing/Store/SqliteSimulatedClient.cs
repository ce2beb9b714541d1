using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Store.Sql.Sqlite;

namespace Nightmail.Testing.Store;

/// <summary>
/// Somebody who uses a simulated server. Who has entered as a worker lives in it and dies with it; others call it, hear nothing of a call
/// during which it died, and reach the next one.
/// </summary>
internal sealed class SqliteSimulatedClient(SqliteSimulatedHouse house) : IEmailStore
{
    private SqliteEmailStore? home;

    public TimeSpan SyncInterval => TimeSpan.FromSeconds(30);

    public ValueTask<IReadOnlyList<AddResult>> AddAsync(IReadOnlyList<ScheduledEmail> emails, CancellationToken cancellationToken) => CallAsync(store => store.AddAsync(emails, cancellationToken));

    public ValueTask<IReadOnlyList<ImportResult>> ImportAsync(IReadOnlyList<ImportedEmail> emails, CancellationToken cancellationToken) => CallAsync(store => store.ImportAsync(emails, cancellationToken));

    public ValueTask<ScheduledEmail?> FindAsync(EmailId id, CancellationToken cancellationToken) => CallAsync(store => store.FindAsync(id, cancellationToken));

    public ValueTask<IReadOnlyList<ScheduledEmail>> ListAsync(EmailFilter filter, CancellationToken cancellationToken) => CallAsync(store => store.ListAsync(filter, cancellationToken));

    public ValueTask<DateTimeOffset?> NextDueAsync(AccountCapacities capacities, CancellationToken cancellationToken) => CallAsync(store => store.NextDueAsync(capacities, cancellationToken));

    public ValueTask<IReadOnlyList<Claim>> ClaimDueAsync(WorkerId owner, AccountCapacities capacities, CancellationToken cancellationToken) =>
        CallAsync(store => store.ClaimDueAsync(owner, capacities, cancellationToken));

    public ValueTask<string?> BeginAsync(Claim claim, LedgerEntry entry, CancellationToken cancellationToken) => CallAsync(store => store.BeginAsync(claim, entry, cancellationToken));

    public async ValueTask AppendOutcomeAsync(LedgerEntry entry, CancellationToken cancellationToken) => await CallAsync(async store =>
    {
        await store.AppendOutcomeAsync(entry, cancellationToken);
        return true;
    });

    public ValueTask<bool> RecordAsync(Claim claim, AttemptResult result, CancellationToken cancellationToken) => CallAsync(store => store.RecordAsync(claim, result, cancellationToken));

    public ValueTask<ChangeResult> ChangeAsync(EmailId id, EmailChange change, CancellationToken cancellationToken) => CallAsync(store => store.ChangeAsync(id, change, cancellationToken));

    public ValueTask<IReadOnlyList<ScheduledEmail>> RescueAsync(DoubtPolicy policy, CancellationToken cancellationToken) => CallAsync(store => store.RescueAsync(policy, cancellationToken));

    public async ValueTask SetSendingPausedAsync(bool paused, CancellationToken cancellationToken) => await CallAsync(async store =>
    {
        await store.SetSendingPausedAsync(paused, cancellationToken);
        return true;
    });

    public ValueTask<IReadOnlyList<ScheduledEmail>> ExpireAsync(CancellationToken cancellationToken) => CallAsync(store => store.ExpireAsync(cancellationToken));

    public ValueTask<IReadOnlyList<MovedEmail>> ResolveWishesAsync(TimeZoneRules rules, CancellationToken cancellationToken) =>
        CallAsync(store => store.ResolveWishesAsync(rules, cancellationToken));

    public ValueTask<IReadOnlyList<AccountStanding>> AccountsAsync(IReadOnlyList<Account> accounts, CancellationToken cancellationToken) =>
        CallAsync(store => store.AccountsAsync(accounts, cancellationToken));

    public ValueTask<bool> ResetAccountAsync(string account, CancellationToken cancellationToken) => CallAsync(store => store.ResetAccountAsync(account, cancellationToken));

    public IDisposable OnAccountChanged(Action<AccountChange> callback) => (home ?? house.Reach()).OnAccountChanged(callback);

    public ValueTask<int> CleanUpAsync(TimeSpan retention, CancellationToken cancellationToken) => CallAsync(store => store.CleanUpAsync(retention, cancellationToken));

    public ValueTask<StoreOverview> OverviewAsync(CancellationToken cancellationToken) => CallAsync(store => store.OverviewAsync(cancellationToken));

    public async ValueTask<IWorkerPresence> EnterAsync(CancellationToken cancellationToken)
    {
        var server = house.Reach();
        var presence = await CallAsync(store => store.EnterAsync(cancellationToken));
        home = server;
        return presence;
    }

    public ValueTask<IReadOnlyList<WorkerDescription>> WorkersAsync(CancellationToken cancellationToken) => CallAsync(store => store.WorkersAsync(cancellationToken));

    public IDisposable OnChanged(Action callback) => (home ?? house.Reach()).OnChanged(callback);

    public ValueTask DisposeAsync() => default;

    private async ValueTask<T> CallAsync<T>(Func<SqliteEmailStore, ValueTask<T>> call)
    {
        if (home is not null && !house.IsRunning(home)) throw new ProcessDiedException();
        try
        {
            return await call(home ?? house.Reach());
        }
        catch (SqliteSimulatedHouse.SimulatedDeathException)
        {
            house.Bury();
        }
        catch (ObjectDisposedException)
        {
            // It died while this waited.
        }

        throw home is null ? new StoreException(StoreTrouble.Unwritable, "the connection to the simulated server was lost") : new ProcessDiedException();
    }
}
