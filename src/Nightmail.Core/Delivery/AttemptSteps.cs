using Nightmail.Core.Accounts;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Core.Delivery;

/// <summary>The steps of an attempt in a store's transaction: begin, outcome, record. The same in every store.</summary>
public static class AttemptSteps
{
    /// <summary>Appends a begin, or says why not.</summary>
    public static string? Begin(IStoreTransaction transaction, Claim claim, LedgerEntry entry)
    {
        var id = claim.Email.Id;
        if (entry.Email != id || entry.Attempt != claim.Attempt || entry.Kind != LedgerKind.Begin) throw new ArgumentException("a begin is of its claim's email and attempt", nameof(entry));
        var refusal = Arbitration.RefuseBegin(transaction.Row(id), transaction.LedgerOf(id), claim, entry.Transaction, transaction.SendingPaused, transaction.Now);
        // By the store's clock, because the rate limits count it.
        if (refusal is null) transaction.Append(entry with { At = transaction.Now });
        return refusal;
    }

    /// <summary>Appends what a transaction came to; a row that nobody is sending learns of it.</summary>
    public static bool AppendOutcome(IStoreTransaction transaction, LedgerEntry entry)
    {
        transaction.Append(entry);
        Settle(transaction, entry.Email);
        return true;
    }

    /// <summary>Records an attempt's result; false when the claim was lost.</summary>
    public static bool Record(IStoreTransaction transaction, Claim claim, AttemptResult result)
    {
        var id = claim.Email.Id;
        if (result.Outcome is { } outcome) transaction.Append(outcome);
        var row = transaction.Row(id);
        var stands = Arbitration.Holds(row, claim);
        if (stands) transaction.Put(Arbitration.Recorded(result.Email, row!, transaction.LedgerOf(id), claim, transaction.Now));
        else Settle(transaction, id);
        if (result.Account is { } report) CircuitSteps.Report(transaction, claim, report);
        return stands;
    }

    private static void Settle(IStoreTransaction transaction, EmailId id)
    {
        if (transaction.Row(id) is { } row && transaction.Settled(row) is var settled && !ReferenceEquals(settled, row)) transaction.Put(settled);
    }
}
