using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Core.Accounts;

/// <summary>Keeps the accounts' circuits in step with the emails that go through them, in a store's transaction. The same in every store.</summary>
public static class CircuitSteps
{
    /// <summary>Takes in what an attempt says about its account, after its row.</summary>
    public static void Report(IStoreTransaction transaction, Claim claim, AccountReport report)
    {
        var circuit = transaction.CircuitOf(claim.Account);
        var step = CircuitBreaker.After(circuit, claim, report.Finding, report.Options, transaction.Now);
        if (step.Circuit != circuit) transaction.PutCircuit(claim.Account, step.Circuit);
        foreach (var id in step.Reopened) Reopen(transaction, id);
    }

    /// <summary>The claim of a probe was taken back by a person: that says nothing about the account.</summary>
    public static void Release(IStoreTransaction transaction, EmailId email)
    {
        foreach (var (account, circuit) in transaction.Circuits.ToList())
        {
            if (circuit.Probe?.Email == email) transaction.PutCircuit(account, CircuitBreaker.Released(circuit, transaction.Now));
        }
    }

    /// <summary>Opens again the circuits whose probes are no longer under way.</summary>
    public static void EndLostProbes(IStoreTransaction transaction)
    {
        foreach (var (account, circuit) in transaction.Circuits.ToList())
        {
            if (IsLost(circuit, transaction.Row)) transaction.PutCircuit(account, CircuitBreaker.AfterProbeDied(circuit, transaction.Now));
        }
    }

    /// <summary>True when the circuit has a probe that is no longer under way: a probe is recorded together with its circuit, so one whose claim is gone was lost.</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="row">The row of an email as it is now, or null.</param>
    public static bool IsLost(Circuit circuit, Func<EmailId, ScheduledEmail?> row) => circuit.Probe is { } probe
        && !(row(probe.Email) is { Status: EmailStatus.Sending } email && email.ClaimedBy == probe.Worker.Text && email.Attempts == probe.Attempt);

    /// <summary>Closes a circuit by hand.</summary>
    /// <returns>False when nothing was known against the account.</returns>
    public static bool Reset(IStoreTransaction transaction, string account)
    {
        var circuit = transaction.CircuitOf(account);
        if (circuit == new Circuit { Term = circuit.Term }) return false;
        transaction.PutCircuit(account, CircuitBreaker.Reset(circuit));
        return true;
    }

    private static void Reopen(IStoreTransaction transaction, EmailId id)
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
