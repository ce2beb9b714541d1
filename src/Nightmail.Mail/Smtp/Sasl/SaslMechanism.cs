using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Smtp.Sasl;

/// <summary>One login by one mechanism (RFC 4422): what the client says, and what it makes of the server's challenges.</summary>
internal abstract class SaslMechanism
{
    /// <summary>What the client says before the server has said anything; null: the server goes first.</summary>
    public virtual byte[]? Initial => null;

    /// <summary>True when a server that answers "yes" now may be believed: it has proved what the mechanism has it prove.</summary>
    public virtual bool IsProved => true;

    /// <summary>Why the server said no, where it told the mechanism so before its reply; null: it did not.</summary>
    public virtual string? Hint => null;

    /// <summary>The answer to a challenge.</summary>
    /// <exception cref="SaslException">The challenge is none, or proves that this is not the server that knows us.</exception>
    public abstract byte[] Respond(ReadOnlySpan<byte> challenge);

    /// <summary>The text as it travels.</summary>
    protected static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

/// <summary>A login that the client ends.</summary>
/// <param name="words">Why; no secret.</param>
internal sealed class SaslException(string words) : Exception(words)
{
    /// <summary>Whose fault it is.</summary>
    public AccountFaultReason Reason { get; init; } = AccountFaultReason.Auth;
}
