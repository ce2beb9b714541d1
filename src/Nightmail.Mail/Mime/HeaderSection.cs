using System.Buffers;
using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Mime;

/// <summary>The header section of a complete message, as it came.</summary>
/// <param name="Fields">Its fields in order.</param>
/// <param name="BodyOffset">Where in the message the body starts.</param>
internal sealed record HeaderSection(IReadOnlyList<RawField> Fields, long BodyOffset)
{
    /// <summary>The fields of that name.</summary>
    public IEnumerable<RawField> Named(string name) => Fields.Where(field => field.Is(name));
}

/// <summary>One field of a header section.</summary>
/// <param name="Name">Its name, without the blanks that may stand before the colon.</param>
/// <param name="Raw">All of it, its lines ended by CRLF.</param>
/// <param name="Line">The number of its first line in the message, from 1.</param>
internal sealed record RawField(string Name, ReadOnlyMemory<byte> Raw, int Line)
{
    /// <summary>True when this is the field of that name.</summary>
    public bool Is(string name) => string.Equals(Name, name, StringComparison.OrdinalIgnoreCase);

    /// <summary>What stands behind the colon, unfolded (RFC 5322 2.2.3), without the blanks around it; encoded-words are kept.</summary>
    public string Value
    {
        get
        {
            var text = Charsets.Decode(Raw.Span);
            return text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..].Replace("\r\n", "", StringComparison.Ordinal).Trim(' ', '\t');
        }
    }
}

/// <summary>Collects the header section of a message that arrives piece by piece.</summary>
internal sealed class HeaderScanner
{
    /// <summary>Longest header section. Real ones have some kB; the limit keeps a wrong file from being read into memory.</summary>
    public const int MaxLength = 1024 * 1024;

    private static readonly byte[] ByteOrderMark = [0xef, 0xbb, 0xbf];
    private readonly List<(string Name, ArrayBufferWriter<byte> Raw, int Line)> fields = [];
    private readonly ArrayBufferWriter<byte> rest = new();
    private long consumed;
    private int line;
    private bool complete;

    /// <summary>Takes the next piece.</summary>
    /// <returns>True when the section has ended, so that no more pieces are wanted.</returns>
    /// <exception cref="MessageInvalidException">It is no header section; the message names the line.</exception>
    public bool Add(ReadOnlySpan<byte> piece)
    {
        // Only the piece can hold the line end that is missing so far.
        if (piece.IndexOf((byte)'\n') < 0)
        {
            rest.Write(piece);
            if (consumed + rest.WrittenCount > MaxLength) throw TooLong();
            return false;
        }

        rest.Write(piece);
        var bytes = rest.WrittenSpan.ToArray().AsSpan();
        rest.ResetWrittenCount();
        int end;
        while (!complete && (end = bytes.IndexOf((byte)'\n')) >= 0)
        {
            TakeLine(bytes[..end], end + 1);
            bytes = bytes[(end + 1)..];
        }

        rest.Write(bytes);
        return complete;
    }

    /// <summary>The section at the beginning of <paramref name="content"/>, which is read no further than it takes.</summary>
    /// <exception cref="MessageInvalidException">There is none.</exception>
    public static async ValueTask<HeaderSection> ReadAsync(Stream content, CancellationToken cancellationToken)
    {
        var scanner = new HeaderScanner();
        var buffer = new byte[8 * 1024];
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0 && !scanner.Add(buffer.AsSpan(0, read)))
        {
        }

        return scanner.Finish();
    }

    /// <summary>The section, when <see cref="Add"/> has said that it ended or there are no more pieces.</summary>
    /// <exception cref="MessageInvalidException">There is none.</exception>
    public HeaderSection Finish()
    {
        if (!complete && rest.WrittenCount > 0)
        {
            var last = rest.WrittenSpan.ToArray();
            TakeLine(last, last.Length);
        }

        if (consumed == 0) throw new MessageInvalidException("the message is empty");
        if (fields.Count == 0) throw new MessageInvalidException($"line {line}: the message has no header: expected fields such as 'Subject: …', then an empty line, then the text");
        return new([.. fields.Select(field => new RawField(field.Name, field.Raw.WrittenMemory, field.Line))], consumed);
    }

    private void TakeLine(ReadOnlySpan<byte> content, int length)
    {
        line++;
        if (line == 1 && content.StartsWith(ByteOrderMark)) content = content[3..];
        consumed += length;
        if (consumed > MaxLength) throw TooLong();
        if (content.Length > 0 && content[^1] == (byte)'\r') content = content[..^1];
        if (content.ContainsAny((byte)'\r', (byte)'\0')) throw Wrong(content.Contains((byte)'\0') ? "a NUL" : "a CR that ends no line", "only text in the header");
        if (content.Length == 0)
        {
            complete = true;
            return;
        }

        // The separator that mailbox files put before a message.
        if (line == 1 && (content.StartsWith("From "u8) || content.StartsWith(">From "u8))) return;
        if (content[0] is (byte)' ' or (byte)'\t')
        {
            if (fields.Count == 0) throw Wrong("a blank", "a field such as 'Subject: …'");
            if (content.TrimStart(" \t"u8).Length > 0) WriteLine(fields[^1].Raw, content);
            return;
        }

        var colon = content.IndexOf((byte)':');
        var name = colon < 0 ? default : content[..colon].TrimEnd(" \t"u8);
        if (name.Length == 0 || name.ContainsAnyExceptInRange((byte)'!', (byte)'~')) throw Wrong("no name and colon", "a field such as 'Subject: …', or an empty line before the text");
        var raw = new ArrayBufferWriter<byte>();
        WriteLine(raw, content);
        fields.Add((Encoding.ASCII.GetString(name), raw, line));
    }

    private MessageInvalidException Wrong(string found, string expected) => new($"line {line}: expected {expected}; found {found}");

    private static MessageInvalidException TooLong() => new($"the header is longer than {MaxLength / 1024} kB: is this a message?");

    private static void WriteLine(ArrayBufferWriter<byte> raw, ReadOnlySpan<byte> content)
    {
        raw.Write(content);
        raw.Write("\r\n"u8);
    }
}
