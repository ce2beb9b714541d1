using System.Diagnostics;
using System.Globalization;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;

namespace Nightmail.StoppingWorker;

/// <summary>Between which two steps of an email the worker suspends itself.</summary>
internal enum StopPoint
{
    Nowhere,
    AfterClaim,
    BeforeBegin,
    AfterBegin,
    BeforeRecord,
    AfterRecord,
}

/// <summary>A store that suspends its own process (SIGSTOP), once, at one point of the way of an email, and otherwise only passes on.</summary>
internal sealed class StoppingStore(IEmailStore inner, StopPoint point) : IEmailStore
{
    private bool stopped;

    public TimeSpan SyncInterval => inner.SyncInterval;

    public async ValueTask<IReadOnlyList<Claim>> ClaimDueAsync(WorkerId owner, AccountCapacities capacities, CancellationToken cancellationToken)
    {
        var claims = await inner.ClaimDueAsync(owner, capacities, cancellationToken);
        if (claims.Count > 0) StopAt(StopPoint.AfterClaim);
        return claims;
    }

    public async ValueTask<string?> BeginAsync(Claim claim, LedgerEntry entry, CancellationToken cancellationToken)
    {
        StopAt(StopPoint.BeforeBegin);
        var refusal = await inner.BeginAsync(claim, entry, cancellationToken);
        StopAt(StopPoint.AfterBegin);
        return refusal;
    }

    public async ValueTask<bool> RecordAsync(Claim claim, AttemptResult result, CancellationToken cancellationToken)
    {
        StopAt(StopPoint.BeforeRecord);
        var stands = await inner.RecordAsync(claim, result, cancellationToken);
        StopAt(StopPoint.AfterRecord);
        return stands;
    }

    public ValueTask<IReadOnlyList<AddResult>> AddAsync(IReadOnlyList<ScheduledEmail> emails, CancellationToken cancellationToken) => inner.AddAsync(emails, cancellationToken);

    public ValueTask<IReadOnlyList<ImportResult>> ImportAsync(IReadOnlyList<ImportedEmail> emails, CancellationToken cancellationToken) => inner.ImportAsync(emails, cancellationToken);

    public ValueTask<ScheduledEmail?> FindAsync(EmailId id, CancellationToken cancellationToken) => inner.FindAsync(id, cancellationToken);

    public ValueTask<IReadOnlyList<ScheduledEmail>> ListAsync(EmailFilter filter, CancellationToken cancellationToken) => inner.ListAsync(filter, cancellationToken);

    public ValueTask<IReadOnlyList<ScheduledEmail>> ExpireAsync(CancellationToken cancellationToken) => inner.ExpireAsync(cancellationToken);

    public ValueTask<IReadOnlyList<MovedEmail>> ResolveWishesAsync(TimeZoneRules rules, CancellationToken cancellationToken) => inner.ResolveWishesAsync(rules, cancellationToken);

    public ValueTask<DateTimeOffset?> NextDueAsync(AccountCapacities capacities, CancellationToken cancellationToken) => inner.NextDueAsync(capacities, cancellationToken);

    public ValueTask<ChangeResult> ChangeAsync(EmailId id, EmailChange change, CancellationToken cancellationToken) => inner.ChangeAsync(id, change, cancellationToken);

    public ValueTask<IReadOnlyList<ScheduledEmail>> RescueAsync(DoubtPolicy policy, CancellationToken cancellationToken) => inner.RescueAsync(policy, cancellationToken);

    public ValueTask<IReadOnlyList<AccountStanding>> AccountsAsync(IReadOnlyList<Account> accounts, CancellationToken cancellationToken) => inner.AccountsAsync(accounts, cancellationToken);

    public ValueTask<bool> ResetAccountAsync(string account, CancellationToken cancellationToken) => inner.ResetAccountAsync(account, cancellationToken);

    public IDisposable OnAccountChanged(Action<AccountChange> callback) => inner.OnAccountChanged(callback);

    public ValueTask SetSendingPausedAsync(bool paused, CancellationToken cancellationToken) => inner.SetSendingPausedAsync(paused, cancellationToken);

    public ValueTask<int> CleanUpAsync(TimeSpan retention, CancellationToken cancellationToken) => inner.CleanUpAsync(retention, cancellationToken);

    public ValueTask<StoreOverview> OverviewAsync(CancellationToken cancellationToken) => inner.OverviewAsync(cancellationToken);

    public ValueTask<IWorkerPresence> EnterAsync(CancellationToken cancellationToken) => inner.EnterAsync(cancellationToken);

    public ValueTask<IReadOnlyList<WorkerDescription>> WorkersAsync(CancellationToken cancellationToken) => inner.WorkersAsync(cancellationToken);

    public IDisposable OnChanged(Action callback) => inner.OnChanged(callback);

    public ValueTask AppendOutcomeAsync(LedgerEntry entry, CancellationToken cancellationToken) => inner.AppendOutcomeAsync(entry, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private void StopAt(StopPoint here)
    {
        if (stopped || here != point) return;
        stopped = true;
        Console.WriteLine("stopping");
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -STOP {Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}"]);
        kill.WaitForExit();
    }
}
