using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Storage;
using Nightmail.Server.Security;

namespace Nightmail.Server.Api;

/// <summary>
/// Lets a browser in: a link is opened, its page asks for one press of a button, and the browser has a session. A link that was only looked at, by a mail
/// scanner or a preview, is not used up.
/// </summary>
internal static class LoginApi
{
    /// <summary>A form has a token in it and nothing else.</summary>
    private const long MostFormBytes = 4096;

    public static void MapLogin(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/login/{token}", Ask).Needs(KeyScopes.None).ExcludeFromDescription();
        routes.MapPost("/login", EnterAsync).Needs(KeyScopes.None).ExcludeFromDescription();
        routes.MapPost("/api/login-links", Create).Needs(KeyScopes.Admin).WithName("createLoginLink").WithTags("session").WithSummary("Makes a link that lets a browser in, once, within 15 minutes.");
        routes.MapGet("/api/session", ShowAsync).Needs(KeyScopes.Read).WithName("getSession").WithTags("session").WithSummary("The browser's session: when it ends, and what its pages send along (X-Antiforgery) when they change something.");
        routes.MapDelete("/api/session", End).Needs(KeyScopes.Read).WithName("endSession").WithTags("session").WithSummary("Ends the browser's session.");
        routes.MapDelete("/api/sessions", EndAllAsync).Needs(KeyScopes.Admin).WithName("endAllSessions").WithTags("session").WithSummary("Ends the sessions of all browsers.");
    }

    private static ContentHttpResult Ask(string token, HttpContext context) => Page(context, StatusCodes.Status200OK, "Log in", $"""
        <p>This link lets this browser in, once.</p>
        <form method="post" action="/login"><input type="hidden" name="token" value="{WebUtility.HtmlEncode(token)}"><button type="submit">Log in</button></form>
        """);

    private static async Task<ContentHttpResult> EnterAsync(HttpContext context, LoginLinks links, SessionCookie session, FailureBrake brake, CancellationToken cancellationToken)
    {
        if (!context.Request.HasFormContentType || context.Request.ContentLength is null or > MostFormBytes) throw ApiProblem.Malformed("send the form of a login link");
        // A browser says where its page comes from; ours is the only one with this form.
        if (context.Request.Headers["Sec-Fetch-Site"].ToString() is not ("" or "same-origin" or "none"))
            throw new ApiProblem(StatusCodes.Status403Forbidden, "Not from this page", "open the login link itself, and press its button");
        var token = (await context.Request.ReadFormAsync(cancellationToken))["token"].ToString();
        if (!links.TryUse(token))
        {
            await brake.PunishAsync(context);
            return Page(context, StatusCodes.Status403Forbidden, "Not with this link", "<p>It has been used, or has ended. <code>POST /api/login-links</code> with a key makes another.</p>");
        }

        await session.GiveAsync(context, cancellationToken);
        return Page(context, StatusCodes.Status200OK, "You are in", """<p>This browser may now use <a href="/api/health">the API</a> for the next hours.</p>""");
    }

    private static Created<LoginLinkAnswer> Create(HttpContext context, LoginLinks links)
    {
        var (token, until) = links.Create(LoginLinks.Lifetime);
        return TypedResults.Created("/api/session", new LoginLinkAnswer($"{context.Request.Scheme}://{context.Request.Host}/login/{token}", ApiTimes.Text(until)));
    }

    private static async Task<Ok<SessionAnswer>> ShowAsync(HttpContext context, SessionCookie session) =>
        await session.UntilOfAsync(context) is { } until ? TypedResults.Ok(new SessionAnswer(ApiTimes.Text(until), SessionCookie.AntiforgeryOf(context))) : throw ApiProblem.Conflict("a key has no session; a login link begins one");

    private static NoContent End(HttpContext context, SessionCookie session)
    {
        session.Take(context);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> EndAllAsync(SessionGeneration generation, CancellationToken cancellationToken)
    {
        await generation.RaiseAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static ContentHttpResult Page(HttpContext context, int status, string title, string body)
    {
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        // The address holds the token: no page that is opened from here may see it.
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.XFrameOptions = "DENY";
        return TypedResults.Content($"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}: nightmail</title><h1>{title}</h1>{body}</html>\n", "text/html; charset=utf-8", statusCode: status);
    }
}

/// <summary>A link that lets a browser in.</summary>
/// <param name="Url">The link; told once.</param>
/// <param name="Until">When it ends.</param>
public sealed record LoginLinkAnswer(string Url, string Until);

/// <summary>A browser's session.</summary>
/// <param name="Until">When it ends.</param>
/// <param name="Antiforgery">What its pages send along as X-Antiforgery when they change something.</param>
public sealed record SessionAnswer(string Until, string Antiforgery);
