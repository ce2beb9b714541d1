using System.Globalization;
using System.Text;

namespace Nightmail.Cli.Himalaya;

/// <summary>
/// Reads TOML 1.0: tables, dotted and quoted keys, the four kinds of strings, arrays, inline tables, comments. Numbers and times stay
/// words, because nothing here counts with them. Errors name the line.
/// </summary>
internal sealed class TomlReader
{
    private const string Bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// <summary>Deeper than anybody nests by hand; a file beyond it would only exhaust the stack.</summary>
    private const int DeepestNesting = 64;

    private readonly string text;
    private int at;
    private int depth;

    private TomlReader(string text) => this.text = text.ReplaceLineEndings("\n");

    /// <summary>The outermost table of the text.</summary>
    /// <exception cref="FormatException">It is no TOML.</exception>
    public static TomlValue.Table Read(string text) => new TomlReader(text).ReadAll();

    private TomlValue.Table ReadAll()
    {
        var root = new TomlValue.Table();
        var table = root;
        while (SkipToNext())
        {
            if (text[at] == '[') table = ReadHeading(root);
            else ReadPair(table);
            EndLine();
        }

        return root;
    }

    private TomlValue.Table ReadHeading(TomlValue.Table root)
    {
        var isArray = text.AsSpan(at).StartsWith("[[");
        at += isArray ? 2 : 1;
        var keys = ReadKeys();
        Expect(isArray ? "]]" : "]");
        if (!isArray) return Enter(root, keys);

        // One of a list of tables; nothing that is read here has any. Each counts by itself.
        var parent = Enter(root, keys[..^1]);
        var item = new TomlValue.Table();
        parent.Members[keys[^1]] = new TomlValue.List(parent.Find(keys[^1]) is TomlValue.List list ? [.. list.Items, item] : [item]);
        return item;
    }

    private void ReadPair(TomlValue.Table table)
    {
        var keys = ReadKeys();
        Expect("=");
        SkipBlanks();
        var parent = Enter(table, keys[..^1]);
        if (!parent.Members.TryAdd(keys[^1], ReadValue())) throw Wrong($"{string.Join('.', keys)} is given twice");
    }

    private TomlValue.Table Enter(TomlValue.Table table, IEnumerable<string> keys)
    {
        foreach (var key in keys)
        {
            if (!table.Members.TryGetValue(key, out var next)) table.Members.Add(key, next = new TomlValue.Table());
            table = next switch
            {
                TomlValue.Table inner => inner,
                TomlValue.List { Items: [.., TomlValue.Table last] } => last,
                _ => throw Wrong($"{key} is no table"),
            };
        }

        return table;
    }

    private List<string> ReadKeys()
    {
        var keys = new List<string>();
        do
        {
            SkipBlanks();
            keys.Add(ReadKey());
            SkipBlanks();
        }
        while (TryTake('.'));
        return keys;
    }

    private string ReadKey()
    {
        if (at < text.Length && text[at] is '"' or '\'') return ReadString();
        var start = at;
        while (at < text.Length && Bare.Contains(text[at], StringComparison.Ordinal)) at++;
        return at > start ? text[start..at] : throw Wrong("a key was expected");
    }

    private TomlValue ReadValue()
    {
        if (at >= text.Length) throw Wrong("a value was expected");
        if (++depth > DeepestNesting) throw Wrong("it is nested too deep");
        try
        {
            return text[at] switch
            {
                '"' or '\'' => new TomlValue.Text(ReadString()),
                '[' => ReadList(),
                '{' => ReadInlineTable(),
                _ => ReadWord(),
            };
        }
        finally
        {
            depth--;
        }
    }

    private TomlValue.Word ReadWord()
    {
        var start = at;
        while (at < text.Length && !" \t\n,]}#".Contains(text[at], StringComparison.Ordinal)) at++;
        return at > start ? new(text[start..at]) : throw Wrong("a value was expected");
    }

    private TomlValue.List ReadList()
    {
        at++;
        var items = new List<TomlValue>();
        while (true)
        {
            SkipToNext();
            if (TryTake(']')) return new(items);
            items.Add(ReadValue());
            SkipToNext();
            if (TryTake(',')) continue;
            Expect("]");
            return new(items);
        }
    }

    private TomlValue.Table ReadInlineTable()
    {
        at++;
        var table = new TomlValue.Table();
        SkipToNext();
        while (!TryTake('}'))
        {
            ReadPair(table);
            SkipToNext();
            if (!TryTake(','))
            {
                Expect("}");
                break;
            }

            SkipToNext();
        }

        return table;
    }

    private string ReadString()
    {
        var quote = text[at];
        var isLong = text.AsSpan(at).StartsWith(new string(quote, 3));
        at += isLong ? 3 : 1;
        // A line break right after the opening quotes is not part of the text.
        if (isLong) TryTake('\n');
        var read = new StringBuilder();
        while (at < text.Length)
        {
            if (text[at] == quote && (!isLong || text.AsSpan(at).StartsWith(new string(quote, 3))))
            {
                at += isLong ? 3 : 1;
                // Up to two quotes may stand before the closing ones.
                while (isLong && at < text.Length && text[at] == quote) read.Append(text[at++]);
                return read.ToString();
            }

            if (text[at] == '\n' && !isLong) break;
            if (text[at] == '\\' && quote == '"') ReadEscape(read);
            else read.Append(text[at++]);
        }

        throw Wrong("a string has no end");
    }

    private void ReadEscape(StringBuilder read)
    {
        at++;
        var escape = at < text.Length ? text[at++] : throw Wrong("a string has no end");
        switch (escape)
        {
            case 'b': read.Append('\b'); break;
            case 't': read.Append('\t'); break;
            case 'n': read.Append('\n'); break;
            case 'f': read.Append('\f'); break;
            case 'r': read.Append('\r'); break;
            case 'e': read.Append('\x1b'); break;
            case '"' or '\\': read.Append(escape); break;
            case 'u' or 'U': ReadCodePoint(read, escape == 'u' ? 4 : 8); break;
            case ' ' or '\t' or '\n':
                // A backslash at the end of a line joins it with the next word.
                while (at < text.Length && text[at] is ' ' or '\t' or '\n') at++;
                break;
            default: throw Wrong($"\\{escape} means nothing");
        }
    }

    private void ReadCodePoint(StringBuilder read, int digits)
    {
        if (at + digits > text.Length || !int.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            || !Rune.TryCreate(code, out var rune)) throw Wrong("no character has that number");
        at += digits;
        read.Append(rune.ToString());
    }

    private void EndLine()
    {
        SkipBlanks();
        if (at < text.Length && text[at] is not ('\n' or '#')) throw Wrong("the line should end here");
    }

    private void SkipBlanks()
    {
        while (at < text.Length && text[at] is ' ' or '\t') at++;
    }

    /// <summary>Goes on to what is neither blank, line break nor comment; false at the end.</summary>
    private bool SkipToNext()
    {
        while (at < text.Length && text[at] is ' ' or '\t' or '\n' or '#' or '\uFEFF')
        {
            if (text[at] == '#') at = text.IndexOf('\n', at) is >= 0 and var end ? end : text.Length;
            else at++;
        }

        return at < text.Length;
    }

    private bool TryTake(char wanted)
    {
        if (at >= text.Length || text[at] != wanted) return false;
        at++;
        return true;
    }

    private void Expect(string wanted)
    {
        SkipBlanks();
        if (!text.AsSpan(at).StartsWith(wanted)) throw Wrong($"'{wanted}' was expected");
        at += wanted.Length;
    }

    private FormatException Wrong(string what) => new($"line {text.AsSpan(0, Math.Min(at, text.Length)).Count('\n') + 1}: {what}");
}
