using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Api;

/// <summary><c>/api/suppressions</c>: who gets no campaign mail.</summary>
internal static class SuppressionsApi
{
    public static void MapSuppressions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/suppressions").WithTags("suppressions");
        group.MapPost("", AddAsync).Needs(KeyScopes.Send).WithName("addSuppression");
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listSuppressions");
        group.MapDelete("/{target}", RemoveAsync).Needs(KeyScopes.Send).WithName("removeSuppression");
    }

    private static async Task<Created<SuppressionAnswer>> AddAsync(Body<SuppressionRequest> body, ISuppressionStore suppressions, TimeProvider time, CancellationToken cancellationToken)
    {
        var added = new Suppression(Target(body.Value.Target), body.Value.Reason, time.GetUtcNow());
        await suppressions.AddAsync([added], cancellationToken);
        return TypedResults.Created($"/api/suppressions/{Uri.EscapeDataString(added.Target)}", Answer(added));
    }

    private static async Task<Ok<Page<SuppressionAnswer>>> ListAsync(int? limit, string? cursor, ISuppressionStore suppressions, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        return TypedResults.Ok(Paging.Of(await suppressions.ListAsync(cursor, size + 1, cancellationToken), size, Answer, each => each.Target));
    }

    private static async Task<NoContent> RemoveAsync(string target, ISuppressionStore suppressions, CancellationToken cancellationToken) =>
        await suppressions.RemoveAsync(Target(target), cancellationToken) ? TypedResults.NoContent() : throw ApiProblem.NotFound("suppression", Printable.OneLine(target));

    private static string Target(string text) =>
        Suppression.TryReadTarget(text, out var target, out var error) ? target : throw ApiProblem.Invalid("target", $"'{Printable.OneLine(text)}' is neither an address nor *@domain: {error}");

    private static SuppressionAnswer Answer(Suppression suppression) => new(suppression.Target, suppression.Reason, ApiTimes.Text(suppression.Since));
}
