using System.Buffers;
using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Mime.Reencoding;

/// <summary>What a walk through a message meets, in order.</summary>
internal interface IMimeVisitor
{
    /// <summary>A header section; the empty line behind it is part of it.</summary>
    void Header(PartHeader header);

    /// <summary>Some of the body of the leaf whose header came last, without the CRLF that ends its line.</summary>
    void Body(ReadOnlySpan<byte> piece, bool endsLine);

    /// <summary>The end of that body.</summary>
    /// <param name="byDelimiter">True when a boundary ends it: then the last CRLF belongs to that (RFC 2046 5.1.1).</param>
    void BodyEnd(bool byDelimiter);

    /// <summary>A line with a boundary, CRLF and all.</summary>
    void Delimiter(ReadOnlySpan<byte> line);

    /// <summary>Some of what stands before the first and behind the last boundary, which no reader shows.</summary>
    /// <param name="piece">Its bytes.</param>
    /// <param name="endsLine">True when the line ends with it.</param>
    /// <param name="inSigned">True within multipart/signed: covered by its signature unless it stands before the first boundary of that itself.</param>
    void Filler(ReadOnlySpan<byte> piece, bool endsLine, bool inSigned);
}

/// <summary>Walks through the structure of a message whose lines end in CRLF, piece by piece: no more than a header section is ever in memory.</summary>
internal sealed class MimeWalker(IMimeVisitor visitor)
{
    /// <summary>A line longer than this is passed on in pieces; a boundary is shorter.</summary>
    private const int MaxHeld = 4_096;

    /// <summary>Parts within parts; real messages have five or so.</summary>
    private const int MaxDepth = 100;

    private readonly List<(byte[] Delimiter, bool IsDigest, bool IsSigned)> open = [];
    private readonly ArrayBufferWriter<byte> held = new(MaxHeld + 256);
    private PartHeader? header = new(isMessage: true, inDigest: false, isSigned: false);
    private bool inBody;
    private bool atLineStart = true;

    /// <summary>Takes the next piece of the message.</summary>
    /// <exception cref="MessageInvalidException">The visitor cannot go on.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var end = bytes.IndexOf((byte)'\n');
            var taken = end < 0 ? bytes : bytes[..(end + 1)];
            bytes = bytes[taken.Length..];
            if (end >= 0 && held.WrittenCount == 0)
            {
                Take(taken, endsLine: true);
                continue;
            }

            held.Write(taken);
            // A CR waits for its LF.
            if (end < 0 && (held.WrittenCount < MaxHeld || held.WrittenSpan[^1] == '\r')) continue;
            Take(held.WrittenSpan, endsLine: end >= 0);
            held.ResetWrittenCount();
        }
    }

    /// <summary>The message is over.</summary>
    public void End()
    {
        if (held.WrittenCount > 0) Take(held.WrittenSpan, endsLine: false);
        if (header is not null) FinishHeader();
        if (inBody) visitor.BodyEnd(byDelimiter: false);
    }

    private void Take(ReadOnlySpan<byte> line, bool endsLine)
    {
        var startsLine = atLineStart;
        atLineStart = endsLine;
        if (startsLine && endsLine && line.StartsWith("--"u8) && Boundary(line, out var isLast) is >= 0 and var level)
        {
            Close(level, isLast);
            visitor.Delimiter(line);
        }
        else if (header is not null)
        {
            if (startsLine && line.SequenceEqual("\r\n"u8))
            {
                header.HasEmptyLine = true;
                FinishHeader();
            }
            else header.Add(line, startsLine);
        }
        else
        {
            if (endsLine) line = line[..^2];
            if (inBody) visitor.Body(line, endsLine);
            else visitor.Filler(line, endsLine, IsSigned());
        }
    }

    private void FinishHeader()
    {
        var finished = header!;
        finished.Finish();
        visitor.Header(finished);
        header = null;
        inBody = false;
        if (finished.Kind == PartKind.Multipart)
        {
            if (open.Count == MaxDepth) throw new MessageInvalidException($"the message has parts within parts, {MaxDepth} deep");
            open.Add((Encoding.Latin1.GetBytes("--" + finished.Boundary), finished.Type == "multipart/digest", finished.Type == "multipart/signed"));
        }
        else if (finished.Kind == PartKind.Message) header = new(isMessage: true, inDigest: false, IsSigned());
        else inBody = true;
    }

    private void Close(int level, bool isLast)
    {
        if (header is not null) FinishHeader();
        if (inBody) visitor.BodyEnd(byDelimiter: true);
        inBody = false;
        open.RemoveRange(isLast ? level : level + 1, open.Count - (isLast ? level : level + 1));
        header = isLast ? null : new(isMessage: false, open[level].IsDigest, IsSigned());
    }

    private bool IsSigned() => open.Exists(each => each.IsSigned);

    /// <summary>Which multipart's boundary the line is, the innermost first; -1: none.</summary>
    private int Boundary(ReadOnlySpan<byte> line, out bool isLast)
    {
        var text = line.TrimEnd(" \t\r\n"u8);
        for (var level = open.Count - 1; level >= 0; level--)
        {
            if (!text.StartsWith(open[level].Delimiter)) continue;
            var rest = text[open[level].Delimiter.Length..];
            isLast = rest.SequenceEqual("--"u8);
            if (isLast || rest.Length == 0) return level;
        }

        isLast = false;
        return -1;
    }
}
