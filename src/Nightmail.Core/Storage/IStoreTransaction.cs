using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Core.Storage;

/// <summary>
/// What a store's transaction offers to the steps that are the same in every store: the present, the rows, the ledger and the circuits, to
/// be read and written as one atomic change. It sees what it has already written.
/// </summary>
public interface IStoreTransaction
{
    /// <summary>The present, by the store's clock.</summary>
    DateTimeOffset Now { get; }

    /// <summary>True while no begin is granted.</summary>
    bool SendingPaused { get; }

    /// <summary>The circuits that have something to say, by account.</summary>
    IReadOnlyDictionary<string, Circuit> Circuits { get; }

    /// <summary>The row as it lies in the store or as it is to become, or null.</summary>
    ScheduledEmail? Row(EmailId id);

    /// <summary>A row that nobody is sending, brought up to what the ledger knows; one under a claim as it is.</summary>
    ScheduledEmail Settled(ScheduledEmail row);

    /// <summary>All that the ledger knows of an email.</summary>
    EmailLedger LedgerOf(EmailId id);

    /// <summary>The circuit of an account.</summary>
    Circuit CircuitOf(string account);

    /// <summary>Writes a row.</summary>
    /// <returns>The row as it will be read again.</returns>
    ScheduledEmail Put(ScheduledEmail row);

    /// <summary>Writes a circuit.</summary>
    void PutCircuit(string account, Circuit circuit);

    /// <summary>Appends to the ledger, before any row is written.</summary>
    /// <returns>The entry's sequence.</returns>
    long Append(LedgerEntry entry);
}
