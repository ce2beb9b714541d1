using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Campaigns;
using Nightmail.Server.Security;

namespace Nightmail.Server.Api;

/// <summary><c>/api/campaigns/{id}/recipients</c>: in as CSV or JSON lines, out in pages.</summary>
internal static class RecipientsApi
{
    /// <summary>The largest file of recipients: five million rows with a few variables.</summary>
    private const long MostBytes = 2_000_000_000;

    public static void MapRecipients(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/campaigns/{id}/recipients").WithTags("campaigns");
        group.MapPost("", AddAsync).Needs(KeyScopes.Send).WithName("addRecipients").Accepts<string>("text/csv", "application/x-ndjson");
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listRecipients");
    }

    /// <summary>The file is read through to its end before the first recipient is kept: a file with a mistake leaves nothing behind.</summary>
    private static async Task<Ok<RecipientsAnswer>> AddAsync(string id, HttpRequest request, CampaignDesk desk, ServerOptions options, CancellationToken cancellationToken)
    {
        var (campaign, counts, status) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        if (CampaignRules.WhyNot(CampaignAction.Edit, status, counts) is { } refusal) throw ApiProblem.Conflict(refusal);
        var isCsv = request.ContentType?.StartsWith("text/csv", StringComparison.OrdinalIgnoreCase) is true;
        if (!isCsv && request.ContentType?.StartsWith("application/x-ndjson", StringComparison.OrdinalIgnoreCase) is not true)
            throw new ApiProblem(StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", "send text/csv, or application/x-ndjson with one recipient a line");
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MostBytes;
        var path = Path.Combine(options.Folder, $"import-{Guid.NewGuid():N}.tmp");
        try
        {
            await using (var file = PrivateFile.Create(path))
                await request.Body.CopyToAsync(file, cancellationToken);
            Func<IEnumerable<WordedRecipient>> recipients = isCsv ? () => RecipientCsv.Read(path) : () => JsonLines(path);
            foreach (var _ in recipients()) cancellationToken.ThrowIfCancellationRequested();
            var tally = await desk.AddAsync(campaign, recipients(), cancellationToken);
            return TypedResults.Ok(new RecipientsAnswer(tally.Added, tally.Duplicates, tally.Suppressed));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task<Ok<Page<RecipientAnswer>>> ListAsync(string id, string? status, int? limit, string? cursor, CampaignDesk desk, ICampaignEmails emails, CancellationToken cancellationToken)
    {
        var (campaign, _, _) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        var size = Paging.Size(limit);
        EmailStatus? wanted = status is null ? null : EmailStatusNames.ParseStatus(status) ?? throw ApiProblem.Invalid("status", $"'{Printable.OneLine(status)}' is no status");
        var found = await emails.RecipientsAsync(campaign.Id, wanted, cursor is null ? null : Paging.Email(cursor), size + 1, cancellationToken);
        return TypedResults.Ok(Paging.Of(found, size, CampaignShapes.Recipient, email => email.Id.ToString()));
    }

    private static IEnumerable<WordedRecipient> JsonLines(string path)
    {
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            JsonElement element;
            try
            {
                element = JsonSerializer.Deserialize(line, ApiJson.Default.JsonElement);
            }
            catch (JsonException)
            {
                throw ApiProblem.Invalid("file", $"line {number}: it is no JSON");
            }

            yield return RecipientReader.Read($"line {number}", element);
        }
    }
}
