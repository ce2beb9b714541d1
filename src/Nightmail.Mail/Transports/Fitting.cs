using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Transports;

/// <summary>A message in the form that a server or program can carry.</summary>
/// <param name="Message">The message.</param>
/// <param name="Obstacle">Why it could not be brought into that form; empty where it was, or need not be, or nothing more is known.</param>
internal readonly record struct Fitting(IOutgoingMessage Message, string Obstacle)
{
    /// <summary>True when it can be carried without being re-encoded.</summary>
    public static bool IsAsItIs(IOutgoingMessage message, bool takes8Bit, bool takesUtf8) =>
        (takes8Bit || !message.Is8Bit) && (message.Header == HeaderForm.Ascii || (takesUtf8 && message.Header == HeaderForm.Utf8));

    /// <summary>The message as it is, or re-encoded for who takes no 8-bit text or no international header (RFC 6152 section 3).</summary>
    /// <exception cref="Core.Storage.StoreException">It cannot be read.</exception>
    public static async ValueTask<Fitting> ForAsync(IOutgoingMessage message, bool takes8Bit, bool takesUtf8, CancellationToken cancellationToken)
    {
        if (IsAsItIs(message, takes8Bit, takesUtf8)) return new(message, "");
        try
        {
            return new(await message.ToAsciiAsync(cancellationToken) ?? message, "");
        }
        catch (MessageInvalidException cannot)
        {
            return new(message, "; it cannot be re-encoded: " + cannot.Message);
        }
    }

    /// <summary>What is said of a message that in this form has more bytes than the account takes; null: it has not.</summary>
    /// <param name="envelope">Who it was for.</param>
    /// <param name="most">What the account takes; null: anything.</param>
    public DeliveryOutcome? TooLarge(Envelope envelope, long? most) => Message.Length <= (most ?? long.MaxValue) ? null
        : DeliveryOutcome.Of(Verdict.Untried, envelope.Recipients, null, begun: false) with { TooLarge = Message.Length, Phase = "envelope" };
}
