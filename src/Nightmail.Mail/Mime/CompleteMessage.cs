using System.Buffers;
using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Mail.Mime;

/// <summary>
/// A message that a person hands in complete. Its bytes are kept: only Bcc and Resent-Bcc go, Date, From and Message-ID come where
/// they are missing, and every line end becomes CRLF.
/// </summary>
internal static class CompleteMessage
{
    /// <summary>The message as it goes out.</summary>
    /// <exception cref="MessageInvalidException">The blob holds no message.</exception>
    public static async ValueTask<IOutgoingMessage> OpenAsync(IBlobStore blobs, BlobRef blob, MessageIdentity identity, CancellationToken cancellationToken)
    {
        var section = await ReadSectionAsync(blobs, blob, cancellationToken);
        var header = Rewrite(section, identity);
        var (body, is8Bit) = await LinesSegment.CountAsync(blobs, blob, section.BodyOffset, cancellationToken);
        return new OutgoingMessage([new MemorySegment(header), body], is8Bit, needsSmtpUtf8: !Ascii.IsValid(header.Span));
    }

    private static ReadOnlyMemory<byte> Rewrite(HeaderSection section, MessageIdentity identity)
    {
        var header = new ArrayBufferWriter<byte>();
        Add("Date", name => new FieldBuilder(name).Word(InternetDate.Format(identity.Date)));
        Add("From", name => new FieldBuilder(name).Mailboxes([Identities.From(identity)]));
        Add("Message-ID", name => new FieldBuilder(name).Word(Identities.MessageId(identity)));
        foreach (var field in section.Fields)
        {
            if (!field.Is("Bcc") && !field.Is("Resent-Bcc") && !IsBlankAndAdded(field)) header.Write(field.Raw.Span);
        }

        header.Write("\r\n"u8);
        return header.WrittenMemory;

        void Add(string name, Func<string, FieldBuilder> write)
        {
            if (section.Named(name).All(field => field.Value.Length == 0)) header.Write(Encoding.UTF8.GetBytes(write(name).Finish()));
        }

        // An empty field would stand beside the one that was added for it, and a message has each of these once.
        static bool IsBlankAndAdded(RawField field) => (field.Is("Date") || field.Is("From") || field.Is("Message-ID")) && field.Value.Length == 0;
    }

    private static async ValueTask<HeaderSection> ReadSectionAsync(IBlobStore blobs, BlobRef blob, CancellationToken cancellationToken)
    {
        await using var content = blobs.Open(blob);
        if (content.Length != blob.Size) throw BlobReading.TooShort(blob);
        return await HeaderScanner.ReadAsync(content, cancellationToken);
    }
}
