using System.Buffers;
using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;

namespace Nightmail.Mail.Mime;

/// <summary>
/// A message of one text that travels as it is, as most do: header and text in one borrowed piece of memory, the same bytes that
/// <see cref="PartWriter"/> would write.
/// </summary>
internal sealed class PlainMessage : IOutgoingMessage
{
    private const string Fields = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n";
    private readonly int length;
    private byte[]? bytes;

    private PlainMessage(byte[] bytes, int length) => (this.bytes, this.length) = (bytes, length);

    /// <inheritdoc/>
    public long Length => length;

    /// <inheritdoc/>
    public bool Is8Bit => false;

    /// <inheritdoc/>
    public bool NeedsSmtpUtf8 => false;

    /// <summary>The message of such an email.</summary>
    /// <param name="content">The email.</param>
    /// <param name="header">Its header, without the fields of MIME.</param>
    /// <returns>Null where header or text need more than this.</returns>
    public static PlainMessage? Of(EmailContent content, StringBuilder header)
    {
        if (content is not { Html: null, Attachments.Count: 0 } || (content.TextUtf8 is null && content.Text is null)) return null;
        var utf8 = content.TextUtf8 ?? Encoding.UTF8.GetBytes(content.Text!);
        var bytes = ArrayPool<byte>.Shared.Rent(header.Length + Fields.Length + TextBody.RoomFor(utf8.Length));
        var written = 0;
        foreach (var chunk in header.GetChunks())
        {
            if (Ascii.FromUtf16(chunk.Span, bytes.AsSpan(written), out var some) != OperationStatus.Done) return GiveBack(bytes);
            written += some;
        }

        written += Encoding.ASCII.GetBytes(Fields, bytes.AsSpan(written));
        var text = TextBody.WritePlain(utf8, bytes.AsSpan(written));
        return text < 0 ? GiveBack(bytes) : new(bytes, written + text);
    }

    /// <inheritdoc/>
    public ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken) =>
        destination.WriteAsync((bytes ?? throw new ObjectDisposedException(nameof(PlainMessage))).AsMemory(0, length), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref bytes, null) is { } borrowed) ArrayPool<byte>.Shared.Return(borrowed);
        return default;
    }

    private static PlainMessage? GiveBack(byte[] bytes)
    {
        ArrayPool<byte>.Shared.Return(bytes);
        return null;
    }
}
