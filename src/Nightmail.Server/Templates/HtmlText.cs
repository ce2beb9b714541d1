using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace Nightmail.Server.Templates;

/// <summary>The text part of an email that only has HTML: its words, a line a block, the target of a link behind it.</summary>
internal static class HtmlText
{
    private static readonly HashSet<string> Hidden = new(["HEAD", "STYLE", "SCRIPT", "TITLE", "TEMPLATE"], StringComparer.Ordinal);

    private static readonly HashSet<string> Blocks = new(
        ["P", "DIV", "H1", "H2", "H3", "H4", "H5", "H6", "UL", "OL", "LI", "TABLE", "TR", "BLOCKQUOTE", "SECTION", "ARTICLE", "HEADER", "FOOTER", "HR"], StringComparer.Ordinal);

    private static readonly HashSet<string> Paragraphs = new(["P", "H1", "H2", "H3", "H4", "H5", "H6", "UL", "OL", "TABLE", "BLOCKQUOTE"], StringComparer.Ordinal);

    /// <summary>The text.</summary>
    public static string Of(string html)
    {
        var text = new StringBuilder();
        var document = new HtmlParser().ParseDocument(html);
        if (document.Body is { } body) Write(body, text);
        return text.ToString().Trim() + "\n";
    }

    private static void Write(INode node, StringBuilder text)
    {
        foreach (var child in node.ChildNodes)
        {
            if (child is IText words) Words(words.Data, text);
            else if (child is IElement element && !Hidden.Contains(element.NodeName)) Element(element, text);
        }
    }

    private static void Element(IElement element, StringBuilder text)
    {
        if (element.NodeName == "BR")
        {
            text.Append('\n');
            return;
        }

        var isBlock = Blocks.Contains(element.NodeName);
        if (isBlock) EndLine(text);
        if (element.NodeName == "LI") text.Append("- ");
        Write(element, text);
        if (element.NodeName == "A" && element.GetAttribute("href") is { Length: > 0 } target && element.TextContent.Trim() != target) text.Append(" <").Append(target).Append('>');
        if (element.NodeName is "TD" or "TH") text.Append(' ');
        if (!isBlock) return;
        EndLine(text);
        if (Paragraphs.Contains(element.NodeName) && text.Length > 1 && text[^2] != '\n') text.Append('\n');
    }

    /// <summary>Blanks and line breaks of the source are one blank.</summary>
    private static void Words(string data, StringBuilder text)
    {
        foreach (var letter in data)
        {
            if (!char.IsWhiteSpace(letter)) text.Append(letter);
            else if (text.Length > 0 && text[^1] is not (' ' or '\n')) text.Append(' ');
        }
    }

    private static void EndLine(StringBuilder text)
    {
        while (text.Length > 0 && text[^1] == ' ') text.Length--;
        if (text.Length > 0 && text[^1] != '\n') text.Append('\n');
    }
}
