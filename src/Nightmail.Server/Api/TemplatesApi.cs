using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.Api;

/// <summary><c>/api/templates</c>: words with places for variables; every save is a version.</summary>
internal static class TemplatesApi
{
    private const int LongestName = 200;

    public static void MapTemplates(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/templates").WithTags("templates");
        group.MapPost("", CreateAsync).Needs(KeyScopes.Send).WithName("createTemplate").MakesOnce();
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listTemplates");
        group.MapGet("/{id}", GetAsync).Needs(KeyScopes.Read).WithName("getTemplate");
        group.MapPut("/{id}", SaveAsync).Needs(KeyScopes.Send).WithName("saveTemplate");
        group.MapDelete("/{id}", RemoveAsync).Needs(KeyScopes.Send).WithName("deleteTemplate");
        group.MapGet("/{id}/versions", VersionsAsync).Needs(KeyScopes.Read).WithName("listTemplateVersions");
        group.MapPost("/{id}/preview", PreviewAsync).Needs(KeyScopes.Read).WithName("previewTemplate");
    }

    private static async Task<Created<TemplateAnswer>> CreateAsync(Body<TemplateRequest> body, HttpContext context, ITemplateStore templates, ITemplateRenderer renderer, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var template = new Template { Id = new(NewThing.Of(context).Id), Version = 1, Name = Name(body.Value), Words = Words(body.Value, renderer), CreatedAt = now, SavedAt = now };
        // An earlier try of the same request may have made it.
        if (await templates.FindAsync(template.Id, null, cancellationToken) is null && !await templates.AddAsync(template, cancellationToken)) throw ApiProblem.Conflict($"there is a template '{Printable.OneLine(template.Name)}' already");
        return TypedResults.Created($"/api/templates/{template.Id}", Answer(template, renderer));
    }

    private static async Task<Ok<Page<TemplateAnswer>>> ListAsync(int? limit, string? cursor, ITemplateStore templates, ITemplateRenderer renderer, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        return TypedResults.Ok(Paging.Of(await templates.ListAsync(cursor, size + 1, cancellationToken), size, template => Answer(template, renderer), template => template.Name));
    }

    private static async Task<Ok<TemplateAnswer>> GetAsync(string id, int? version, HttpResponse response, ITemplateStore templates, ITemplateRenderer renderer, CancellationToken cancellationToken)
    {
        var template = await FindAsync(id, version, templates, cancellationToken);
        response.Headers.ETag = $"\"{template.Version}\"";
        return TypedResults.Ok(Answer(template, renderer));
    }

    private static async Task<Ok<TemplateAnswer>> SaveAsync(string id, Body<TemplateRequest> body, [FromHeader(Name = "If-Match")] string? ifMatch, ITemplateStore templates, ITemplateRenderer renderer, TimeProvider time, CancellationToken cancellationToken)
    {
        var present = await FindAsync(id, null, templates, cancellationToken);
        var next = present with { Version = Paging.Seen(ifMatch, present.Version) + 1, Name = Name(body.Value), Words = Words(body.Value, renderer), SavedAt = time.GetUtcNow() };
        return await templates.SaveAsync(next, cancellationToken) switch
        {
            SaveResult.Saved => TypedResults.Ok(Answer(next, renderer)),
            SaveResult.NameTaken => throw ApiProblem.Conflict($"there is a template '{Printable.OneLine(next.Name)}' already"),
            _ => throw ApiProblem.Outdated(),
        };
    }

    private static async Task<NoContent> RemoveAsync(string id, ITemplateStore templates, CancellationToken cancellationToken) =>
        await templates.RemoveAsync(Paging.Template(id), cancellationToken) ? TypedResults.NoContent() : throw ApiProblem.NotFound("template", Printable.OneLine(id));

    private static async Task<Ok<Page<TemplateAnswer>>> VersionsAsync(string id, int? limit, string? cursor, ITemplateStore templates, ITemplateRenderer renderer, CancellationToken cancellationToken)
    {
        var (size, before) = (Paging.Size(limit), Paging.Number(cursor));
        var versions = await templates.VersionsAsync(Paging.Template(id), before is { } number ? (int)Math.Clamp(number, 0, int.MaxValue) : null, size + 1, cancellationToken);
        if (versions.Count == 0 && before is null) throw ApiProblem.NotFound("template", Printable.OneLine(id));
        return TypedResults.Ok(Paging.Of(versions, size, template => Answer(template, renderer), template => template.Version.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<Ok<PreviewAnswer>> PreviewAsync(string id, Body<PreviewRequest> body, ITemplateStore templates, ITemplateRenderer renderer, ICampaignEmails emails, CancellationToken cancellationToken)
    {
        var (template, wanted) = (await FindAsync(id, null, templates, cancellationToken), body.Value);
        if (wanted.CampaignId is { } campaign) return TypedResults.Ok(Previews.Of(renderer, template.Words, await Previews.VariablesAsync(Paging.Campaign(campaign), wanted.Email, wanted.Variables, emails, cancellationToken)));
        if (wanted.Email is not null) throw ApiProblem.Invalid("campaignId", "name the campaign whose recipient it is");
        return TypedResults.Ok(Previews.Of(renderer, template.Words, wanted.Variables?.GetRawText()));
    }

    private static async Task<Template> FindAsync(string id, int? version, ITemplateStore templates, CancellationToken cancellationToken) =>
        await templates.FindAsync(Paging.Template(id), version, cancellationToken) ?? throw ApiProblem.NotFound("template", Printable.OneLine(id));

    private static string Name(TemplateRequest request) =>
        request.Name.Length is > 0 and <= LongestName && !request.Name.Any(char.IsControl) ? request.Name : throw ApiProblem.Invalid("name", $"a name has 1 to {LongestName} printable characters");

    private static TemplateWords Words(TemplateRequest request, ITemplateRenderer renderer)
    {
        if (request.Subject.AsSpan().ContainsAny("\r\n\0")) throw ApiProblem.Invalid("subject", "it holds a line break or a NUL, which no header may");
        if (request.Html is null && request.Text is null) throw ApiProblem.Invalid("html", "it has neither html nor text");
        var words = new TemplateWords(request.Subject, request.Html, request.Text);
        return renderer.Inspect(words).Problem is { } problem ? throw ApiProblem.Invalid(problem.Field, problem.Error) : words;
    }

    private static TemplateAnswer Answer(Template template, ITemplateRenderer renderer) => new(
        template.Id.ToString(), template.Version, template.Name, template.Words.Subject, template.Words.Html, template.Words.Text, renderer.Inspect(template.Words).Variables,
        ApiTimes.Text(template.CreatedAt), ApiTimes.Text(template.SavedAt));
}
