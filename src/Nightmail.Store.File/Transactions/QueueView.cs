using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Store.File.Format;
using Nightmail.Store.File.Ledger;

namespace Nightmail.Store.File.Transactions;

/// <summary>The queue and its ledger at one moment; every row that nobody is sending is shown as the ledger knows it.</summary>
internal class QueueView(QueueDocument document, SendLedger ledger, Func<string, bool> isAlive, DateTimeOffset now)
{
    private readonly Dictionary<string, bool> alive = [];

    /// <summary>The present.</summary>
    public DateTimeOffset Now => now;

    /// <summary>The file as it lies on the disk.</summary>
    public QueueDocument Document => document;

    /// <summary>True while no begin is granted.</summary>
    public virtual bool SendingPaused => document.SendingPaused;

    /// <summary>The ledger of what left and what was taken back.</summary>
    protected SendLedger Ledger => ledger;

    /// <summary>Whether a worker lives; asked once a view.</summary>
    public bool IsAlive(string worker)
    {
        if (!alive.TryGetValue(worker, out var lives)) alive.Add(worker, lives = isAlive(worker));
        return lives;
    }

    /// <summary>All that the ledger knows of an email.</summary>
    public EmailLedger LedgerOf(EmailId id) => Ledger.Of(id);

    /// <summary>The circuits that have something to say, by account.</summary>
    public virtual IReadOnlyDictionary<string, Circuit> Circuits => document.Circuits;

    /// <summary>The circuit of an account.</summary>
    public Circuit CircuitOf(string account) => Circuits.TryGetValue(account, out var circuit) ? circuit : Circuit.Closed;

    /// <summary>When an account's emails began.</summary>
    public IReadOnlyList<DateTimeOffset> BeginsOf(string account) => Ledger.BeginsOf(account);

    /// <summary>The row as it lies in the file, or null when there is none or it cannot be read.</summary>
    public virtual ScheduledEmail? Row(EmailId id) => document.Find(id)?.Email;

    /// <summary>The row as the ledger knows it, or null.</summary>
    public ScheduledEmail? Find(EmailId id) => Row(id) is { } row ? Settled(row) : null;

    /// <summary>A row that nobody is sending, brought up to what the ledger knows; one under a claim as it is.</summary>
    public ScheduledEmail Settled(ScheduledEmail row) =>
        row.Status == EmailStatus.Sending || !Differs(row.Id, row.Status, row.LedgerLast) ? row : Settlement.Settle(row, Ledger.Of(row.Id));

    /// <summary>The rows, as they lie in the file, that are of such a status or that the ledger may know otherwise; others are not even read.</summary>
    public IEnumerable<ScheduledEmail> Rows(Func<EmailStatus, bool> wanted)
    {
        foreach (var entry in document.Entries)
        {
            if (entry.Id == default) continue;
            var status = StatusOf(entry);
            if (status is null || (!wanted(status.Value) && !Differs(entry.Id, status.Value, entry.LedgerLast))) continue;
            if (Row(entry.Id) is { } row) yield return row;
        }

        foreach (var row in NewRows())
        {
            if (wanted(row.Status)) yield return row;
        }
    }

    /// <summary>True when <see cref="Settlement.Settle"/> may find something: the ledger knows more, or the row does, or a begin waits for its answer, or the row is open after an end. Quick where nothing ever happened.</summary>
    private bool Differs(EmailId id, EmailStatus status, long known)
    {
        var last = Ledger.LastSequenceOf(id);
        return last > known || (status is EmailStatus.Pending or EmailStatus.Paused && (last < known || Ledger.HasUnanswered(id) || Ledger.HasEnds(id)));
    }

    /// <summary>Rows that are not in the file yet.</summary>
    protected virtual IEnumerable<ScheduledEmail> NewRows() => [];

    /// <summary>The status in the file, without reading the whole email where a first look showed it.</summary>
    protected virtual EmailStatus? StatusOf(QueueEntry entry) => entry.Status ?? entry.Email?.Status;
}
