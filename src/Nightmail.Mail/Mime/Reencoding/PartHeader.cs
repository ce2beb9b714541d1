using System.Buffers;
using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Mime.Reencoding;

/// <summary>What an entity of MIME holds, as far as it matters to whoever re-encodes it.</summary>
internal enum PartKind
{
    /// <summary>A text or a file.</summary>
    Leaf,

    /// <summary>Parts between boundaries.</summary>
    Multipart,

    /// <summary>A message within the message.</summary>
    Message,

    /// <summary>Something that may not be encoded, or whose structure cannot be seen.</summary>
    Opaque,
}

/// <summary>The header section of the message or of one of its parts, byte for byte.</summary>
/// <param name="isMessage">True for the message and for messages within it; false for a part.</param>
/// <param name="inDigest">True for a part of multipart/digest, which is a message unless it says otherwise (RFC 2046 5.1.5).</param>
/// <param name="isSigned">True for what a signature around it covers.</param>
internal sealed class PartHeader(bool isMessage, bool inDigest, bool isSigned)
{
    private readonly List<ArrayBufferWriter<byte>> raw = [];
    private int length;

    /// <summary>True for the message and for messages within it.</summary>
    public bool IsMessage => isMessage;

    /// <summary>True for what a signature around it covers (multipart/signed).</summary>
    public bool IsSigned => isSigned;

    /// <summary>True when an empty line ended it; a part may end without one.</summary>
    public bool HasEmptyLine { get; set; }

    /// <summary>The fields in order; a line that is none has an empty name.</summary>
    public IReadOnlyList<RawField> Fields { get; private set; } = [];

    /// <summary>The Content-Type in small letters, without parameters.</summary>
    public string Type { get; private set; } = "";

    /// <summary>The boundary of a multipart, or null.</summary>
    public string? Boundary { get; private set; }

    /// <summary>The Content-Transfer-Encoding in small letters; empty where none is named.</summary>
    public string Encoding { get; private set; } = "";

    /// <summary>True when the body stands there as it is.</summary>
    public bool IsUnencoded => Encoding is "" or "7bit" or "8bit" or "binary";

    /// <summary>What it holds.</summary>
    public PartKind Kind { get; private set; }

    /// <summary>Takes the next line, or a piece of one.</summary>
    /// <exception cref="MessageInvalidException">It is longer than any header.</exception>
    public void Add(ReadOnlySpan<byte> piece, bool startsLine)
    {
        length += piece.Length;
        if (length > HeaderScanner.MaxLength) throw new MessageInvalidException($"the header of a part is longer than {HeaderScanner.MaxLength / 1024} kB");
        if (raw.Count == 0 || (startsLine && piece[0] is not ((byte)' ' or (byte)'\t'))) raw.Add(new());
        raw[^1].Write(piece);
    }

    /// <summary>Reads what was added.</summary>
    public void Finish()
    {
        Fields = [.. raw.Select((field, index) => new RawField(Name(field.WrittenSpan), field.WrittenMemory, index + 1))];
        var type = Fields.FirstOrDefault(field => field.Is("Content-Type"))?.Value;
        Type = type is null ? inDigest ? "message/rfc822" : "text/plain" : Word(type);
        Encoding = Fields.FirstOrDefault(field => field.Is("Content-Transfer-Encoding")) is { } encoding ? Word(encoding.Value) : "";
        Boundary = type is null ? null : MimeParameter.Find(type, "boundary");
        Kind = Type switch
        {
            _ when Type.StartsWith("multipart/", StringComparison.Ordinal) => Boundary is { Length: > 0 } && IsUnencoded ? PartKind.Multipart : PartKind.Opaque,
            "message/rfc822" or "message/global" => IsUnencoded ? PartKind.Message : PartKind.Opaque,
            "message/partial" => PartKind.Opaque,
            _ => PartKind.Leaf,
        };
    }

    private static string Word(string value)
    {
        var end = value.AsSpan().IndexOfAny(";( \t");
        return (end < 0 ? value : value[..end]).ToLowerInvariant();
    }

    private static string Name(ReadOnlySpan<byte> field)
    {
        var colon = field.IndexOf((byte)':');
        var name = colon < 0 ? default : field[..colon].TrimEnd(" \t"u8);
        return name.ContainsAnyExceptInRange((byte)'!', (byte)'~') ? "" : System.Text.Encoding.ASCII.GetString(name);
    }
}

/// <summary>Reads parameters of MIME fields (RFC 2045 5.1).</summary>
internal static class MimeParameter
{
    /// <summary>The value of the parameter of that name, or null.</summary>
    public static string? Find(string field, string name)
    {
        var at = 0;
        while (Skip(field, ref at))
        {
            var rest = field.AsSpan(at).TrimStart(" \t");
            if (!rest.StartsWith(name, StringComparison.OrdinalIgnoreCase)) continue;
            rest = rest[name.Length..].TrimStart(" \t");
            if (rest.Length == 0 || rest[0] != '=') continue;
            rest = rest[1..].TrimStart(" \t");
            if (rest.Length > 0 && rest[0] == '"') return Quoted(rest[1..]);
            var end = rest.IndexOfAny("; \t(");
            return (end < 0 ? rest : rest[..end]).ToString();
        }

        return null;
    }

    /// <summary>Moves behind the next semicolon that is in no quotes.</summary>
    private static bool Skip(string field, ref int at)
    {
        for (var quoted = false; at < field.Length; at++)
        {
            if (field[at] == '\\' && quoted) at++;
            else if (field[at] == '"') quoted = !quoted;
            else if (field[at] == ';' && !quoted)
            {
                at++;
                return true;
            }
        }

        return false;
    }

    private static string Quoted(ReadOnlySpan<char> text)
    {
        var value = new StringBuilder();
        for (var i = 0; i < text.Length && text[i] != '"'; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length) i++;
            value.Append(text[i]);
        }

        return value.ToString();
    }
}
