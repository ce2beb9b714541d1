using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Smtp;

/// <summary>
/// The conversation with a server cannot go on. It never leaves the transport: there it becomes an outcome, by the phase it was in.
/// </summary>
/// <param name="phase">Where it broke.</param>
/// <param name="fault">Why, for the account.</param>
/// <param name="reply">The server's last words where it was they that ended it.</param>
/// <param name="inner">What the system said.</param>
internal sealed class ConversationBrokenException(SmtpPhase phase, AccountFault fault, Reply? reply = null, Exception? inner = null)
    : Exception(fault.Words, inner)
{
    /// <summary>Where it broke.</summary>
    public SmtpPhase Phase => phase;

    /// <summary>Why, for the account.</summary>
    public AccountFault Fault => fault;

    /// <summary>The server's last words, or null.</summary>
    public Reply? Reply => reply;

    /// <summary>True when a time limit ended it.</summary>
    public bool TimedOut { get; init; }

    /// <summary>True when a login was refused with a secret that had been kept from before, and its source gives another one by now.</summary>
    public bool SecretHasChanged { get; init; }
}
