using System.Text;

namespace Nightmail.Core.Emails;

/// <summary>What an email says and to whom, as it was worded when it was scheduled.</summary>
public sealed record EmailContent
{
    /// <summary>The text as a string, or as the UTF-8 that a store read; made a string by the first who asks.</summary>
    private object? text;
    private EnvelopeAddresses? addresses;

    /// <summary>The From mailbox (<c>Ada &lt;ada@example.org&gt;</c>); null: the sending account's.</summary>
    public string? From { get; init; }

    /// <summary>Mailboxes of the To field. With <see cref="Eml"/> these three lists are the envelope; the message's own headers stay.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>Mailboxes of the Cc field.</summary>
    public IReadOnlyList<string> Cc { get; init; } = [];

    /// <summary>Mailboxes that get the email and are never named in it.</summary>
    public IReadOnlyList<string> Bcc { get; init; } = [];

    /// <summary>The Subject, unencoded.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The text part; null when there is only HTML or a complete message.</summary>
    public string? Text
    {
        get
        {
            if (text is byte[] utf8) text = Encoding.UTF8.GetString(utf8);
            return (string?)text;
        }
        init => text = value;
    }

    /// <summary>The text part in UTF-8; null when nobody has it in that form: then <see cref="Text"/> is to be asked. The bytes are not to be changed.</summary>
    public byte[]? TextUtf8
    {
        get => text as byte[];
        init => text = value;
    }

    /// <summary>The HTML part, if any.</summary>
    public string? Html { get; init; }

    /// <summary>Extra header fields, in order.</summary>
    public IReadOnlyList<HeaderField> Headers { get; init; } = [];

    /// <summary>Files that travel with it; their bytes lie in the blob store.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    /// <summary>A complete RFC 5322 message that was handed in; its bytes are kept and the fields above only describe it.</summary>
    public BlobRef? Eml { get; init; }

    /// <summary>The bytes that it needs: its attachments', and the complete message's.</summary>
    public IEnumerable<BlobRef> Blobs => Eml is { } message ? Attachments.Select(attachment => attachment.Blob).Append(message) : Attachments.Select(attachment => attachment.Blob);

    /// <summary>Every mailbox of the envelope as worded: To, Cc, Bcc.</summary>
    public IEnumerable<string> AllMailboxes => To.Concat(Cc).Concat(Bcc);

    /// <summary>Every bare address of the envelope in order, each once, letter case aside.</summary>
    public IReadOnlyList<string> Addresses
    {
        get
        {
            // A copy with other mailboxes brings the addresses of the one it was made from.
            if (!ReferenceEquals(addresses?.Of, this)) addresses = new(this, To is [var only] && Cc.Count + Bcc.Count == 0 ? [AddressOf(only)] : [.. AllMailboxes.Select(AddressOf).Distinct(StringComparer.OrdinalIgnoreCase)]);
            return addresses.List;
        }
    }

    private static string AddressOf(string mailbox) => Mailbox.TryParse(mailbox, out var parsed, out _) ? parsed.Address : mailbox.Trim();

    private sealed class EnvelopeAddresses(EmailContent of, string[] list)
    {
        public EmailContent Of => of;

        public string[] List => list;
    }
}

/// <summary>One header field, unencoded and unfolded.</summary>
public sealed record HeaderField(string Name, string Value);

/// <summary>The content of a file by its hash: lower-case hex SHA-256, and its length in bytes.</summary>
public sealed record BlobRef(string Sha256, long Size);

/// <summary>A file that travels with an email.</summary>
/// <param name="FileName">Its name as the recipient sees it, without a folder.</param>
/// <param name="Blob">Its bytes.</param>
public sealed record Attachment(string FileName, BlobRef Blob)
{
    /// <summary>The MIME type; null: derived from the name.</summary>
    public string? ContentType { get; init; }

    /// <summary>Set for an inline part: what the HTML calls it (<c>cid:…</c>), without angle brackets.</summary>
    public string? ContentId { get; init; }
}
