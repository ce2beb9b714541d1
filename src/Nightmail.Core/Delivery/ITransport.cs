namespace Nightmail.Core.Delivery;

/// <summary>
/// Asks the ledger, before the point of no return, whether this transaction may go out. Returns only when it is durable that the
/// accepted recipients may now have the email, or when that was refused.
/// </summary>
/// <param name="accepted">The recipients the server has accepted and that will have the email if the transaction succeeds.</param>
/// <param name="refused">The recipients it has already bounced or deferred, with its words.</param>
/// <param name="cancellationToken">Gives up waiting; then nothing may be sent.</param>
/// <returns>False: nothing may be sent; the transport drops the connection without the final dot and reports the accepted as untried.</returns>
public delegate ValueTask<bool> BeginDelivery(IReadOnlyList<string> accepted, IReadOnlyList<RecipientOutcome> refused, CancellationToken cancellationToken);

/// <summary>A way out of the house: SMTP, a command, a folder. One call is one transaction.</summary>
public interface ITransport : IAsyncDisposable
{
    /// <summary>
    /// Hands the message to the recipients. Calls <paramref name="begin"/> at most once, and before anything that could put the email out.
    /// A recipient that did not fit into this transaction is untried without a fault; the caller makes another one.
    /// </summary>
    /// <param name="envelope">Sender and recipients.</param>
    /// <param name="message">The message; not kept after the call.</param>
    /// <param name="begin">The ledger's leave.</param>
    /// <param name="cancellationToken">Breaks off before begin was called; after that the answer is waited for.</param>
    /// <returns>A verdict for each recipient. Never throws for what servers, networks or files do.</returns>
    Task<DeliveryOutcome> DeliverAsync(Envelope envelope, IOutgoingMessage message, BeginDelivery begin, CancellationToken cancellationToken);
}
