using System.Buffers.Text;
using Nightmail.Store.File.Ledger;

namespace Nightmail.Store.File.Salvage;

/// <summary>
/// What a damaged file and the notes beside the backups still tell of how much there was: of emails, and of the ledger. A ledger that is
/// shorter now, or has gaps, has lost something, and then nobody can say of any email that it has not left.
/// </summary>
/// <param name="Sequence">The highest sequence that anything knows of; 0: none.</param>
/// <param name="HasEnded">True when something counts emails that are over: there was a ledger then.</param>
/// <param name="Scheduled">How many emails the file counts in all; null when that cannot be read any more.</param>
internal sealed record Witness(long Sequence, bool HasEnded, long? Scheduled)
{
    private static readonly byte[][] Counts = ["\"total_sent\""u8.ToArray(), "\"total_failed\""u8.ToArray(), "\"total_cancelled\""u8.ToArray()];

    /// <summary>Asks the bytes of a damaged file, of which no more than words may be left, and what was noted beside the backups.</summary>
    public static Witness Of(ReadOnlySpan<byte> bytes, IEnumerable<LedgerMark> marks)
    {
        var sequence = Math.Max(Highest(bytes, "\"ledger_last\""u8), marks.Select(mark => mark.Sequence).DefaultIfEmpty().Max());
        var ended = false;
        foreach (var count in Counts) ended |= Highest(bytes, count) > 0;
        var scheduled = bytes.IndexOf("\"total_scheduled\""u8) >= 0 ? Highest(bytes, "\"total_scheduled\""u8) : 0;
        return new(sequence, ended, scheduled > 0 ? scheduled : null);
    }

    /// <summary>True when the ledger tells of all that happened.</summary>
    public bool IsWhole(SendLedger ledger) => !ledger.HasGap && ledger.LastSequence >= Sequence && (!HasEnded || ledger.LastSequence > 0);

    private static long Highest(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> name)
    {
        var highest = 0L;
        while (bytes.IndexOf(name) is >= 0 and var at)
        {
            bytes = bytes[(at + name.Length)..];
            var value = bytes.TrimStart(" \r\n\t:"u8);
            // One that is beyond belief was made up by the damage itself.
            if (Utf8Parser.TryParse(value, out long number, out _) && number > highest && number <= Format.Lenient.MaxSequence / 2) highest = number;
        }

        return highest;
    }
}
