using System.Buffers;
using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Mime.Reencoding;

/// <summary>How the body of one leaf is to be written.</summary>
internal enum BodyForm
{
    /// <summary>As it is: it is ASCII in lines that are not too long.</summary>
    Kept,

    /// <summary>As quoted-printable.</summary>
    QuotedPrintable,

    /// <summary>As base64.</summary>
    Base64,

    /// <summary>It is base64 already, in lines that are too long.</summary>
    Rewrapped,
}

/// <summary>The form of one leaf's body.</summary>
/// <param name="Form">How it is written.</param>
/// <param name="Charset">The charset to name where nothing says what the text is.</param>
internal sealed record BodyPlan(BodyForm Form, string? Charset);

/// <summary>Looks through a message and decides how each leaf is to be written, because a header goes before its body.</summary>
internal sealed class PartSurvey : IMimeVisitor
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ArrayBufferWriter<byte> scratch = new();
    private PartHeader header = null!;
    private Leaf leaf = new();

    /// <summary>The plans, a leaf each, in order.</summary>
    public List<BodyPlan> Plans { get; } = [];

    /// <inheritdoc/>
    public void Header(PartHeader header)
    {
        this.header = header;
        if (header.Kind is PartKind.Leaf or PartKind.Opaque) leaf = new();
    }

    /// <inheritdoc/>
    public void Body(ReadOnlySpan<byte> piece, bool endsLine)
    {
        leaf.Is8Bit |= !Ascii.IsValid(piece);
        leaf.Column += piece.Length;
        leaf.IsLong |= leaf.Column > TextBody.MaxLine;
        leaf.Length += piece.Length + (endsLine ? 2 : 0);
        leaf.IsUtf8 = leaf.IsUtf8 && IsUtf8(piece, endsLine);
        leaf.Quoted.Add(piece, scratch);
        if (endsLine)
        {
            leaf.Quoted.EndLine(scratch);
            leaf.Column = 0;
        }

        leaf.QuotedLength += scratch.WrittenCount;
        scratch.ResetWrittenCount();
    }

    /// <inheritdoc/>
    public void BodyEnd(bool byDelimiter) => Plans.Add(new(Form(), header.Fields.Any(field => field.Is("Content-Type")) ? null : leaf.IsUtf8 ? "utf-8" : "unknown-8bit"));

    /// <inheritdoc/>
    public void Delimiter(ReadOnlySpan<byte> line)
    {
        if (!Ascii.IsValid(line)) throw new MessageInvalidException("a boundary between its parts holds bytes above 127");
    }

    /// <inheritdoc/>
    public void Filler(ReadOnlySpan<byte> piece, bool endsLine, bool inSigned)
    {
        // Before the first boundary of multipart/signed the last header is its own, which no signature covers.
        if (inSigned && header.IsSigned && (!Ascii.IsValid(piece) || piece.Length > TextBody.MaxLine))
            throw new MessageInvalidException($"what stands between its parts holds bytes above 127 or lines of more than {TextBody.MaxLine} bytes and is signed, and the signature would no longer be true");
    }

    private BodyForm Form()
    {
        if (!leaf.Is8Bit && !leaf.IsLong) return BodyForm.Kept;
        var what = $"its part {Plans.Count + 1} ({header.Type}) holds {(leaf.Is8Bit ? "bytes above 127" : $"lines of more than {TextBody.MaxLine} bytes")}";
        if (header.IsSigned) throw new MessageInvalidException($"{what} and is signed, and the signature would no longer be true");
        if (header.Kind == PartKind.Opaque) throw new MessageInvalidException($"{what}, and what it is made of cannot be seen");
        if (header.Encoding == "base64" && !leaf.Is8Bit) return BodyForm.Rewrapped;
        if (!header.IsUnencoded) throw new MessageInvalidException($"{what}, although it says that it is encoded as {header.Encoding}");
        return leaf.QuotedLength <= Base64Lines.EncodedLength(leaf.Length) + 2 ? BodyForm.QuotedPrintable : BodyForm.Base64;
    }

    private bool IsUtf8(ReadOnlySpan<byte> piece, bool endsLine)
    {
        try
        {
            Span<char> characters = stackalloc char[256];
            do
            {
                leaf.Decoder.Convert(piece, characters, flush: endsLine, out var used, out _, out _);
                piece = piece[used..];
            }
            while (piece.Length > 0);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>What is known of the leaf so far.</summary>
    private sealed class Leaf
    {
        public QuotedPrintableWriter Quoted { get; } = new();

        public Decoder Decoder { get; } = StrictUtf8.GetDecoder();

        public bool Is8Bit { get; set; }

        public bool IsLong { get; set; }

        public bool IsUtf8 { get; set; } = true;

        public long Column { get; set; }

        public long Length { get; set; }

        public long QuotedLength { get; set; }
    }
}
