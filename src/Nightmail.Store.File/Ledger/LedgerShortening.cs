using System.Buffers;
using System.Text.Json;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Disk;

namespace Nightmail.Store.File.Ledger;

/// <summary>
/// Shortens the part of the ledger that takes no further line. Of an email whose last word is in the ledger (<see cref="Core.Delivery.LedgerKind.Over"/>)
/// nothing that came before has to be known: an old row of it, however it comes back, learns from that word alone that it is over. Each segment is
/// written anew, in one step, and says which numbers it left out, so that nothing looks lost. Any part of it may be done: what is left says
/// the same. Needs the queue's lock.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="folder">The ledger's folder.</param>
/// <param name="lastWord">The sequence of an email's last word; 0: it has none.</param>
/// <param name="marked">Sequences that backups name: they show that it is still the same ledger.</param>
/// <param name="before">What is younger stays: the limits of accounts count by it.</param>
internal sealed class LedgerShortening(IDisk disk, string folder, Func<EmailId, long> lastWord, IReadOnlySet<long> marked, DateTimeOffset before)
{
    /// <summary>A segment is only written anew where at least this part of it goes.</summary>
    private const double LeastGain = 0.25;

    private readonly Dictionary<EmailId, long> words = [];
    private readonly ArrayBufferWriter<byte> written = new();
    private (long Since, long Until)? leftOut;
    private int count;

    /// <summary>Shortens what can be shortened.</summary>
    /// <returns>How many entries went.</returns>
    public int Run()
    {
        var segments = LedgerFolder.Segments(disk, folder);
        if (segments.Count < 2) return 0;
        // A last word counts as long as it lies there to be read. That it was read once says nothing of the file.
        foreach (var (head, _) in segments.SelectMany(number => LinesOf(disk.ReadAll(LedgerFolder.SegmentPath(folder, number)) ?? [])).Select(Understand))
        {
            if (head is { IsOver: true } word) words[word.Email] = word.Sequence;
        }

        return segments.SkipLast(1).Sum(Shorten);
    }

    private int Shorten(int number)
    {
        var path = LedgerFolder.SegmentPath(folder, number);
        if (disk.ReadAll(path) is not { } bytes) return 0;
        written.ResetWrittenCount();
        (leftOut, count) = (null, 0);
        written.Write(CheckedLine.Write(LedgerJson.Sealed()));
        foreach (var line in LinesOf(bytes)) Take(line);
        TellLeftOut();
        if (count == 0 || written.WrittenCount > bytes.Length * (1 - LeastGain)) return 0;
        var temporary = path + QueuePaths.TemporaryEnding;
        AtomicFile.TryDelete(disk, temporary);
        AtomicFile.Replace(disk, temporary, path, written.WrittenSpan);
        return count;
    }

    private void Take(ReadOnlyMemory<byte> line)
    {
        if (line.Length == 0) return;
        var (understood, json) = Understand(line);
        if (understood is { } head)
        {
            if (head.IsSealed) return;
            if (head.IsLeftOut || IsSuperfluous(head, json))
            {
                if (!head.IsLeftOut) count++;
                LeaveOut(head.Since, head.Sequence);
                return;
            }
        }

        // One that cannot be read stays as well: that something was lost must stay to be seen. So does what a newer program wrote.
        TellLeftOut();
        written.Write(line.Span);
        written.Write("\n"u8);
    }

    private bool IsSuperfluous(LedgerHead head, ReadOnlyMemory<byte> json) =>
        head.Sequence < Math.Min(lastWord(head.Email), words.GetValueOrDefault(head.Email)) && !marked.Contains(head.Sequence) && IsOld(json);

    private bool IsOld(ReadOnlyMemory<byte> json)
    {
        try
        {
            return LedgerJson.Read(json.Span).At < before;
        }
        catch (Exception broken) when (broken is FormatException or JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>What a line begins with, and its JSON; no head when it cannot be read or understood.</summary>
    private static (LedgerHead? Head, ReadOnlyMemory<byte> Json) Understand(ReadOnlyMemory<byte> line)
    {
        if (!CheckedLine.TryRead(line, out var json)) return default;
        try
        {
            return (LedgerJson.ReadHead(json.Span), json);
        }
        catch (Exception broken) when (broken is FormatException or JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> LinesOf(byte[] bytes)
    {
        for (ReadOnlyMemory<byte> rest = bytes; rest.Length > 0;)
        {
            var end = rest.Span.IndexOf((byte)'\n');
            yield return end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
        }
    }

    private void LeaveOut(long since, long until)
    {
        if (leftOut is { } before && since != before.Until + 1) TellLeftOut();
        leftOut = (leftOut?.Since ?? since, until);
    }

    private void TellLeftOut()
    {
        if (leftOut is { } range) written.Write(CheckedLine.Write(LedgerJson.LeftOut(range.Since, range.Until)));
        leftOut = null;
    }
}
