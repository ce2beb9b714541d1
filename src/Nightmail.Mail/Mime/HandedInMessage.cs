using Nightmail.Core.Delivery;
using Nightmail.Mail.Mime.Reencoding;

namespace Nightmail.Mail.Mime;

/// <summary>A complete message whose bytes are kept as long as whoever gets it can carry them.</summary>
internal sealed class HandedInMessage(IOutgoingMessage kept) : IOutgoingMessage
{
    /// <inheritdoc/>
    public long Length => kept.Length;

    /// <inheritdoc/>
    public bool Is8Bit => kept.Is8Bit;

    /// <inheritdoc/>
    public bool NeedsSmtpUtf8 => kept.NeedsSmtpUtf8;

    /// <inheritdoc/>
    public HeaderForm Header => kept.Header;

    /// <inheritdoc/>
    public ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken) => kept.CopyToAsync(destination, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IOutgoingMessage?> ToAsciiAsync(CancellationToken cancellationToken) => await AsciiMessage.OfAsync(kept, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => kept.DisposeAsync();
}
