using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.Ledger;

/// <summary>How far a ledger had come at one moment.</summary>
/// <param name="Identity">Which ledger; null: there was none, or nobody noted it.</param>
/// <param name="Sequence">Its last entry; 0: it had none.</param>
/// <param name="Check">That entry's checksum.</param>
internal sealed record LedgerMark(string? Identity, long Sequence, uint Check)
{
    /// <summary>Nobody noted it.</summary>
    public static LedgerMark Unknown { get; } = new(null, 0, 0);

    /// <summary>
    /// Why the ledger that is there now cannot tell what happened since this mark; null when it can: it is the same one, has the marked
    /// entry, and every entry since.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="folder">The ledger's folder.</param>
    /// <param name="knownSequence">A sequence that rows know of: a ledger that ends before it has lost something.</param>
    public string? WhyBroken(IDisk disk, string folder, long knownSequence)
    {
        if (Identity is null) return "nobody noted which ledger stood beside it";
        var identity = LedgerFolder.ReadIdentity(disk, folder);
        if (identity is null) return "the ledger that stood beside it is gone";
        if (identity != Identity) return "another ledger stands beside the queue now";
        var (last, found) = (Sequence, Sequence == 0);
        foreach (var (since, sequence, check) in LedgerFolder.ReadLines(disk, folder))
        {
            if (sequence == Sequence) found |= check == Check;
            if (since > last + 1) return $"the ledger lacks what came after its entry {last}";
            last = Math.Max(last, sequence);
        }

        if (!found) return $"the ledger lacks its entry {Sequence}";
        return last < knownSequence ? $"the ledger ends at {last}, and emails know of {knownSequence}" : null;
    }
}
