namespace Nightmail.Core.Delivery;

/// <summary>
/// The append-only record of what may have left this house and of what a person took back. It lies outside the store's rows and outside
/// every backup, and it arbitrates between sender, rescuer and a person's change.
/// </summary>
public interface ISendLedger
{
    /// <summary>
    /// One atomic compare-and-append, durable when it returns: from here on the accepted recipients may have the email.
    /// Refused as <see cref="Arbitration.RefuseBegin"/> says.
    /// </summary>
    /// <param name="claim">The claim that sends.</param>
    /// <param name="entry">A begin entry of the claim's attempt, its sequence not yet given.</param>
    /// <param name="cancellationToken">Gives up waiting; whether the entry was written is then unknown, so nothing may be sent.</param>
    /// <returns>Null when granted; otherwise one line why not.</returns>
    /// <exception cref="Storage.StoreException">The ledger could not be written; nothing may be sent.</exception>
    ValueTask<string?> BeginAsync(Claim claim, LedgerEntry entry, CancellationToken cancellationToken);

    /// <summary>
    /// Makes durable what a begun transaction came to, where the attempt goes on with another one. The last transaction's outcome goes
    /// through <see cref="Storage.IEmailStore.RecordAsync"/> instead. Always accepted: a delivery is a fact, whoever holds the claim.
    /// </summary>
    /// <exception cref="Storage.StoreException">It could not be written; try again.</exception>
    ValueTask AppendOutcomeAsync(LedgerEntry entry, CancellationToken cancellationToken);
}
