using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Nightmail.Cli.Configuration;

/// <summary>Puts accounts into the text of a configuration and takes them out. Everything else in it, comments too, stays as it is.</summary>
internal static class ConfigEditor
{
    private static readonly JsonWriterOptions Written = new() { Indented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text with a further account at the end of the section <c>accounts</c>, which is made if there is none.</summary>
    /// <param name="path">The file, for errors.</param>
    /// <param name="content">Its text; empty for a new file.</param>
    /// <param name="name">The account's name, which no other has.</param>
    /// <param name="write">Writes the account's members.</param>
    public static byte[] WithAccount(string path, byte[] content, string name, Action<Utf8JsonWriter> write)
    {
        var text = Encoding.UTF8.GetString(content);
        var entry = Entry(name, write);
        if (text.Trim(' ', '\t', '\r', '\n', '\uFEFF').Length == 0) return Encoding.UTF8.GetBytes($"{{\n  \"accounts\": {{\n{entry}\n  }}\n}}\n");
        var (bytes, root) = Parse(path, content);
        if (root.Members.Find(member => member.Key == "accounts") is not { Value.Kind: ConfigKind.Section } accounts)
            return Insert(bytes, root.Offset + 1, $"\n  \"accounts\": {{\n{entry}\n  }},");
        if (accounts.Value.Members is not [.., var last]) return Insert(bytes, accounts.Value.Offset + 1, $"\n{entry}\n  ");

        var end = EndOf(bytes, last.Value.Offset);
        var comma = SkipBlanks(bytes, end) is var next && bytes[next] == (byte)',' ? next + 1 : -1;
        var lineEnd = Array.IndexOf(bytes, (byte)'\n', comma < 0 ? end : comma);
        var close = EndOf(bytes, accounts.Value.Offset) - 1;
        // A comment behind the last account stays with it, where it ends its line.
        var at = lineEnd >= 0 && lineEnd < close ? lineEnd + 1 : comma < 0 ? end : comma;
        var added = Insert(bytes, at, at == lineEnd + 1 ? $"{entry}\n" : $"\n{entry}\n  ");
        return comma < 0 ? Insert(added, end, ",") : added;
    }

    /// <summary>The text without the account; null when there is none of that name.</summary>
    public static byte[]? WithoutAccount(string path, byte[] content, string name)
    {
        var (bytes, root) = Parse(path, content);
        var account = root.Members.Find(member => member.Key == "accounts")?.Value.Members.Find(member => member.Key == name);
        if (account is null) return null;
        var start = account.Offset;
        var lineStart = start;
        while (lineStart > 0 && bytes[lineStart - 1] is (byte)' ' or (byte)'\t') lineStart--;
        var end = EndOf(bytes, account.Value.Offset);
        if (SkipBlanks(bytes, end) is var next && bytes[next] == (byte)',') end = next + 1;

        // What else stands on its last line is blank or a comment on it, and goes too.
        var lineEnd = Array.IndexOf(bytes, (byte)'\n', end);
        var rest = Encoding.UTF8.GetString(bytes, end, (lineEnd < 0 ? bytes.Length : lineEnd) - end).Trim();
        var wholeLines = (lineStart == 0 || bytes[lineStart - 1] == (byte)'\n') && lineEnd >= 0 && (rest.Length == 0 || rest.StartsWith("//", StringComparison.Ordinal));
        return wholeLines ? [.. bytes[..lineStart], .. bytes[(lineEnd + 1)..]] : [.. bytes[..start], .. bytes[end..]];
    }

    private static string Entry(string name, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Written))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        var json = Encoding.UTF8.GetString(buffer.WrittenSpan).Replace("\n", "\n    ", StringComparison.Ordinal);
        return $"    \"{JsonEncodedText.Encode(name)}\": {json}";
    }

    /// <summary>Parses it; a byte order mark, which no offset counts, is taken off.</summary>
    private static (byte[] Bytes, ConfigNode Root) Parse(string path, byte[] content)
    {
        var root = ConfigDocument.Parse(path, content).Root;
        return (content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? content[Encoding.UTF8.Preamble.Length..] : content, root);
    }

    private static byte[] Insert(byte[] bytes, int at, string text) => [.. bytes[..at], .. Encoding.UTF8.GetBytes(text), .. bytes[at..]];

    private static int EndOf(byte[] bytes, int start)
    {
        var reader = new Utf8JsonReader(bytes.AsSpan(start), new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowMultipleValues = true });
        reader.Read();
        reader.Skip();
        return start + (int)reader.BytesConsumed;
    }

    /// <summary>The next byte that is neither blank nor in a comment. There is one: a brace closes every section.</summary>
    private static int SkipBlanks(byte[] bytes, int at)
    {
        while (true)
        {
            while (bytes[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') at++;
            if (bytes[at] != (byte)'/') return at;
            at = bytes[at + 1] == (byte)'/' ? Array.IndexOf(bytes, (byte)'\n', at) + 1 : at + 2 + bytes.AsSpan(at + 2).IndexOf("*/"u8) + 2;
        }
    }
}
