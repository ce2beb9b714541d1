namespace Nightmail.Core.Delivery;

/// <summary>Everything the ledger knows of one email, in order.</summary>
public sealed class EmailLedger(IReadOnlyList<LedgerEntry> entries)
{
    /// <summary>An email the ledger has never heard of.</summary>
    public static EmailLedger Empty { get; } = new([]);

    /// <summary>All entries, oldest first.</summary>
    public IReadOnlyList<LedgerEntry> Entries => entries;

    /// <summary>The sequence of the last entry; 0 when there is none.</summary>
    public long LastSequence => entries.Count == 0 ? 0 : entries[^1].Sequence;

    /// <summary>The highest attempt that any entry belongs to.</summary>
    public int LastAttempt
    {
        get
        {
            var last = 0;
            for (var index = 0; index < entries.Count; index++) last = Math.Max(last, entries[index].Attempt);
            return last;
        }
    }

    /// <summary>
    /// True when an email may be over, in doubt or held by what is recorded here: whoever shows it as open is to be checked against all of it.
    /// </summary>
    public bool HasEnds => entries.Any(entry => entry.Kind is LedgerKind.Cancel or LedgerKind.MarkSent or LedgerKind.Pause or LedgerKind.Over
        || (entry.Kind == LedgerKind.Outcome && (entry.Reason is not null || entry.Recipients.Any(outcome => outcome.Verdict is not (Verdict.Deferred or Verdict.Untried)))));

    /// <summary>The entries that a row with this <paramref name="known"/> sequence has not taken in.</summary>
    public IEnumerable<LedgerEntry> After(long known) => LastSequence <= known ? [] : entries.Where(entry => entry.Sequence > known);

    /// <summary>True when any transaction of that attempt was begun, answered or not.</summary>
    public bool HasBegun(int attempt)
    {
        for (var index = 0; index < entries.Count; index++)
        {
            if (entries[index].Kind == LedgerKind.Begin && entries[index].Attempt == attempt) return true;
        }

        return false;
    }

    /// <summary>True when that transaction of that attempt was begun, answered or not.</summary>
    public bool HasBegun(int attempt, int transaction)
    {
        for (var index = 0; index < entries.Count; index++)
        {
            if (entries[index].Kind == LedgerKind.Begin && entries[index].Attempt == attempt && entries[index].Transaction == transaction) return true;
        }

        return false;
    }

    /// <summary>True when anything is begun whose outcome is not known and that nobody has closed.</summary>
    public bool HasUnanswered
    {
        get
        {
            // Most emails are begun once and answered once.
            if (entries is [] or [{ Kind: LedgerKind.Begin }, { Kind: LedgerKind.Outcome }] && (entries.Count == 0 || IsAnswerTo(entries[1], entries[0]))) return false;
            return Unanswered().Count > 0;
        }
    }

    private static bool IsAnswerTo(LedgerEntry outcome, LedgerEntry begin) => begin.Attempt == outcome.Attempt && begin.Transaction == outcome.Transaction;

    /// <summary>
    /// The begun transactions, of all attempts, whose outcome is not known and that nobody has closed: the email may be on its way or out.
    /// </summary>
    public IReadOnlyList<LedgerEntry> Unanswered()
    {
        if (entries.Count == 0) return [];
        var open = new List<LedgerEntry>(1);
        for (var index = 0; index < entries.Count; index++)
        {
            var entry = entries[index];
            if (entry.Kind == LedgerKind.Begin) open.Add(entry);
            else if (entry.Kind == LedgerKind.Outcome) open.RemoveAll(begin => IsAnswerTo(entry, begin));
            else if (entry.Kind is LedgerKind.Retry or LedgerKind.MarkSent or LedgerKind.Over) open.Clear();
        }

        return open;
    }
}
