using System.Buffers;
using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Mime.Reencoding;

/// <summary>
/// A message that was handed in complete, in ASCII alone and in lines of at most 998 octets: its 8-bit texts become quoted-printable or
/// base64, names and free text in its header encoded-words. It is read anew whenever it is written, and never in memory as a whole.
/// </summary>
internal sealed class AsciiMessage : IOutgoingMessage
{
    private readonly IOutgoingMessage original;
    private readonly IReadOnlyList<BodyPlan> plans;

    private AsciiMessage(IOutgoingMessage original, IReadOnlyList<BodyPlan> plans, long length) => (this.original, this.plans, Length) = (original, plans, length);

    /// <inheritdoc/>
    public long Length { get; }

    /// <summary>Never.</summary>
    public bool Is8Bit => false;

    /// <summary>Never.</summary>
    public bool NeedsSmtpUtf8 => false;

    /// <summary>The message re-encoded.</summary>
    /// <exception cref="MessageInvalidException">It cannot be; says why.</exception>
    public static async ValueTask<AsciiMessage> OfAsync(IOutgoingMessage original, CancellationToken cancellationToken)
    {
        var survey = new PartSurvey();
        var looking = new WalkedStream(new MimeWalker(new SignatureGuard(survey)), new ArrayBufferWriter<byte>(), Stream.Null);
        await original.CopyToAsync(looking, cancellationToken);
        await looking.EndAsync(cancellationToken);
        var counted = new AsciiMessage(original, survey.Plans, 0);
        return new(original, survey.Plans, await counted.WriteAsync(Stream.Null, cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken) => await WriteAsync(destination, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IOutgoingMessage?> ToAsciiAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IOutgoingMessage?>(this);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask<long> WriteAsync(Stream destination, CancellationToken cancellationToken)
    {
        var produced = new ArrayBufferWriter<byte>();
        var writing = new WalkedStream(new MimeWalker(new AsciiRewriter(plans, produced)), produced, destination);
        await original.CopyToAsync(writing, cancellationToken);
        await writing.EndAsync(cancellationToken);
        return writing.Produced;
    }

    /// <summary>Refuses a message that brings a DKIM signature of its own: it is about the bytes that would be changed.</summary>
    private sealed class SignatureGuard(PartSurvey survey) : IMimeVisitor
    {
        private bool isInside;

        public void Header(PartHeader header)
        {
            if (!isInside && header.Fields.Any(field => field.Is("DKIM-Signature"))) throw new MessageInvalidException("it brings a DKIM signature, which would no longer be true");
            isInside = true;
            foreach (var field in header.Fields)
            {
                if (!header.IsSigned) ShortLines.Of(field with { Raw = AsciiFields.Write(field) });
                else if (!Ascii.IsValid(field.Raw.Span) || !ShortLines.IsShort(field.Raw.Span))
                    throw new MessageInvalidException($"its header '{field.Name}' holds bytes above 127 or lines of more than {TextBody.MaxLine} bytes and is signed, and the signature would no longer be true");
            }

            survey.Header(header);
        }

        public void Body(ReadOnlySpan<byte> piece, bool endsLine) => survey.Body(piece, endsLine);

        public void BodyEnd(bool byDelimiter) => survey.BodyEnd(byDelimiter);

        public void Delimiter(ReadOnlySpan<byte> line) => survey.Delimiter(line);

        public void Filler(ReadOnlySpan<byte> piece, bool endsLine, bool inSigned) => survey.Filler(piece, endsLine, inSigned);
    }
}
