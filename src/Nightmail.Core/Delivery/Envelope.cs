namespace Nightmail.Core.Delivery;

/// <summary>Who sends and who gets one transaction: bare addresses, without names or angle brackets.</summary>
/// <param name="From">The reverse path (RFC 5321); empty for a message that must not bounce.</param>
/// <param name="Recipients">The forward paths, each once.</param>
public sealed record Envelope(string From, IReadOnlyList<string> Recipients);

/// <summary>
/// A message that is ready to go: written once an attempt, readable more than once. Its lines end in CRLF, it ends in CRLF, it holds
/// no bare CR or LF, and it is not dot-stuffed.
/// </summary>
public interface IOutgoingMessage : IAsyncDisposable
{
    /// <summary>Its exact size in bytes.</summary>
    long Length { get; }

    /// <summary>True when a byte above 127 occurs in the body, so that the server must have 8BITMIME.</summary>
    bool Is8Bit { get; }

    /// <summary>True when an address in its header is international, so that only SMTPUTF8 (RFC 6531) can carry it.</summary>
    bool NeedsSmtpUtf8 { get; }

    /// <summary>What its header is written in.</summary>
    HeaderForm Header => NeedsSmtpUtf8 ? HeaderForm.Utf8 : HeaderForm.Ascii;

    /// <summary>Writes all of it, from the start, to <paramref name="destination"/>.</summary>
    ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken);

    /// <summary>The same message in ASCII alone (RFC 6152 section 3), for a server or program that carries nothing else. It belongs to this one.</summary>
    /// <returns>Null when it can only be written as it is.</returns>
    /// <exception cref="MessageInvalidException">It cannot be re-encoded; the message says why.</exception>
    /// <exception cref="Storage.StoreException">It cannot be read.</exception>
    ValueTask<IOutgoingMessage?> ToAsciiAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IOutgoingMessage?>(null);
}

/// <summary>What the bytes of a header are.</summary>
public enum HeaderForm
{
    /// <summary>ASCII, which every server takes.</summary>
    Ascii,

    /// <summary>UTF-8 as it is, which takes SMTPUTF8 even where every address is ASCII.</summary>
    Utf8,

    /// <summary>Bytes above 127 of some old charset. No extension of SMTP carries them.</summary>
    Unknown,
}

/// <summary>Writes the message of an email.</summary>
public interface IMessageComposer
{
    /// <summary>Composes the message as <paramref name="identity"/> sends it.</summary>
    /// <exception cref="MessageInvalidException">No message can be written from it; it fails as <see cref="Emails.FailureReason.Invalid"/>.</exception>
    ValueTask<IOutgoingMessage> ComposeAsync(Emails.ScheduledEmail email, MessageIdentity identity, CancellationToken cancellationToken);
}

/// <summary>What the attempt, not the email, decides about the message.</summary>
/// <param name="From">The From mailbox as worded; a complete message keeps its own.</param>
/// <param name="Date">The Date header where the message brings none.</param>
/// <param name="MessageId">The Message-ID, with angle brackets, where the message brings none.</param>
public sealed record MessageIdentity(string From, DateTimeOffset Date, string MessageId);

/// <summary>An email that no message can be written from; the message says what to change.</summary>
/// <param name="message">One line.</param>
/// <param name="reason">What the email fails as: its own content, or its campaign's template.</param>
public sealed class MessageInvalidException(string message, Emails.FailureReason reason = Emails.FailureReason.Invalid) : Exception(message)
{
    /// <summary>What the email fails as.</summary>
    public Emails.FailureReason Reason => reason;
}
