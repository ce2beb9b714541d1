using System.Text;
using Nightmail.Core.Campaigns;

namespace Nightmail.Server.Templates;

/// <summary>
/// Reads a template once before it is compiled: which variables it uses, whether it stays within what we allow, and the text to
/// compile, in which every loop counts its steps.
/// </summary>
internal sealed class TemplateTokens
{
    /// <summary>A template in characters. The largest newsletter we have seen is a tenth of it.</summary>
    public const int MaxLength = 1_000_000;

    /// <summary>Blocks within blocks. People lose count before this.</summary>
    public const int MaxDepth = 12;

    /// <summary>The helper that counts.</summary>
    public const string StepHelper = "nightmail_step";

    private const string Open = "{{", Close = "}}";
    private static readonly string[] Blocks = ["if", "unless", "each", "with"];
    private readonly string field;
    private readonly string source;
    private readonly StringBuilder compiled = new();
    private readonly List<string> variables = [];
    private readonly Stack<string> open = new();
    private int position;

    private TemplateTokens(string field, string source) => (this.field, this.source) = (field, source);

    /// <summary>The text to compile.</summary>
    public string Compiled => compiled.ToString();

    /// <summary>The variables, each once, in the order of their first use.</summary>
    public IReadOnlyList<string> Variables => variables;

    /// <summary>Reads the template.</summary>
    /// <exception cref="TemplateException">It is not well-formed or uses what we do not allow.</exception>
    public static TemplateTokens Read(string field, string source)
    {
        var tokens = new TemplateTokens(field, source);
        tokens.ReadAll();
        return tokens;
    }

    private void ReadAll()
    {
        if (source.Length > MaxLength) throw Problem($"it has {source.Length} characters, the most is {MaxLength}");
        while (source.IndexOf(Open, position, StringComparison.Ordinal) is var start and >= 0)
        {
            if (start > 0 && source[start - 1] == '\\') throw Problem(@"a backslash before {{ is not allowed; write &#123;&#123; for two braces", start);
            compiled.Append(source, position, start - position);
            if (source.AsSpan(start).StartsWith("{{{{")) throw Problem("raw blocks ({{{{) are not allowed", start);
            var end = EndOf(start);
            Take(source[start..end], start);
            position = end;
        }

        compiled.Append(source, position, source.Length - position);
        if (open.Count > 0) throw Problem($"{{{{#{open.Peek()}}}}} has no {{{{/{open.Peek()}}}}}");
    }

    private int EndOf(int start)
    {
        var (opening, closing) = source.AsSpan(start).StartsWith("{{!--") ? ("{{!--", "--}}") : source.AsSpan(start).StartsWith("{{{") ? ("{{{", "}}}") : (Open, Close);
        var end = source.IndexOf(closing, start + opening.Length, StringComparison.Ordinal);
        return end < 0 ? throw Problem($"'{opening}' has no '{closing}'", start) : end + closing.Length;
    }

    private void Take(string tag, int start)
    {
        if (tag.StartsWith("{{!", StringComparison.Ordinal)) return;
        // A tag may eat the blanks around it: {{~ and ~}}.
        var words = tag.Trim('{', '}').Trim('~').Trim();
        compiled.Append(tag);
        switch (words.Length == 0 ? '\0' : words[0])
        {
            case '\0':
                throw Problem("an empty {{}} says nothing", start);
            case '>' or '*' or '^' or '=':
                throw Problem($"'{{{{{words[0]}' is not allowed: a template reads nothing but its variables", start);
            case '#':
                OpenBlock(words[1..].Trim(), tag, start);
                break;
            case '/':
                CloseBlock(words[1..].Trim(), start);
                break;
            case '&':
                Use(words[1..].Trim(), start);
                break;
            default:
                if (words is "else" || words.StartsWith("else ", StringComparison.Ordinal)) TakeElse(words[4..].Trim(), start);
                else Use(words, start);
                break;
        }
    }

    private void OpenBlock(string words, string tag, int start)
    {
        var parts = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || !Blocks.Contains(parts[0], StringComparer.Ordinal)) throw Problem($"there is no block '{words}'; there are {string.Join(", ", Blocks)}", start);
        if (parts.Length < 2) throw Problem($"{tag} names no variable", start);
        Use(parts[1], start);
        open.Push(parts[0]);
        if (open.Count > MaxDepth) throw Problem($"blocks lie {open.Count} deep, the most is {MaxDepth}", start);
        compiled.Append(Open).Append(StepHelper).Append(Close);
    }

    private void CloseBlock(string name, int start)
    {
        if (open.Count == 0 || open.Peek() != name) throw Problem($"{{{{/{name}}}}} closes nothing that is open", start);
        open.Pop();
    }

    private void TakeElse(string words, int start)
    {
        if (open.Count == 0) throw Problem("{{else}} stands in no block", start);
        if (words.Length > 0) throw Problem("{{else …}} takes no condition here; nest a block instead", start);
    }

    /// <summary>Inside each and with a name means a part of what they walk over, so only names outside of them, and those of @root, are the recipient's.</summary>
    private void Use(string path, int start)
    {
        if (path.Contains('(') || path.Contains(' ')) throw Problem($"'{path}' is not allowed: there are variables and no functions", start);
        var atRoot = path.StartsWith("@root.", StringComparison.Ordinal);
        var name = (atRoot ? path["@root.".Length..] : path).Split('.', '/', '[')[0];
        if (name == StepHelper) throw Problem($"'{name}' is a name of ours", start);
        if (name.Length == 0 || name is "this" || name.StartsWith('@')) return;
        if (!atRoot && open.Any(block => block is "each" or "with")) return;
        if (!variables.Contains(name, StringComparer.Ordinal)) variables.Add(name);
    }

    private TemplateException Problem(string error, int? at = null)
    {
        var line = at is { } index ? $"line {source.AsSpan(0, index).Count('\n') + 1}: " : "";
        return new(new(field, line + error));
    }
}
