using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>Keeps the accounts' circuits in step with the emails that go through them.</summary>
internal static class Circuits
{
    /// <summary>Takes in what an attempt says about its account, after its row.</summary>
    public static void Report(Transaction transaction, Claim claim, AccountReport report)
    {
        var circuit = transaction.CircuitOf(claim.Account);
        var step = CircuitBreaker.After(circuit, claim, report.Finding, report.Options, transaction.Now);
        if (step.Circuit != circuit) transaction.PutCircuit(claim.Account, step.Circuit);
        foreach (var id in step.Reopened) Reopen(transaction, id);
    }

    /// <summary>The claim of a probe was taken back by a person: that says nothing about the account.</summary>
    public static void Release(Transaction transaction, EmailId email)
    {
        foreach (var (account, circuit) in transaction.Circuits.ToList())
        {
            if (circuit.Probe?.Email == email) transaction.PutCircuit(account, CircuitBreaker.Released(circuit, transaction.Now));
        }
    }

    /// <summary>Opens again the circuits whose probes are no longer under way.</summary>
    public static void EndLostProbes(Transaction transaction)
    {
        foreach (var (account, circuit) in transaction.Circuits.ToList())
        {
            if (IsLost(transaction, circuit.Probe)) transaction.PutCircuit(account, CircuitBreaker.AfterProbeDied(circuit, transaction.Now));
        }
    }

    /// <summary>Closes a circuit by hand.</summary>
    public static bool Reset(Transaction transaction, string account)
    {
        var circuit = transaction.CircuitOf(account);
        if (circuit == CircuitBreaker.Closed(circuit)) return false;
        transaction.PutCircuit(account, CircuitBreaker.Reset(circuit));
        return true;
    }

    /// <summary>The accounts with what all workers have on their way through them.</summary>
    /// <param name="transaction">What there is.</param>
    /// <param name="capacities">What the worker offers.</param>
    /// <param name="owner">The worker that asks; null: nobody in particular.</param>
    public static AccountRoom Room(Transaction transaction, AccountCapacities capacities, WorkerId? owner)
    {
        var claimed = new Dictionary<string, (int OnTheWay, int NotBegun)>(StringComparer.Ordinal);
        foreach (var row in transaction.BeingSent())
        {
            if (row is not { ClaimedBy: { } worker, LastAccount: { } account } || (worker != owner?.Text && !transaction.IsAlive(worker))) continue;
            var (onTheWay, notBegun) = claimed.GetValueOrDefault(account);
            claimed[account] = (onTheWay + 1, notBegun + (transaction.LedgerOf(row.Id).HasBegun(row.Attempts) ? 0 : 1));
        }

        return new(capacities, name =>
        {
            var (onTheWay, notBegun) = claimed.GetValueOrDefault(name);
            return new(transaction.CircuitOf(name), onTheWay, notBegun, transaction.BeginsOf(name));
        }, transaction.Now);
    }

    /// <summary>A probe is recorded together with its circuit, so one whose claim is gone was lost.</summary>
    private static bool IsLost(Transaction transaction, Probe? probe) => probe is not null
        && !(transaction.Row(probe.Email) is { Status: EmailStatus.Sending } row && row.ClaimedBy == probe.Worker.Text && row.Attempts == probe.Attempt);

    private static void Reopen(Transaction transaction, EmailId id)
    {
        if (transaction.Row(id) is not { } row || transaction.LedgerOf(id).Unanswered().Count > 0) return;
        var refused = transaction.Settled(row).AllRecipients().Where(AccountFinding.IsPolicyRefusal).ToList();
        if (refused.Count == 0) return;
        transaction.Append(new()
        {
            Kind = LedgerKind.Reopen, Email = id, At = transaction.Now, Attempt = row.Attempts,
            Recipients = [.. refused.Select(recipient => new RecipientOutcome(recipient.Address, Verdict.Untried))],
        });

        // One that is being sent learns of it when it is recorded; its begin is refused.
        if (row.Status != EmailStatus.Sending) transaction.Put(transaction.Settled(row) with { NextAttempt = null });
    }
}
