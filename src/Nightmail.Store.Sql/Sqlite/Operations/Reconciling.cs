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
    /// <param name="state">The rows and their ledger.</param>
    /// <param name="now">The present.</param>
    /// <param name="cut">Rows whose claim was taken from them: what the ledger knows of them may be older than the position.</param>
    /// <returns>How many rows were brought up to it.</returns>
    public static int Run(StoreState state, DateTimeOffset now, IReadOnlyList<EmailId>? cut = null)
    {
        var brought = 0;
        foreach (var some in (cut ?? []).Chunk(AtOnce)) brought += Bring(state, now, state.Progress.Taken, [.. some.Select(email => (state.Progress.Taken + 1, email))]);
        var from = state.Progress.Taken;
        while (state.EntriesAfter(from, AtOnce) is { Count: > 0 } entries)
        {
            brought += Bring(state, now, entries[^1].Sequence, entries);
            from = entries[^1].Sequence;
        }

        state.BeginRows(durable: true);
        state.CommitRows();
        state.IsBehind = false;
        return brought;
    }

    /// <summary>The row brought up to the ledger; null when there is nothing to bring, or a living worker is about to.</summary>
    public static ScheduledEmail? Settled(Transaction transaction, ScheduledEmail row)
    {
        var settled = transaction.Settled(row);
        if (ReferenceEquals(settled, row)) return null;
        return transaction.LedgerOf(row.Id).Unanswered().Any(begin => begin.Worker is { } worker && transaction.IsAlive(worker)) ? null : settled;
    }

    private static int Bring(StoreState state, DateTimeOffset now, long upTo, IReadOnlyList<(long Sequence, EmailId Email)> entries)
    {
        var transaction = new Transaction(state).At(now);
        transaction.Open();
        var brought = entries.Count(entry => Bring(transaction, entry.Email, entry.Sequence - 1));
        transaction.Accept();
        state.BeginRows(durable: true);
        state.FlushRows();
        state.CommitRows(upTo);
        state.TrimSlots();
        return brought;
    }

    private static bool Bring(Transaction transaction, EmailId email, long before)
    {
        if (transaction.Row(email) is not { } row || row.Status == EmailStatus.Sending) return false;
        if (ReferenceEquals(transaction.Settled(row), row)) return false;
        if (Settled(transaction, row) is not { } settled)
        {
            transaction.Lag.Add(email, before);
            return false;
        }

        transaction.Lag.Tell(transaction.Put(settled));
        return true;
    }
}
