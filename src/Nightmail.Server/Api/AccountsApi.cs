using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.Api;

/// <summary><c>/api/accounts</c>: who sends. Secrets go in and never come out.</summary>
internal static class AccountsApi
{
    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/accounts").WithTags("accounts");
        group.MapPost("", CreateAsync).Needs(KeyScopes.Admin).WithName("createAccount").MakesOnce();
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listAccounts");
        group.MapPut("/order", OrderAsync).Needs(KeyScopes.Admin).WithName("orderAccounts");
        group.MapGet("/{name}", GetAsync).Needs(KeyScopes.Read).WithName("getAccount");
        group.MapPut("/{name}", SaveAsync).Needs(KeyScopes.Admin).WithName("saveAccount");
        group.MapDelete("/{name}", RemoveAsync).Needs(KeyScopes.Admin).WithName("deleteAccount");
    }

    private static async Task<Created<AccountShape>> CreateAsync(Body<AccountShape> body, HttpContext context, AccountBook book, CancellationToken cancellationToken)
    {
        if (!await IsMadeAlreadyAsync(body.Value, NewThing.Of(context), book, cancellationToken)) await book.AddAsync(body.Value, cancellationToken);
        return TypedResults.Created($"/api/accounts/{body.Value.Name}", await ShownAsync(body.Value.Name, book, cancellationToken));
    }

    private static async Task<Ok<Page<AccountShape>>> ListAsync(int? limit, string? cursor, AccountBook book, CancellationToken cancellationToken)
    {
        IReadOnlyList<AccountShape> all = [.. (await book.ListAsync(cancellationToken)).Select(each => each.Shape)];
        var page = Paging.Within(all, limit, cursor, shape => shape.Name);
        return TypedResults.Ok(page with { Items = await book.WithCircuitsAsync(page.Items, cancellationToken) });
    }

    private static async Task<Ok<AccountShape>> GetAsync(string name, HttpResponse response, AccountBook book, CancellationToken cancellationToken)
    {
        var (shape, version) = await book.FindAsync(name, cancellationToken);
        response.Headers.ETag = $"\"{version}\"";
        return TypedResults.Ok((await book.WithCircuitsAsync([shape], cancellationToken))[0]);
    }

    private static async Task<Ok<AccountShape>> SaveAsync(string name, Body<AccountShape> body, [FromHeader(Name = "If-Match")] string? ifMatch, AccountBook book, CancellationToken cancellationToken)
    {
        if (body.Value.Name != name) throw ApiProblem.Invalid("name", "it is the one in the address; an account keeps its name");
        var (_, version) = await book.FindAsync(name, cancellationToken);
        await book.UpdateAsync(body.Value, Paging.Seen(ifMatch, version), cancellationToken);
        return TypedResults.Ok(await ShownAsync(name, book, cancellationToken));
    }

    private static async Task<AccountShape> ShownAsync(string name, AccountBook book, CancellationToken cancellationToken) =>
        (await book.WithCircuitsAsync([(await book.FindAsync(name, cancellationToken)).Shape], cancellationToken))[0];

    /// <summary>True when an earlier try of the same request has made the account, and did not live to say so.</summary>
    private static async Task<bool> IsMadeAlreadyAsync(AccountShape wanted, NewThing made, AccountBook book, CancellationToken cancellationToken) =>
        made.IsResumed && (await book.ListAsync(cancellationToken)).Any(each => each.Shape.Name == wanted.Name);

    private static async Task<NoContent> RemoveAsync(string name, AccountBook book, CancellationToken cancellationToken)
    {
        await book.RemoveAsync(name, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> OrderAsync(Body<OrderRequest> body, AccountBook book, CancellationToken cancellationToken)
    {
        await book.OrderAsync(body.Value.Names, cancellationToken);
        return TypedResults.NoContent();
    }
}
