using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Accounts;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;

namespace Nightmail.Server.Api;

/// <summary>Circuits of accounts: which are open, closing one by hand, and trying an account without sending.</summary>
internal static class CircuitsApi
{
    public static void MapCircuits(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/circuits", ListAsync).Needs(KeyScopes.Read).WithName("listOpenCircuits").WithTags("accounts").WithSummary("The circuits that are open, with why and until when.");
        routes.MapPost("/api/accounts/{name}/circuit/reset", ResetAsync).Needs(KeyScopes.Send).WithName("resetCircuit").WithTags("accounts").WithSummary("Closes an account's circuit by hand.");
        routes.MapPost("/api/accounts/{name}/test", TestAsync).Needs(KeyScopes.Admin).WithName("testAccount").WithTags("accounts").WithSummary("Connects, logs in, and says what the server offers. Nothing is sent.");
    }

    private static async Task<Ok<IReadOnlyList<CircuitShape>>> ListAsync(IEmailStore store, AccountBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        var standings = await store.AccountsAsync(await book.ReadyAsync(cancellationToken), cancellationToken);
        return TypedResults.Ok<IReadOnlyList<CircuitShape>>([.. standings.Where(each => each.Facts.Circuit.IsOpen).Select(each => CircuitShape.Of(each.Account.Name, each.Facts.Circuit, time.GetUtcNow()))]);
    }

    private static async Task<Ok<CircuitShape>> ResetAsync(string name, IEmailStore store, AccountBook book, CancellationToken cancellationToken)
    {
        await book.FindAsync(name, cancellationToken);
        if (!await store.ResetAccountAsync(name, cancellationToken)) throw ApiProblem.Conflict($"the circuit of account {Printable.OneLine(name)} is closed and no failure is known");
        return TypedResults.Ok(CircuitShape.Of(name, Circuit.Closed, default));
    }

    private static async Task<Ok<AccountTestAnswer>> TestAsync(string name, AccountBook book, ServerParts parts, CancellationToken cancellationToken)
    {
        await book.FindAsync(name, cancellationToken);
        var account = (await book.ReadyAsync(cancellationToken)).FirstOrDefault(each => each.Name == name) ?? throw ApiProblem.Conflict("its secret cannot be read; give it again");
        var (fault, offers) = await parts.CheckAccount(account, cancellationToken);
        return TypedResults.Ok(new AccountTestAnswer(name, fault is null, fault?.Reason.ToString().ToLowerInvariant(), fault?.Words, offers));
    }
}
