using System.Text.Json;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;
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

    /// <summary>The variables that are given, or those of the named recipient, or of the first one; null: there are none.</summary>
    /// <exception cref="ApiProblem">422: there is no such recipient.</exception>
    public static async Task<string?> VariablesAsync(CampaignId campaign, string? email, JsonElement? given, ICampaignEmails emails, CancellationToken cancellationToken)
    {
        if (given is { } own) return own.ValueKind == JsonValueKind.Object ? own.GetRawText() : throw ApiProblem.Invalid("variables", "variables are an object: {\"name\": \"Ada\"}");
        if (email is null) return await emails.RecipientsAsync(campaign, null, null, 1, cancellationToken) is [var first, ..] ? first.Variables : null;
        var found = await emails.FindRecipientAsync(campaign, RecipientReader.Address("email", email, null).Address, cancellationToken);
        return (found ?? throw ApiProblem.Invalid("email", $"'{Printable.OneLine(email)}' is no recipient of {campaign}")).Variables;
    }
}
