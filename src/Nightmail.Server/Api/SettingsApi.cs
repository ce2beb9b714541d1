using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Storage;
using Nightmail.Server.Settings;

namespace Nightmail.Server.Api;

/// <summary><c>/api/settings</c>: what can be changed while the server runs. A change takes effect at once.</summary>
internal static class SettingsApi
{
    public static void MapSettings(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/settings").WithTags("system");
        group.MapGet("", GetAsync).Needs(KeyScopes.Read).WithName("getSettings").WithSummary("The settings that hold now.");
        group.MapPatch("", ChangeAsync).Needs(KeyScopes.Admin).WithName("changeSettings").WithSummary("Changes settings; what is left out stays.");
    }

    private static async Task<Ok<SettingsShape>> GetAsync(HttpResponse response, SettingsBook book, CancellationToken cancellationToken) =>
        Answer(response, await book.CurrentAsync(cancellationToken));

    private static async Task<Ok<SettingsShape>> ChangeAsync(Body<SettingsShape> body, [FromHeader(Name = "If-Match")] string? ifMatch, HttpResponse response, SettingsBook book, CancellationToken cancellationToken)
    {
        var present = await book.CurrentAsync(cancellationToken);
        return Answer(response, await book.ChangeAsync(body.Value, Paging.Seen(ifMatch, present.Version), cancellationToken));
    }

    private static Ok<SettingsShape> Answer(HttpResponse response, ServerSettings settings)
    {
        response.Headers.ETag = $"\"{settings.Version}\"";
        return TypedResults.Ok(SettingsBook.Of(settings));
    }
}
