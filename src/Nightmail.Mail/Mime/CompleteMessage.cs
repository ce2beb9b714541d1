using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime.Reencoding;

namespace Nightmail.Mail.Mime;

/// <summary>
/// A message that a person hands in complete. Its bytes are kept: only Bcc and Resent-Bcc go, Date, From and Message-ID come where
/// they are missing, every line end becomes CRLF, and a header of bytes above 127, which few servers take, becomes ASCII where it can.
/// </summary>
internal static class CompleteMessage
{
    /// <summary>The message as it goes out.</summary>
    /// <exception cref="MessageInvalidException">The blob holds no message.</exception>
    public static async ValueTask<IOutgoingMessage> OpenAsync(IBlobStore blobs, BlobRef blob, MessageIdentity identity, CancellationToken cancellationToken)
    {
        var section = await ReadSectionAsync(blobs, blob, cancellationToken);
        var header = Rewrite(section, identity, out var isInternational);
        var (body, is8Bit, longest) = await LinesSegment.CountAsync(blobs, blob, section.BodyOffset, cancellationToken);
        var kept = new OutgoingMessage([new MemorySegment(header), body], is8Bit, isInternational, FormOf(header.Span));
        // No server has to carry such a line, and some cut it in two.
        if (longest > TextBody.MaxLine) return await WithoutLongLinesAsync(kept, cancellationToken);
        return new HandedInMessage(kept);
    }

    private static async ValueTask<IOutgoingMessage> WithoutLongLinesAsync(IOutgoingMessage kept, CancellationToken cancellationToken)
    {
        try
        {
            return await AsciiMessage.OfAsync(kept, cancellationToken);
        }
        catch (MessageInvalidException cannot)
        {
            throw new MessageInvalidException($"the message has lines of more than {TextBody.MaxLine} bytes, which no server has to carry, and cannot be re-encoded: {cannot.Message}");
        }
    }

    private static HeaderForm FormOf(ReadOnlySpan<byte> header) => Ascii.IsValid(header) ? HeaderForm.Ascii : Utf8.IsValid(header) ? HeaderForm.Utf8 : HeaderForm.Unknown;

    private static ReadOnlyMemory<byte> Rewrite(HeaderSection section, MessageIdentity identity, out bool isInternational)
    {
        var header = new ArrayBufferWriter<byte>();
        // A signature of its own is about these very bytes.
        var isSigned = section.Named("DKIM-Signature").Any();
        Add("Date", name => new FieldBuilder(name).Word(InternetDate.Format(identity.Date)));
        Add("From", name => new FieldBuilder(name).Mailboxes([Identities.From(identity)]));
        Add("Message-ID", name => new FieldBuilder(name).Word(Identities.MessageId(identity)));
        // Of those that were added only a sender's address can hold anything above 127.
        isInternational = !Ascii.IsValid(header.WrittenSpan);
        foreach (var field in section.Fields)
        {
            if (field.Is("Bcc") || field.Is("Resent-Bcc") || IsBlankAndAdded(field)) continue;
            isInternational |= AsciiFields.NamesInternational(field);
            header.Write(ShortLines.Of(isSigned ? field : AsciiFields.Mended(field)).Span);
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
