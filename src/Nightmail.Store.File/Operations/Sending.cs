using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Transactions;

namespace Nightmail.Store.File.Operations;

/// <summary>The steps of an attempt: begin, outcome, record.</summary>
internal static class Sending
{
    /// <summary>Appends a begin, or says why not.</summary>
    public static string? Begin(Transaction transaction, Claim claim, LedgerEntry entry)
    {
        var id = claim.Email.Id;
        if (entry.Email != id || entry.Attempt != claim.Attempt || entry.Kind != LedgerKind.Begin) throw new ArgumentException("a begin is of its claim's email and attempt", nameof(entry));
        var refusal = Arbitration.RefuseBegin(transaction.Row(id), transaction.LedgerOf(id), claim, entry.Transaction, transaction.SendingPaused);
        if (refusal is null) transaction.Append(entry);
        return refusal;
    }

    /// <summary>Appends what a transaction came to; a row that nobody is sending learns of it.</summary>
    public static bool AppendOutcome(Transaction transaction, LedgerEntry entry)
    {
        transaction.Append(entry);
        Settle(transaction, entry.Email);
        return true;
    }

    /// <summary>Records an attempt's result; false when the claim was lost.</summary>
    public static bool Record(Transaction transaction, Claim claim, AttemptResult result)
    {
        var id = claim.Email.Id;
        if (result.Outcome is { } outcome) transaction.Append(outcome);
        var row = transaction.Row(id);
        var holds = Arbitration.Holds(row, claim);
        if (result.Outcome is null && holds) CloseUnsent(transaction, claim);
        if (!holds)
        {
            Settle(transaction, id);
            return false;
        }

        transaction.Put(WithForeignNews(result.Email, row!, transaction.LedgerOf(id), claim.Attempt));
        return true;
    }

    /// <summary>
    /// A begin whose append failed may lie in the ledger all the same. Its worker was told that it failed and sent nothing; it says so here,
    /// so that the email is not in doubt for ever.
    /// </summary>
    private static void CloseUnsent(Transaction transaction, Claim claim)
    {
        foreach (var begin in transaction.LedgerOf(claim.Email.Id).Unanswered().Where(begin => begin.Attempt == claim.Attempt))
        {
            transaction.Append(new()
            {
                Kind = LedgerKind.Outcome, Email = begin.Email, At = transaction.Now, Attempt = begin.Attempt, Transaction = begin.Transaction, Account = begin.Account,
                Recipients = [.. begin.Recipients.Where(recipient => recipient.Verdict == Verdict.Untried)],
            });
        }
    }

    /// <summary>The result's row, with what other attempts' late outcomes say that came in meanwhile.</summary>
    private static ScheduledEmail WithForeignNews(ScheduledEmail result, ScheduledEmail row, EmailLedger ledger, int attempt)
    {
        List<LedgerEntry> foreign = [.. ledger.After(row.LedgerLast).Where(entry => entry.Attempt != attempt)];
        var settled = foreign.Count == 0 ? result : Settlement.Settle(result with { LedgerLast = row.LedgerLast }, new(foreign));
        return settled with { LedgerLast = ledger.LastSequence };
    }

    private static void Settle(Transaction transaction, EmailId id)
    {
        if (transaction.Row(id) is { } row && transaction.Settled(row) is var settled && !ReferenceEquals(settled, row)) transaction.Put(settled);
    }
}
