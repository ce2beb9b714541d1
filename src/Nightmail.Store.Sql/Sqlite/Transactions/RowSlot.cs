using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>
/// One email in the hands of the writing thread: as the database has it, as it is to become, and what the ledger knows. Those that are
/// being sent are kept from batch to batch, so that the steps of an attempt need not read them again.
/// </summary>
internal sealed class RowSlot(EmailId id)
{
    private EmailLedger? ledger;

    /// <summary>Its name.</summary>
    public EmailId Id => id;

    /// <summary>Its number in the database; 0: not there yet.</summary>
    public long Number { get; set; }

    /// <summary>As the database has it, in the present transaction.</summary>
    public ScheduledEmail? Stored { get; set; }

    /// <summary>As the requests that have gone through want it; null: as stored.</summary>
    public ScheduledEmail? Changed { get; set; }

    /// <summary>As the request that is being applied wants it.</summary>
    public ScheduledEmail? Proposed { get; set; }

    /// <summary>As it is now; null: there is none.</summary>
    public ScheduledEmail? Current => Proposed ?? Changed ?? Stored;

    /// <summary>The ledger's entries, with those that are about to be written; null: not read yet.</summary>
    public List<LedgerEntry>? Entries { get; set; }

    /// <summary>The same as the rules want it.</summary>
    public EmailLedger Ledger => ledger ??= new(Entries!);
}
