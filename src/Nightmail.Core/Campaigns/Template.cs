namespace Nightmail.Core.Campaigns;

/// <summary>The words of an email with places for variables. Every save is a version; a version never changes.</summary>
public sealed record Template
{
    /// <summary>Its name for ever.</summary>
    public required TemplateId Id { get; init; }

    /// <summary>The version of these words, 1 for the first.</summary>
    public required int Version { get; init; }

    /// <summary>What people call it; unique letter case aside.</summary>
    public required string Name { get; init; }

    /// <summary>The words.</summary>
    public required TemplateWords Words { get; init; }

    /// <summary>When it was first saved.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When this version was saved.</summary>
    public required DateTimeOffset SavedAt { get; init; }
}

/// <summary>What a template says.</summary>
/// <param name="Subject">The subject, on one line.</param>
/// <param name="Html">The HTML part; what is put into it is escaped. Null: there is none.</param>
/// <param name="Text">The text part; null: made from the HTML.</param>
public sealed record TemplateWords(string Subject, string? Html, string? Text);

/// <summary>What a template came to for one recipient.</summary>
public sealed record RenderedWords(string Subject, string? Html, string? Text);

/// <summary>What can be said of a template without a recipient.</summary>
/// <param name="Variables">The variables it uses, each once, in the order of their first use.</param>
/// <param name="Problem">Null when it can be used; otherwise where it breaks: the field, and one line why.</param>
public sealed record TemplateFindings(IReadOnlyList<string> Variables, TemplateProblem? Problem);

/// <summary>Why a template cannot be used or rendered.</summary>
/// <param name="Field"><c>subject</c>, <c>html</c> or <c>text</c>.</param>
/// <param name="Error">One line: what is wrong and where.</param>
public sealed record TemplateProblem(string Field, string Error);

/// <summary>A template that cannot be rendered for one recipient.</summary>
public sealed class TemplateException(TemplateProblem problem) : Exception($"{problem.Field}: {problem.Error}")
{
    /// <summary>Where and why.</summary>
    public TemplateProblem Problem => problem;
}

/// <summary>
/// Turns a template into words. It reads nothing but the variables it is given, escapes what goes into HTML, and ends in an error
/// rather than run long, nest deep, or write much.
/// </summary>
public interface ITemplateRenderer
{
    /// <summary>Looks at a template without rendering it.</summary>
    TemplateFindings Inspect(TemplateWords words);

    /// <summary>The words for one recipient. A variable that is missing becomes nothing.</summary>
    /// <param name="words">The template.</param>
    /// <param name="variables">A JSON object; null: no variables.</param>
    /// <exception cref="TemplateException">It cannot be rendered within its limits.</exception>
    RenderedWords Render(TemplateWords words, string? variables);
}
