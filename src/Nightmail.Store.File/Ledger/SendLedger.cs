using System.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Format;

namespace Nightmail.Store.File.Ledger;

/// <summary>
/// The ledger's folder: an identity and append-only segments, read on from where the last look ended and indexed by email. Entries are
/// staged by a transaction and then written together, in one append and one sync. Not safe for two threads at once.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="folder">The folder.</param>
/// <param name="segmentLimit">A segment that has grown to this takes no further batch.</param>
/// <param name="writer">A name for temporary files that nobody else uses.</param>
/// <param name="time">The clock.</param>
internal sealed class SendLedger(IDisk disk, string folder, long segmentLimit, string writer, TimeProvider time)
{
    /// <summary>So many new entries are waited for before it is looked again what can be left out.</summary>
    private const int ShortenEvery = 1000;

    /// <summary>What is younger is not left out: no limit of an account looks further back.</summary>
    private static readonly TimeSpan Young = RateCap.LongestWindow * 2;

    private readonly EmailMap<EmailHistory> histories = new();
    private readonly BeginTimes begins = new();
    private readonly List<LedgerEntry> staged = [];
    private CheckedLog? segment;
    private int number;
    private int sealedNumber;
    private int gaps;
    private long? shortenedAt;
    private ReadOnlyMemory<byte> lastLine;

    /// <summary>The highest sequence there is.</summary>
    public long LastSequence { get; private set; }

    /// <summary>True when entries are missing between those that are there, or before them.</summary>
    public bool HasGap { get; private set; }

    /// <summary>The entries that wait to be written.</summary>
    public IReadOnlyList<LedgerEntry> Staged => staged;

    /// <summary>True when the entry lies in the ledger.</summary>
    public bool Has(LedgerEntry entry) => Of(entry.Email).Entries.Any(each => each.Sequence == entry.Sequence && each.Kind == entry.Kind && each.At == entry.At);

    /// <summary>Takes in what was appended since the last look.</summary>
    public void Refresh()
    {
        var (readsOn, before) = (segment is not null, gaps);
        ReadOn();
        if (!readsOn || gaps == before) return;
        // What only seems to be missing, because it was read on in another file than it began in, is there when it is read from its beginning.
        Forget();
        ReadOn();
    }

    private void ReadOn()
    {
        if (segment is null && !OpenFirst()) return;
        while (true)
        {
            // Looked for before this one is read: the next is only made once this one has its last line. What this one says of itself decides
            // nothing, because the line that says it may be damaged, and what is begun behind it would begin again.
            var goesOn = disk.Stat(SegmentPath(number + 1)) is not null;
            if (!segment!.Refresh(Take))
            {
                // Somebody removed or replaced the ledger: read what is there now.
                Forget();
                if (!OpenFirst()) return;
                continue;
            }

            if (!goesOn) return;
            segment = new(disk, SegmentPath(++number));
        }
    }

    /// <summary>All that is known of an email.</summary>
    public EmailLedger Of(EmailId email) => histories.TryGetValue(email, out var history) ? history.Ledger : EmailLedger.Empty;

    /// <summary>True when every line about the email can be understood.</summary>
    public bool Understands(EmailId email)
    {
        try
        {
            _ = Of(email);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    /// <summary>The sequence of an email's last entry; 0: none.</summary>
    public long LastSequenceOf(EmailId email) => histories.TryGetValue(email, out var history) ? history.LastSequence : 0;

    /// <summary>True when a begin of the email waits for its answer.</summary>
    public bool HasUnanswered(EmailId email) => histories.TryGetValue(email, out var history) && history.HasUnanswered;

    /// <summary>True when the email may be over by what is recorded of it, whatever its row says.</summary>
    public bool HasEnds(EmailId email) => histories.TryGetValue(email, out var history) && history.HasEnds;

    /// <summary>When the account's emails began, ascending, as far back as a rate limit looks.</summary>
    public IReadOnlyList<DateTimeOffset> BeginsOf(string account) => begins.Of(account);

    /// <summary>Adds an entry that <see cref="WriteStaged"/> will write; whoever asks sees it at once.</summary>
    /// <param name="entry">The entry, its sequence not yet given.</param>
    /// <param name="above">Sequences that rows know of, although the ledger may have lost them, are not given again.</param>
    public LedgerEntry Stage(LedgerEntry entry, long above)
    {
        var complete = entry with
        {
            Sequence = checked(Math.Max(LastSequence, above) + 1),
            At = UnixTime.RoundDown(entry.At),
            NextAttempt = entry.NextAttempt is { } next ? UnixTime.RoundUp(next) : null,
            Date = entry.Date is { } date ? UnixTime.RoundDown(date) : null,
            ScheduledFor = entry.ScheduledFor is { } scheduled ? UnixTime.RoundUp(scheduled) : null,
        };
        staged.Add(complete);
        LastSequence = complete.Sequence;
        var history = HistoryOf(complete.Email);
        history.Add(complete);
        if (complete.Kind == LedgerKind.Begin) Count(history, complete.Account, complete.Attempt, complete.At);
        return complete;
    }

    /// <summary>Takes out again what was staged after the first <paramref name="count"/>.</summary>
    public void Unstage(int count)
    {
        // A number that was not used is given again: a gap means that something was lost.
        if (staged.Count > count) LastSequence = staged[count].Sequence - 1;
        for (var index = staged.Count - 1; index >= count; index--)
        {
            var history = histories[staged[index].Email];
            history.RemoveLast();
            if (staged[index] is { Kind: LedgerKind.Begin, Attempt: var attempt } begin && history.LastCounted == attempt && !history.Ledger.HasBegun(attempt))
            {
                begins.Remove(begin.Account ?? "", begin.At);
                history.LastCounted = attempt - 1;
            }
        }

        staged.RemoveRange(count, staged.Count - count);
    }

    /// <summary>Makes durable what was staged.</summary>
    /// <exception cref="StoreException">It could not; any part of it may be there, and nothing may be decided by it: the caller forgets, and the
    /// next holder of the lock begins with <see cref="SyncLeftovers"/>.</exception>
    public void WriteStaged()
    {
        if (staged.Count == 0) return;
        var isNew = segment is null || !segment.Exists || IsFull;
        if (segment is null) MakeFolder();
        if (segment is null || IsFull) segment = new(disk, SegmentPath(++number));
        var batch = new MemoryStream();
        byte[] json = [];
        foreach (var entry in staged) batch.Write(CheckedLine.Write(json = LedgerJson.Write(entry)));
        segment.Append(batch.GetBuffer().AsSpan(0, (int)batch.Length));
        if (isNew) disk.SyncFolder(folder);
        lastLine = json;
        staged.Clear();
    }

    /// <summary>How far the ledger has come. Needs the queue's lock and nothing staged; gives the ledger its identity where it has none yet.</summary>
    public LedgerMark Mark()
    {
        MakeFolder();
        return new(LedgerFolder.ReadIdentity(disk, folder), LastSequence, LastSequence == 0 ? 0 : CheckedLine.Checksum(lastLine.Span));
    }

    /// <summary>Forgets everything, so that the next look reads what is really there.</summary>
    public void Forget()
    {
        histories.Clear();
        begins.Clear();
        staged.Clear();
        segment = null;
        (number, sealedNumber) = (0, 0);
        LastSequence = 0;
        HasGap = false;
        lastLine = default;
    }

    /// <summary>True when the email's last entry is its last word.</summary>
    public bool HasLastWord(EmailId email) => LastWordOf(email) is > 0 and var word && word == LastSequenceOf(email);

    /// <summary>Leaves out what nobody has to know any more. Needs the queue's lock and nothing staged; what was read stays true.</summary>
    /// <param name="marked">Sequences that backups name.</param>
    /// <returns>How many entries went.</returns>
    public int Shorten(IReadOnlySet<long> marked)
    {
        if (shortenedAt is { } last && LastSequence - last < ShortenEvery) return 0;
        var now = time.GetUtcNow();
        // By a clock that is ahead everything is old. What began last tells how late it is at least taken to be.
        var count = new LedgerShortening(disk, folder, LastWordOf, marked, (begins.Newest is { } newest && newest < now ? newest : now) - Young).Run();
        shortenedAt = LastSequence;
        return count;
    }

    /// <summary>Makes durable what a process that died may have left unsynced.</summary>
    public void SyncLeftovers()
    {
        if (disk.Stat(folder) is null) return;
        if (LedgerFolder.Segments(disk, folder) is [.., var last]) new CheckedLog(disk, SegmentPath(last)).Secure();
        disk.SyncFolder(folder);
    }

    private void Take(ReadOnlyMemory<byte> json)
    {
        LedgerHead head;
        try
        {
            head = LedgerJson.ReadHead(json.Span);
        }
        catch (Exception broken) when (broken is FormatException or System.Text.Json.JsonException or InvalidOperationException)
        {
            throw new StoreException(StoreTrouble.Unreadable, $"{SegmentPath(number)} has a line that this program does not understand ({broken.Message}); update nightmail", broken);
        }

        if (head.IsSealed)
        {
            sealedNumber = number;
            return;
        }

        if (head.Since > LastSequence + 1) (HasGap, gaps) = (true, gaps + 1);
        if (head.Sequence >= LastSequence) (LastSequence, lastLine) = (head.Sequence, json);
        if (head.IsLeftOut) return;
        var history = HistoryOf(head.Email);
        history.Add(head.Sequence, json, head.IsOver);
        if (head.Account is not null) Count(history, head.Account, head.Attempt, head.At);
    }

    private void Count(EmailHistory history, string? account, int attempt, DateTimeOffset at)
    {
        if (attempt <= history.LastCounted) return;
        history.LastCounted = attempt;
        begins.Add(account ?? "", at);
    }

    private EmailHistory HistoryOf(EmailId email)
    {
        if (!histories.TryGetValue(email, out var history)) histories.Add(email, history = new());
        return history;
    }

    private bool IsFull => segment!.Length >= segmentLimit || sealedNumber == number;

    private long LastWordOf(EmailId email) => histories.TryGetValue(email, out var history) ? history.LastWord : 0;

    private bool OpenFirst()
    {
        if (LedgerFolder.Segments(disk, folder) is not [var first, ..]) return false;
        segment = new(disk, SegmentPath(number = first));
        return true;
    }

    private void MakeFolder()
    {
        disk.EnsureFolder(folder);
        var identity = LedgerFolder.IdentityPath(folder);
        if (disk.Stat(identity) is { Length: > 0 }) return;
        var name = Guid.CreateVersion7(time.GetUtcNow());
        AtomicFile.Replace(disk, Path.Combine(folder, $".identity.{writer}{QueuePaths.TemporaryEnding}"), identity,
            Encoding.UTF8.GetBytes($"{{\"ledger\":\"{name:N}\"}}\n"));
    }

    private string SegmentPath(int which) => LedgerFolder.SegmentPath(folder, which);
}
