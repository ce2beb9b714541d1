using System.Buffers;
using System.Text;

namespace Nightmail.Mail.Mime.Reencoding;

/// <summary>Writes a message anew in ASCII, by the plans that a <see cref="PartSurvey"/> made of it.</summary>
internal sealed class AsciiRewriter(IReadOnlyList<BodyPlan> plans, IBufferWriter<byte> output) : IMimeVisitor
{
    private const int Base64Line = 76;

    private readonly QuotedPrintableWriter quoted = new();
    private readonly Base64Writer base64 = new();
    private int next;
    private BodyForm form;
    private bool owesLineEnd;
    private int column;

    /// <inheritdoc/>
    public void Header(PartHeader header)
    {
        BodyPlan? plan = header.Kind is PartKind.Leaf or PartKind.Opaque ? plans[next++] : null;
        form = plan?.Form ?? BodyForm.Kept;
        if (header.IsSigned)
        {
            // Every byte of it is signed, the empty line that is not there too.
            foreach (var field in header.Fields) output.Write(field.Raw.Span);
            if (header.HasEmptyLine) Write("\r\n");
            return;
        }

        var encoding = form switch
        {
            BodyForm.QuotedPrintable => "quoted-printable",
            BodyForm.Base64 => "base64",
            // What it holds is ASCII from here on, or was it all the time.
            _ when header.Encoding is "8bit" or "binary" => "7bit",
            _ => null,
        };
        foreach (var field in header.Fields)
        {
            if (encoding is null || !field.Is("Content-Transfer-Encoding")) output.Write(ShortLines.Of(field with { Raw = AsciiFields.Write(field) }).Span);
        }

        // Without these two lines a reader need not look for an encoding.
        if (encoding is not null && header.IsMessage && !header.Fields.Any(field => field.Is("MIME-Version"))) Write("MIME-Version: 1.0\r\n");
        if (form is BodyForm.QuotedPrintable or BodyForm.Base64 && plan!.Charset is { } charset) Write($"Content-Type: text/plain; charset={charset}\r\n");
        if (encoding is not null) Write($"Content-Transfer-Encoding: {encoding}\r\n");
        Write("\r\n");
    }

    /// <inheritdoc/>
    public void Body(ReadOnlySpan<byte> piece, bool endsLine)
    {
        switch (form)
        {
            case BodyForm.QuotedPrintable:
                quoted.Add(piece, output);
                if (endsLine) quoted.EndLine(output);
                break;
            case BodyForm.Base64:
                if (owesLineEnd) base64.Add("\r\n"u8, output);
                base64.Add(piece, output);
                owesLineEnd = endsLine;
                break;
            case BodyForm.Rewrapped:
                Wrap(piece);
                break;
            default:
                output.Write(piece);
                if (endsLine) Write("\r\n");
                break;
        }
    }

    /// <inheritdoc/>
    public void BodyEnd(bool byDelimiter)
    {
        if (form == BodyForm.QuotedPrintable) quoted.End(output);
        if (form == BodyForm.Base64 && owesLineEnd && !byDelimiter) base64.Add("\r\n"u8, output);
        base64.End(output);
        if (form == BodyForm.Rewrapped && column > 0) Write("\r\n");
        owesLineEnd = false;
        column = 0;
    }

    /// <inheritdoc/>
    public void Delimiter(ReadOnlySpan<byte> line) => output.Write(line);

    /// <summary>A line of filler that is not fit to send is left out; nobody is shown it.</summary>
    public void Filler(ReadOnlySpan<byte> piece, bool endsLine, bool inSigned)
    {
        if (endsLine && piece.Length <= TextBody.MaxLine && Ascii.IsValid(piece)) output.Write(piece);
        if (endsLine) Write("\r\n");
    }

    private void Wrap(ReadOnlySpan<byte> piece)
    {
        while (piece.Length > 0)
        {
            var taken = Math.Min(piece.Length, Base64Line - column);
            output.Write(piece[..taken]);
            column += taken;
            piece = piece[taken..];
            if (column < Base64Line) continue;
            Write("\r\n");
            column = 0;
        }
    }

    private void Write(string ascii) => output.Write(Encoding.ASCII.GetBytes(ascii));
}
