using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>A message in memory.</summary>
internal sealed class TextMessage(byte[] bytes) : IOutgoingMessage
{
    public TextMessage(string text) : this(Encoding.UTF8.GetBytes(text))
    {
    }

    public long Length { get; init; } = bytes.Length;

    public bool Is8Bit { get; init; }

    public bool NeedsSmtpUtf8 { get; init; }

    /// <summary>Thrown instead of the message's second half.</summary>
    public Exception? Failure { get; init; }

    public async ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        if (Failure is null)
        {
            await destination.WriteAsync(bytes, cancellationToken);
            return;
        }

        await destination.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), cancellationToken);
        throw Failure;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
