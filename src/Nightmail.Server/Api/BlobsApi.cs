using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Api;

/// <summary><c>/api/blobs</c>: the bytes of attachments and complete messages. They come in here and from nowhere else: never from a path or an address in a request.</summary>
internal static class BlobsApi
{
    /// <summary>More than any mail server takes.</summary>
    private const long MostBytes = 1024L * 1024 * 1024;

    public static void MapBlobs(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/blobs").WithTags("blobs");
        group.MapPost("", AddAsync).Needs(KeyScopes.Send).WithName("uploadBlob").Accepts<string>("application/octet-stream").WithSummary("Uploads the bytes of an attachment or a complete message; the same bytes again change nothing.");
        group.MapGet("/{sha256}", Get).Needs(KeyScopes.Read).WithName("downloadBlob").Produces(StatusCodes.Status200OK, contentType: "application/octet-stream").WithSummary("Downloads what was uploaded.");
    }

    private static async Task<Ok<BlobShape>> AddAsync(HttpRequest request, ServerParts parts, CancellationToken cancellationToken)
    {
        if (request.ContentType?.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase) is not true)
            throw new ApiProblem(StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", "send the bytes themselves, with Content-Type: application/octet-stream");
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MostBytes;
        var blob = await parts.Blobs.AddAsync(request.Body, cancellationToken);
        return TypedResults.Ok(new BlobShape { Sha256 = blob.Sha256, Size = blob.Size });
    }

    private static FileStreamHttpResult Get(string sha256, long size, ServerParts parts)
    {
        try
        {
            return TypedResults.Stream(parts.Blobs.Open(new BlobRef(sha256, size)), "application/octet-stream");
        }
        catch (StoreException)
        {
            throw ApiProblem.NotFound("upload", Printable.OneLine(sha256));
        }
    }
}
