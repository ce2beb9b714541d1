using Nightmail.Core.Campaigns;
using Nightmail.Server.Campaigns;

namespace Nightmail.Server.Api;

/// <summary>What words come to for somebody's variables.</summary>
internal static class Previews
{
    /// <summary>The rendering, and which variables it lacked.</summary>
    /// <exception cref="ApiProblem">422: it cannot be rendered.</exception>
    public static PreviewAnswer Of(ITemplateRenderer renderer, TemplateWords words, string? variables)
    {
        var findings = renderer.Inspect(words);
        if (findings.Problem is { } problem) throw ApiProblem.Invalid(problem.Field, problem.Error);
        try
        {
            var rendered = renderer.Render(words, variables);
            return new(rendered.Subject, rendered.Html, rendered.Text, Variables.Missing(findings.Variables, variables));
        }
        catch (TemplateException broken)
        {
            throw ApiProblem.Invalid(broken.Problem.Field, broken.Problem.Error);
        }
    }
}
