using Nightmail.Core.Emails;
using Nightmail.Store.Sql.Sqlite.Transactions;

namespace Nightmail.Store.Sql.Sqlite.Operations;

/// <summary>
/// Brings rows up to the ledger, where a crash came between its commit and theirs, or an old copy of them came back. Rows under a claim
/// are the rescue's: their begin is not in them by design.
/// </summary>
internal static class Reconciling
{
    /// <summary>Entries that one transaction looks at: well under 50 ms of work.</summary>
    private const int AtOnce = 500;

    /// <summary>Looks at every entry that rows may not know of.</summary>
    public static void Run(StoreState state, DateTimeOffset now)
    {
        var from = state.Position;
        while (state.EntriesAfter(from, AtOnce) is { Count: > 0 } entries)
        {
            var transaction = new Transaction(state, now);
            transaction.Open();
            foreach (var (sequence, email) in entries) Bring(transaction, email, sequence - 1);
            transaction.Accept();
            state.BeginRows(durable: true);
            state.FlushRows();
            state.CommitRows(entries[^1].Sequence);
            state.TrimSlots();
            from = entries[^1].Sequence;
        }

        state.BeginRows(durable: true);
        state.CommitRows();
        state.IsBehind = false;
    }

    /// <summary>The row brought up to the ledger; null when there is nothing to bring, or a living worker is about to.</summary>
    public static ScheduledEmail? Settled(Transaction transaction, ScheduledEmail row)
    {
        var settled = transaction.Settled(row);
        if (ReferenceEquals(settled, row)) return null;
        return transaction.LedgerOf(row.Id).Unanswered().Any(begin => begin.Worker is { } worker && transaction.IsAlive(worker)) ? null : settled;
    }

    private static void Bring(Transaction transaction, EmailId email, long before)
    {
        if (transaction.Row(email) is not { } row || row.Status == EmailStatus.Sending) return;
        if (ReferenceEquals(transaction.Settled(row), row)) return;
        if (Settled(transaction, row) is { } settled) transaction.Lag.Tell(transaction.Put(settled));
        else transaction.Lag.Add(email, before);
    }
}
