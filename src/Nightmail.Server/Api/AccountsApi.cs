using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;

namespace Nightmail.Server.Api;

/// <summary><c>/api/accounts</c>: who sends. Secrets go in and never come out.</summary>
internal static class AccountsApi
{
    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/accounts").WithTags("accounts");
        group.MapPost("", CreateAsync).Needs(KeyScopes.Admin).WithName("createAccount");
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listAccounts");
        group.MapPut("/order", OrderAsync).Needs(KeyScopes.Admin).WithName("orderAccounts");
        group.MapGet("/{name}", GetAsync).Needs(KeyScopes.Read).WithName("getAccount");
        group.MapPut("/{name}", SaveAsync).Needs(KeyScopes.Admin).WithName("saveAccount");
        group.MapDelete("/{name}", RemoveAsync).Needs(KeyScopes.Admin).WithName("deleteAccount");
    }

    private static async Task<Created<AccountShape>> CreateAsync(Body<AccountShape> body, AccountBook book, CancellationToken cancellationToken)
    {
        await book.AddAsync(body.Value, cancellationToken);
        return TypedResults.Created($"/api/accounts/{body.Value.Name}", (await book.FindAsync(body.Value.Name, cancellationToken)).Shape);
    }

    private static async Task<Ok<IReadOnlyList<AccountShape>>> ListAsync(AccountBook book, CancellationToken cancellationToken) =>
        TypedResults.Ok<IReadOnlyList<AccountShape>>([.. (await book.ListAsync(cancellationToken)).Select(each => each.Shape)]);

    private static async Task<Ok<AccountShape>> GetAsync(string name, HttpResponse response, AccountBook book, CancellationToken cancellationToken)
    {
        var (shape, version) = await book.FindAsync(name, cancellationToken);
        response.Headers.ETag = $"\"{version}\"";
        return TypedResults.Ok(shape);
    }

    private static async Task<Ok<AccountShape>> SaveAsync(string name, Body<AccountShape> body, [FromHeader(Name = "If-Match")] string? ifMatch, AccountBook book, CancellationToken cancellationToken)
    {
        if (body.Value.Name != name) throw ApiProblem.Invalid("name", "it is the one in the address; an account keeps its name");
        var (_, version) = await book.FindAsync(name, cancellationToken);
        await book.UpdateAsync(body.Value, Paging.Seen(ifMatch, version), cancellationToken);
        return TypedResults.Ok((await book.FindAsync(name, cancellationToken)).Shape);
    }

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
