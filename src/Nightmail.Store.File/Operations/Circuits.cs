using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Operations;

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
        foreach (var (account, circuit) in transaction.Circuits)
        {
            if (circuit.Probe?.Email == email) transaction.PutCircuit(account, CircuitBreaker.Released(circuit, transaction.Now));
        }
    }

    /// <summary>True when <see cref="EndLostProbes"/> would change anything.</summary>
    public static bool HasLostProbes(QueueView view) => view.Circuits.Any(each => IsLost(view, each.Value.Probe));

    /// <summary>Opens again the circuits whose probes are no longer under way.</summary>
    public static void EndLostProbes(Transaction transaction)
    {
        foreach (var (account, circuit) in transaction.Circuits)
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

    /// <summary>A probe is recorded together with its circuit, so one whose claim is gone was lost.</summary>
    private static bool IsLost(QueueView view, Probe? probe) => probe is not null
        && !(view.Row(probe.Email) is { Status: EmailStatus.Sending } row && row.ClaimedBy == probe.Worker.Text && row.Attempts == probe.Attempt);

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
