using System.Collections.Concurrent;
using System.Text.Json;
using HandlebarsDotNet;
using Nightmail.Core.Campaigns;

namespace Nightmail.Server.Templates;

/// <summary>Renders templates in the Handlebars language. Compiled templates are kept, so a campaign compiles once.</summary>
internal sealed class HandlebarsRenderer : ITemplateRenderer
{
    /// <summary>Compiled texts that are kept. A server has a few campaigns under way; when more come, all are compiled anew.</summary>
    private const int MaxCompiled = 200;

    private readonly ConcurrentDictionary<(string Field, string Source), HandlebarsTemplate<TextWriter, object, object>> compiled = new();
    private readonly IHandlebars html, plain;
    private readonly TimeProvider time;
    // A helper is the engine's, not a rendering's, and many render at once.
    private readonly AsyncLocal<RenderBudget?> budget = new();

    public HandlebarsRenderer(TimeProvider time)
    {
        this.time = time;
        (html, plain) = (Engine(noEscape: false), Engine(noEscape: true));
    }

    /// <inheritdoc/>
    public TemplateFindings Inspect(TemplateWords words)
    {
        List<string> variables = [];
        TemplateProblem? problem = null;
        foreach (var (field, source) in Fields(words))
        {
            try
            {
                variables.AddRange(TemplateTokens.Read(field, source).Variables.Except(variables, StringComparer.Ordinal));
                Compile(field, source);
            }
            catch (TemplateException broken)
            {
                problem ??= broken.Problem;
            }
        }

        return new(variables, problem);
    }

    /// <inheritdoc/>
    public RenderedWords Render(TemplateWords words, string? variables)
    {
        var data = TemplateData.Of(variables);
        var subject = Render("subject", words.Subject, data).ReplaceLineEndings(" ").Trim();
        var rendered = words.Html is { } source ? Render("html", source, data) : null;
        var text = words.Text is { } own ? Render("text", own, data) : rendered is null ? null : HtmlText.Of(rendered);
        return new(subject, rendered, text);
    }

    private static IEnumerable<(string Field, string Source)> Fields(TemplateWords words)
    {
        yield return ("subject", words.Subject);
        if (words.Html is { } html) yield return ("html", html);
        if (words.Text is { } text) yield return ("text", text);
    }

    private string Render(string field, string source, Dictionary<string, object?> data)
    {
        var template = Compile(field, source);
        var spending = new RenderBudget(time);
        budget.Value = spending;
        using var writer = new BudgetedWriter(spending);
        try
        {
            template(writer, data, new Dictionary<string, object?>());
            return writer.ToString();
        }
        catch (Exception failed) when (Cause(failed) is OverBudgetException over)
        {
            throw new TemplateException(new(field, over.Message));
        }
        catch (Exception failed) when (failed is HandlebarsException or JsonException)
        {
            throw new TemplateException(new(field, failed.Message.ReplaceLineEndings(" ")));
        }
        finally
        {
            budget.Value = null;
        }
    }

    private HandlebarsTemplate<TextWriter, object, object> Compile(string field, string source)
    {
        if (compiled.TryGetValue((field, source), out var known)) return known;
        var tokens = TemplateTokens.Read(field, source);
        try
        {
            if (compiled.Count >= MaxCompiled) compiled.Clear();
            using var reader = new StringReader(tokens.Compiled);
            return compiled[(field, source)] = (field == "html" ? html : plain).Compile(reader);
        }
        catch (HandlebarsException broken)
        {
            throw new TemplateException(new(field, broken.Message.ReplaceLineEndings(" ")));
        }
    }

    private IHandlebars Engine(bool noEscape)
    {
        var engine = Handlebars.Create(new HandlebarsConfiguration { NoEscape = noEscape, ThrowOnUnresolvedBindingExpression = false });
        engine.RegisterHelper(TemplateTokens.StepHelper, (writer, context, arguments) => budget.Value?.Step());
        return engine;
    }

    private static Exception Cause(Exception failed)
    {
        while (failed.InnerException is { } inner) failed = inner;
        return failed;
    }
}
