using System.Text;
using System.Text.Json;

namespace Nightmail.Cli.Configuration;

/// <summary>The configuration file as a tree whose every value knows its line and column. Comments and trailing commas are allowed.</summary>
internal sealed class ConfigDocument
{
    /// <summary>A configuration is written by hand; what is larger is some other file.</summary>
    public const int MaxSize = 1024 * 1024;

    private readonly byte[] bytes;

    private ConfigDocument(string path, byte[] bytes)
    {
        Path = path;
        this.bytes = bytes;
        Root = new(ConfigKind.Section, 0, "");
    }

    /// <summary>The file, for errors.</summary>
    public string Path { get; }

    /// <summary>The outermost section.</summary>
    public ConfigNode Root { get; private set; }

    /// <summary>Parses the bytes of the file.</summary>
    /// <exception cref="ConfigException">They are not JSON with a section outermost.</exception>
    public static ConfigDocument Parse(string path, byte[] content)
    {
        var bytes = content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? content[Encoding.UTF8.Preamble.Length..] : content;
        var document = new ConfigDocument(path, bytes);
        if (bytes.Length > MaxSize) throw new ConfigException($"{path}: larger than {MaxSize / 1024} KiB; is that the configuration?");
        if (Array.TrueForAll(bytes, one => one is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')) return document;
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        try
        {
            reader.Read();
            document.Root = ReadValue(ref reader);
            reader.Read();
        }
        catch (JsonException broken)
        {
            throw document.Error(document.OffsetOf(broken.LineNumber ?? 0, broken.BytePositionInLine ?? 0), FirstSentence(broken.Message));
        }
        catch (InvalidOperationException)
        {
            throw document.Error((int)reader.TokenStartIndex, "this text is not valid UTF-8");
        }

        return document.Root.Kind == ConfigKind.Section ? document : throw document.Error(document.Root.Offset, "a section in braces { } was expected");
    }

    /// <summary>An error about what stands at <paramref name="offset"/>.</summary>
    public ConfigException Error(int offset, string problem) => new($"{Place(offset)}: {problem}");

    /// <summary><c>file:line:column</c>, counted from 1 in characters.</summary>
    public string Place(int offset)
    {
        var before = bytes.AsSpan(0, Math.Min(offset, bytes.Length));
        var line = before.Count((byte)'\n') + 1;
        var column = Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
        return $"{Path}:{line}:{column}";
    }

    // The line counted from 0, as the reader does, and the byte in it.
    private int OffsetOf(long line, long byteInLine)
    {
        var start = 0;
        for (; line > 0; line--) start += bytes.AsSpan(start).IndexOf((byte)'\n') + 1;
        return start + (int)byteInLine;
    }

    private static ConfigNode ReadValue(ref Utf8JsonReader reader)
    {
        var offset = (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var section = new ConfigNode(ConfigKind.Section, offset, "");
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var (key, keyOffset) = (reader.GetString()!, (int)reader.TokenStartIndex);
                    reader.Read();
                    section.Members.Add(new(key, keyOffset, ReadValue(ref reader)));
                }

                return section;
            case JsonTokenType.StartArray:
                var list = new ConfigNode(ConfigKind.List, offset, "");
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) list.Items.Add(ReadValue(ref reader));
                return list;
            case JsonTokenType.String:
                return new(ConfigKind.Text, offset, reader.GetString()!);
            case JsonTokenType.Number:
                return new(ConfigKind.Number, offset, Encoding.UTF8.GetString(reader.ValueSpan));
            case JsonTokenType.True or JsonTokenType.False:
                return new(ConfigKind.Boolean, offset, reader.GetBoolean() ? "true" : "false");
            default:
                return new(ConfigKind.Null, offset, "null");
        }
    }

    // The reader's messages go on with positions, which stand in front already.
    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.');
    }
}
