using Markdig;

namespace Nightmail.Cli.Drafts;

/// <summary>
/// A body written in Markdown. The text part is the source as it stands, which is made to be read; the HTML part is made from it, and HTML
/// in the source is shown as text.
/// </summary>
internal static class MarkdownBody
{
    /// <summary>The HTML of the source (CommonMark, with tables, strikethrough, task lists and bare links).</summary>
    public static string ToHtml(string markdown)
    {
        var pipeline = new MarkdownPipelineBuilder().UsePipeTables().UseEmphasisExtras().UseTaskLists().UseAutoLinks().DisableHtml().Build();
        return $"<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n<body>\n{Markdown.ToHtml(markdown, pipeline)}</body>\n</html>\n";
    }
}
