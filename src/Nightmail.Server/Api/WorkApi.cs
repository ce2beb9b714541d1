using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Storage;
using Nightmail.Server.Maintenance;

namespace Nightmail.Server.Api;

/// <summary><c>/api/scheduled-work</c>: what the server does again and again, and when.</summary>
internal static class WorkApi
{
    public static void MapWork(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/scheduled-work").WithTags("work");
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listWork");
        group.MapGet("/{name}", FindAsync).Needs(KeyScopes.Read).WithName("getWork");
        group.MapPut("/{name}", ChangeAsync).Needs(KeyScopes.Admin).WithName("changeWork");
    }

    private static async Task<Ok<IReadOnlyList<WorkShape>>> ListAsync(WorkDesk desk, CancellationToken cancellationToken) => TypedResults.Ok(await desk.ListAsync(cancellationToken));

    private static async Task<Ok<WorkShape>> FindAsync(string name, WorkDesk desk, CancellationToken cancellationToken) => TypedResults.Ok(await desk.FindAsync(name, cancellationToken));

    private static async Task<Ok<WorkShape>> ChangeAsync(string name, Body<WorkRequest> body, WorkDesk desk, CancellationToken cancellationToken) =>
        TypedResults.Ok(await desk.ChangeAsync(name, body.Value, "keep", cancellationToken));
}
