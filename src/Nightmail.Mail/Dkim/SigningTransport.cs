using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Storage;

namespace Nightmail.Mail.Dkim;

/// <summary>Signs every message before another transport gets it.</summary>
public sealed class SigningTransport(DkimSettings settings, ITransport inner, TimeProvider time) : ITransport
{
    private DkimSigner? signer;

    /// <inheritdoc/>
    public async Task<DeliveryOutcome> DeliverAsync(Envelope envelope, IOutgoingMessage message, BeginDelivery begin, CancellationToken cancellationToken)
    {
        SignedMessage signed;
        try
        {
            // The key is read with the first email, so that a command that sends nothing needs none. Read twice, it is the same.
            signer ??= DkimSigner.Load(settings);
            signed = await SignedMessage.OfAsync(signer, message, time, cancellationToken);
        }
        catch (DkimKeyException unusable)
        {
            return DeliveryOutcome.OfFault(new(AccountFaultReason.Configuration, unusable.Message), envelope.Recipients) with { Phase = "connect" };
        }
        catch (StoreException unreadable)
        {
            return DeliveryOutcome.Of(Verdict.Deferred, envelope.Recipients, new(0, null, $"the message could not be read: {unreadable.Message}"), begun: false) with { Phase = "connect" };
        }

        return await inner.DeliverAsync(envelope, signed, begin, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    /// <summary>A message with its signature in front. The message itself belongs to the caller.</summary>
    private sealed class SignedMessage(DkimSigner signer, byte[] signature, IOutgoingMessage message, TimeProvider time) : IOutgoingMessage
    {
        public long Length => signature.Length + message.Length;

        public bool Is8Bit => message.Is8Bit;

        public bool NeedsSmtpUtf8 => message.NeedsSmtpUtf8;

        public HeaderForm Header => message.Header;

        public static async ValueTask<SignedMessage> OfAsync(DkimSigner signer, IOutgoingMessage message, TimeProvider time, CancellationToken cancellationToken) =>
            new(signer, await signer.SignAsync(message, time.GetUtcNow(), cancellationToken), message, time);

        public async ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken)
        {
            await destination.WriteAsync(signature, cancellationToken);
            await message.CopyToAsync(destination, cancellationToken);
        }

        /// <summary>A signature is about bytes: the re-encoded ones get one of their own.</summary>
        public async ValueTask<IOutgoingMessage?> ToAsciiAsync(CancellationToken cancellationToken) =>
            await message.ToAsciiAsync(cancellationToken) is { } ascii ? await OfAsync(signer, ascii, time, cancellationToken) : null;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
