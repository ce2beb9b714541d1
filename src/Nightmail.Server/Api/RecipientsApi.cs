using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Campaigns;
using Nightmail.Server.Csv;
using Nightmail.Server.OpenApi;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.Api;

/// <summary><c>/api/campaigns/{id}/recipients</c>: in as CSV or JSON lines, out in pages or as CSV.</summary>
internal static class RecipientsApi
{
    private const string JsonLinesType = "application/x-ndjson";

    /// <summary>Recipients that are read at once for a file.</summary>
    private const int AtOnce = 1000;

    private static readonly string[] Columns = ["email", "name", "status", "reason", "attempts", "lastError", "sentAt", "variables", "id"];

    public static void MapRecipients(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/campaigns/{id}/recipients").WithTags("campaigns");
        group.MapPost("", AddAsync).Needs(KeyScopes.Send).WithName("addRecipients").MakesOnce().Accepts<string>(CsvAnswer.MediaType, JsonLinesType).WithMetadata(Upload.SizeLimit);
        group.MapGet("", ListAsync).Needs(KeyScopes.Read).WithName("listRecipients").Produces<Page<RecipientAnswer>>().WithMetadata(new AlsoCsv());
    }

    /// <summary>The file is read through to its end before the first recipient is kept: a file with a mistake leaves nothing behind.</summary>
    private static async Task<Ok<RecipientsAnswer>> AddAsync(string id, HttpRequest request, CampaignDesk desk, ServerOptions options, CancellationToken cancellationToken)
    {
        var (campaign, counts, status) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        if (CampaignRules.WhyNot(CampaignAction.Edit, status, counts) is { } refusal) throw ApiProblem.Conflict(refusal);
        var isCsv = Upload.TypeOf(request, CsvAnswer.MediaType, JsonLinesType) == CsvAnswer.MediaType;
        return await Upload.WithAsync(request, options, async path =>
        {
            Func<IEnumerable<WordedRecipient>> recipients = isCsv ? () => RecipientCsv.Read(path) : () => JsonLines(path);
            foreach (var _ in recipients()) cancellationToken.ThrowIfCancellationRequested();
            var tally = await desk.AddAsync(campaign, recipients(), cancellationToken);
            return TypedResults.Ok(new RecipientsAnswer(tally.Added, tally.Duplicates, tally.Suppressed));
        }, cancellationToken);
    }

    private static async Task<IResult> ListAsync(string id, string? status, int? limit, string? cursor, HttpRequest request, CampaignDesk desk, ICampaignEmails emails, CancellationToken cancellationToken)
    {
        var (campaign, _, _) = await desk.FindAsync(Paging.Campaign(id), cancellationToken);
        var size = Paging.Size(limit);
        EmailStatus? wanted = status is null ? null : EmailStatusNames.ParseStatus(status) ?? throw ApiProblem.Invalid("status", $"'{Printable.OneLine(status)}' is no status");
        if (CsvAnswer.IsWanted(request)) return new CsvAnswer($"{campaign.Id}.csv", Columns, RowsAsync(campaign.Id, wanted, emails, cancellationToken));
        var found = await emails.RecipientsAsync(campaign.Id, wanted, Paging.EmailCursor(cursor), size + 1, cancellationToken);
        return TypedResults.Ok(Paging.Of(found, size, CampaignShapes.Recipient, email => email.Id.ToString()));
    }

    private static async IAsyncEnumerable<IReadOnlyList<string?>> RowsAsync(CampaignId campaign, EmailStatus? status, ICampaignEmails emails, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        EmailId? after = null;
        while (await emails.RecipientsAsync(campaign, status, after, AtOnce, cancellationToken) is { Count: > 0 } some)
        {
            foreach (var each in some.Select(CampaignShapes.Recipient))
                yield return [each.Email, each.Name, each.Status, each.Reason, each.Attempts.ToString(), each.LastError, each.SentAt, each.Variables?.GetRawText(), each.Id];
            after = some[^1].Id;
        }
    }

    private static IEnumerable<WordedRecipient> JsonLines(string path)
    {
        var number = 0;
        foreach (var line in LineFile.Read(path, RecipientReader.MaxVariables * 4))
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
                throw CsvFile.Line(number, "it is no JSON");
            }

            yield return RecipientReader.Read($"line {number}", element);
        }
    }
}
