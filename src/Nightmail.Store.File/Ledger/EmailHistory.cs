using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;

namespace Nightmail.Store.File.Ledger;

/// <summary>One email's ledger entries. Lines are kept unread until somebody asks: most are of emails that nobody looks at any more.</summary>
internal sealed class EmailHistory
{
    private readonly List<LedgerEntry> entries = [];
    private readonly Queue<ReadOnlyMemory<byte>> unread = [];
    private readonly EmailLedger ledger;
    private bool? hasUnanswered;
    private bool? hasEnds;

    public EmailHistory() => ledger = new(entries);

    /// <summary>The sequence of the last entry, read or not.</summary>
    public long LastSequence { get; private set; }

    /// <summary>The sequence of its last word; 0: it has none.</summary>
    public long LastWord { get; private set; }

    /// <summary>The last attempt whose begin was counted.</summary>
    public int LastCounted { get; set; }

    /// <summary>Everything, in order.</summary>
    /// <exception cref="StoreException">An entry cannot be understood; then nothing may be decided about this email.</exception>
    public EmailLedger Ledger
    {
        get
        {
            while (unread.TryPeek(out var line))
            {
                try
                {
                    entries.Add(LedgerJson.Read(line.Span));
                }
                catch (Exception broken) when (broken is FormatException or System.Text.Json.JsonException or InvalidOperationException)
                {
                    throw new StoreException(StoreTrouble.Unreadable, $"the ledger has a line that this program does not understand ({broken.Message}); update nightmail", broken);
                }

                unread.Dequeue();
            }

            return ledger;
        }
    }

    /// <summary>Whether a begin waits for its answer; remembered until something is added, because every look at the queue asks.</summary>
    public bool HasUnanswered => hasUnanswered ??= Ledger.Unanswered().Count > 0;

    /// <inheritdoc cref="EmailLedger.HasEnds"/>
    public bool HasEnds => hasEnds ??= Ledger.HasEnds;

    /// <summary>Takes in a line that lies in the ledger.</summary>
    /// <param name="sequence">Its sequence.</param>
    /// <param name="line">Its JSON.</param>
    /// <param name="isOver">True when it is the last word.</param>
    public void Add(long sequence, ReadOnlyMemory<byte> line, bool isOver)
    {
        unread.Enqueue(line);
        LastSequence = sequence;
        if (isOver) LastWord = sequence;
        (hasUnanswered, hasEnds) = (null, null);
    }

    /// <summary>Takes in an entry that is about to be written.</summary>
    public void Add(LedgerEntry entry)
    {
        _ = Ledger;
        entries.Add(entry);
        LastSequence = entry.Sequence;
        if (entry.Kind == LedgerKind.Over) LastWord = entry.Sequence;
        (hasUnanswered, hasEnds) = (null, null);
    }

    /// <summary>Takes the last entry out again: it is not going to be written.</summary>
    public void RemoveLast()
    {
        if (entries[^1].Sequence == LastWord) LastWord = 0;
        entries.RemoveAt(entries.Count - 1);
        LastSequence = ledger.LastSequence;
        (hasUnanswered, hasEnds) = (null, null);
    }
}
