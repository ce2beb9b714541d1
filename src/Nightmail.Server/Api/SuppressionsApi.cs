using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;
using Nightmail.Server.Csv;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.Api;

/// <summary><c>/api/suppressions</c>: who gets no campaign mail.</summary>
internal static class SuppressionsApi
{
    /// <summary>Rows in one transaction, or read at once for a file.</summary>
    private const int AtOnce = 500;

    private const int LongestRow = 4096;
    private const int LongestReason = 1000;

    public static void MapSuppressions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/suppressions").WithTags("suppressions");
        group.MapPost("", AddAsync).Needs(KeyScopes.Send).WithName("addSuppression").MakesOnce();
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listSuppressions");
        group.MapPost("/import", ImportAsync).Needs(KeyScopes.Send).WithName("importSuppressions").MakesOnce().Accepts<string>(CsvAnswer.MediaType).WithMetadata(Upload.SizeLimit)
            .WithSummary("Adds those of a CSV file: a column target or email, perhaps reason. A file with a mistake adds none.");
        group.MapGet("/export", (ISuppressionStore suppressions, CancellationToken cancel) => new CsvAnswer("suppressions.csv", ["target", "reason", "since"], RowsAsync(suppressions, cancel)))
            .Needs(KeyScopes.Read).WithName("exportSuppressions").Produces<string>(StatusCodes.Status200OK, CsvAnswer.MediaType).WithSummary("All of them as CSV, which import takes.");
        group.MapDelete("/{target}", RemoveAsync).Needs(KeyScopes.Send).WithName("removeSuppression");
    }

    private static async Task<Created<SuppressionAnswer>> AddAsync(Body<SuppressionRequest> body, ISuppressionStore suppressions, TimeProvider time, CancellationToken cancellationToken)
    {
        var added = new Suppression(Target("target", body.Value.Target), Reason("reason", body.Value.Reason), time.GetUtcNow());
        await suppressions.AddAsync([added], cancellationToken);
        return TypedResults.Created($"/api/suppressions/{Uri.EscapeDataString(added.Target)}", Answer(added));
    }

    private static async Task<Ok<Page<SuppressionAnswer>>> ListAsync(int? limit, string? cursor, ISuppressionStore suppressions, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        return TypedResults.Ok(Paging.Of(await suppressions.ListAsync(cursor, size + 1, cancellationToken), size, Answer, each => each.Target));
    }

    private static async Task<Ok<SuppressionsAnswer>> ImportAsync(HttpRequest request, ServerOptions options, ISuppressionStore suppressions, TimeProvider time, CancellationToken cancellationToken)
    {
        Upload.TypeOf(request, CsvAnswer.MediaType);
        return await Upload.WithAsync(request, options, async path =>
        {
            var (now, read, added) = (time.GetUtcNow(), 0L, 0L);
            foreach (var _ in Read(path, now)) cancellationToken.ThrowIfCancellationRequested();
            foreach (var some in Read(path, now).Chunk(AtOnce))
            {
                read += some.Length;
                added += await suppressions.AddAsync(some, cancellationToken);
            }

            return TypedResults.Ok(new SuppressionsAnswer(added, read - added));
        }, cancellationToken);
    }

    private static async Task<NoContent> RemoveAsync(string target, ISuppressionStore suppressions, CancellationToken cancellationToken) =>
        await suppressions.RemoveAsync(Target("target", target), cancellationToken) ? TypedResults.NoContent() : throw ApiProblem.NotFound("suppression", Printable.OneLine(target));

    private static IEnumerable<Suppression> Read(string path, DateTimeOffset now)
    {
        foreach (var row in CsvFile.Read(path, LongestRow))
        {
            var text = row["target"] ?? row["email"] ?? throw ApiProblem.Invalid("file", $"no column is called target or email; there are: {Printable.OneLine(string.Join(", ", row.Header))}");
            if (!Suppression.TryReadTarget(text, out var target, out var error)) throw CsvFile.Line(row.Line, $"'{Printable.OneLine(text)}' is neither an address nor *@domain: {error}");
            yield return new(target, Reason("file", row["reason"] ?? ""), now);
        }
    }

    private static async IAsyncEnumerable<IReadOnlyList<string?>> RowsAsync(ISuppressionStore suppressions, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        while (await suppressions.ListAsync(after, AtOnce, cancellationToken) is { Count: > 0 } some)
        {
            foreach (var each in some) yield return [each.Target, each.Reason, ApiTimes.Text(each.Since)];
            after = some[^1].Target;
        }
    }

    private static string Target(string field, string text) =>
        Suppression.TryReadTarget(text, out var target, out var error) ? target : throw ApiProblem.Invalid(field, $"'{Printable.OneLine(text)}' is neither an address nor *@domain: {error}");

    private static string Reason(string field, string text) => text.Length <= LongestReason ? text : throw ApiProblem.Invalid(field, $"a reason has at most {LongestReason} characters");

    private static SuppressionAnswer Answer(Suppression suppression) => new(suppression.Target, suppression.Reason, ApiTimes.Text(suppression.Since));
}
