using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Nightmail.Core.Storage;
using Nightmail.Server.Security;

namespace Nightmail.Server.Api;

/// <summary>Who may use a route: a bearer key with the scope that the route asks for, or a browser that a login link let in. An administrator's key has all scopes.</summary>
internal static class Access
{
    private const string Bearer = "Bearer ";

    /// <summary>The scope that the route asks for.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder route, KeyScopes scope)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new NeededScope(scope));

    /// <summary>
    /// Refuses a request without a key (401) or with one that may not do this (403), before anything of it is read. A route that says
    /// nothing needs an administrator's key.
    /// </summary>
    public static async Task CheckAsync(HttpContext context, ApiKeys keys)
    {
        var needed = context.GetEndpoint()?.Metadata.GetMetadata<NeededScope>()?.Scope ?? KeyScopes.Admin;
        if (needed != KeyScopes.None) await RequireAsync(context, keys, needed);
    }

    /// <summary>Refuses a request without a key that has the scope.</summary>
    public static async Task RequireAsync(HttpContext context, ApiKeys keys, KeyScopes needed)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.Length == 0 && await context.RequestServices.GetRequiredService<SessionCookie>().UntilOfAsync(context) is not null)
        {
            // Whoever has a link from this server's log or from an administrator is one; another site's page is not.
            if (!SessionCookie.IsOurPage(context)) throw new ApiProblem(StatusCodes.Status403Forbidden, "Not from this page", $"send {SessionCookie.AntiforgeryHeader} as GET /api/session gives it");
            return;
        }

        var key = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? await keys.FindAsync(header[Bearer.Length..].Trim(), context.RequestAborted) : null;
        if (key is null)
        {
            // Who brings nothing guesses nothing.
            if (header.Length > 0) await context.RequestServices.GetRequiredService<FailureBrake>().PunishAsync(context);
            context.Response.Headers.WWWAuthenticate = "Bearer";
            throw new ApiProblem(StatusCodes.Status401Unauthorized, "No valid key", "send a key of this server: Authorization: Bearer nm_…");
        }

        if ((key.Scopes & (needed | KeyScopes.Admin)) == KeyScopes.None)
            throw new ApiProblem(StatusCodes.Status403Forbidden, "Not with this key", $"this needs a key with the scope {needed.ToString().ToLowerInvariant()}");
    }

    /// <summary>The scope of a route; none: anybody may use it.</summary>
    internal sealed record NeededScope(KeyScopes Scope);
}
