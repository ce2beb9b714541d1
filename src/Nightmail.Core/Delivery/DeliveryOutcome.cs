namespace Nightmail.Core.Delivery;

/// <summary>What a server said, in its own words.</summary>
/// <param name="Code">The three digits; 0 when it was not an SMTP server that spoke.</param>
/// <param name="Enhanced">The enhanced status code (RFC 3463), <c>5.1.1</c>, or null.</param>
/// <param name="Text">The rest, lines joined by a space; no line breaks or control characters.</param>
public sealed record Reply(int Code, string? Enhanced, string Text)
{
    /// <inheritdoc/>
    public override string ToString() => (Code, Enhanced) switch
    {
        (0, _) => Text,
        (_, null) => $"{Code} {Text}",
        _ => $"{Code} {Enhanced} {Text}",
    };
}

/// <summary>What one transaction came to for one recipient.</summary>
public enum Verdict
{
    /// <summary>The server took responsibility.</summary>
    Delivered,

    /// <summary>Not now, says the server about this recipient or message: later.</summary>
    Deferred,

    /// <summary>Never, says the server about this recipient or message.</summary>
    Bounced,

    /// <summary>It may be out: cut off after begin, or no reply.</summary>
    InDoubt,

    /// <summary>Not handed over, through no fault of recipient or message (the account failed, or the transaction was full).</summary>
    Untried,
}

/// <summary>One recipient and what became of it in one transaction.</summary>
public sealed record RecipientOutcome(string Address, Verdict Verdict, Reply? Reply = null);

/// <summary>Why an account could not send; the circuit breaker counts by it.</summary>
public enum AccountFaultReason
{
    /// <summary>Login refused or impossible (530, 534, 535, 538, 5.7.8, 5.7.0).</summary>
    Auth,

    /// <summary>A rate or quota reply.</summary>
    Quota,

    /// <summary>The server distrusts the sender as a whole.</summary>
    Reputation,

    /// <summary>DNS, connect, time-out, 421, greeting refused, connection lost before begin.</summary>
    Network,

    /// <summary>TLS could not be had or not be trusted.</summary>
    Tls,

    /// <summary>The sender's address was refused.</summary>
    Sender,

    /// <summary>Our own protocol slip (500, 501, 502, 503).</summary>
    Protocol,

    /// <summary>The account's settings or secret cannot be used (no such command, folder not writable).</summary>
    Configuration,
}

/// <summary>An account that could not send, and the words that say why.</summary>
/// <param name="Reason">The kind, for the circuit breaker.</param>
/// <param name="Words">What happened, with host and phase: one line, no secret, no recipient.</param>
public sealed record AccountFault(AccountFaultReason Reason, string Words)
{
    /// <summary>True when the server asks for less and not for another login or address: 421, or a greeting of 4xx. Not kept in any store.</summary>
    public bool SlowsDown { get; init; }

    /// <summary>True when the account is to be used less from here on.</summary>
    public bool WantsLess => SlowsDown || Reason == AccountFaultReason.Quota;
}

/// <summary>
/// What one transaction came to: a verdict for every recipient it was asked to deliver to, each exactly once, and the account's fault
/// if it was that. A transport returns this; it does not throw for anything that a server or the network does.
/// </summary>
public sealed record DeliveryOutcome(IReadOnlyList<RecipientOutcome> Recipients, AccountFault? Fault = null)
{
    /// <summary>The reply to the final dot, where there was one.</summary>
    public Reply? FinalReply { get; init; }

    /// <summary>Where in the conversation it ended, for people: <c>connect</c>, <c>greeting</c>, <c>tls</c>, <c>auth</c>, <c>envelope</c>, <c>body</c>, <c>final dot</c>, <c>answered</c>.</summary>
    public string? Phase { get; init; }

    /// <summary>True when begin was granted in this transaction, so that the ledger waits for its outcome.</summary>
    public bool Begun { get; init; }

    /// <summary>
    /// True when the account's fault was said of a recipient, of DATA or of the message. Such an answer may be about this email after all, and
    /// then it would come for ever.
    /// </summary>
    public bool FaultIsAnswer { get; init; }

    /// <summary>
    /// The bytes of the message as it would have to travel, where those are more than the account takes and so nothing was said of it: re-encoded for a
    /// server without 8BITMIME, or signed, it is larger than it was composed. Null: it was not too large.
    /// </summary>
    public long? TooLarge { get; init; }

    /// <summary>Every recipient with the same verdict.</summary>
    public static DeliveryOutcome Of(Verdict verdict, IReadOnlyList<string> recipients, Reply? reply, bool begun) =>
        new([.. recipients.Select(address => new RecipientOutcome(address, verdict, reply))]) { FinalReply = reply, Begun = begun };

    /// <summary>No recipient tried, because the account failed.</summary>
    public static DeliveryOutcome OfFault(AccountFault fault, IReadOnlyList<string> recipients, bool begun = false) =>
        new([.. recipients.Select(address => new RecipientOutcome(address, Verdict.Untried))], fault) { Begun = begun };
}
