using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Csv;
using Nightmail.Server.OpenApi;

namespace Nightmail.Server.Api;

/// <summary><c>/api/logs</c>: every attempt, the newest first, in pages or as CSV.</summary>
internal static class LogsApi
{
    /// <summary>Rows that are read at once for a file.</summary>
    private const int AtOnce = 1000;

    private static readonly string[] Columns = ["number", "at", "email", "campaignId", "attempt", "retryCount", "account", "recipient", "outcome", "code", "enhanced", "words", "durationMs", "worker"];

    public static void MapLogs(this IEndpointRouteBuilder routes) => routes.MapGet("/api/logs", ListAsync).Needs(KeyScopes.Read).WithName("listLogs").WithTags("logs")
        .Produces<Page<LogAnswer>>().WithMetadata(new AlsoCsv());

    private static async Task<IResult> ListAsync(
        string? email, string? campaign, string? account, string? outcome, long? after, int? limit, string? cursor, HttpRequest request, ISendLog log, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        var filter = new SendLogFilter(
            email is null ? null : Paging.Email(email),
            campaign is null ? null : Paging.Campaign(campaign),
            account,
            outcome is null ? null : EmailStatusNames.ParseStatus(outcome) ?? throw ApiProblem.Invalid("outcome", $"'{Printable.OneLine(outcome)}' is no status"),
            Paging.Number(cursor), after);
        if (CsvAnswer.IsWanted(request)) return new CsvAnswer("send-log.csv", Columns, RowsAsync(filter, log, cancellationToken));
        return TypedResults.Ok(Paging.Of(await log.ListAsync(filter, size + 1, cancellationToken), size, Answer, entry => entry.Number.ToString()));
    }

    /// <summary>A row as the API shows it.</summary>
    internal static LogAnswer Answer(SendLogEntry entry) => new(
        entry.Number, ApiTimes.Text(entry.At), entry.Email.ToString(), entry.Campaign?.ToString(), entry.Attempt, entry.RetryCount, entry.Account, entry.Recipient, entry.Outcome.Name(), entry.Code, entry.Enhanced, entry.Words, entry.Took.TotalMilliseconds, entry.Worker);

    private static async IAsyncEnumerable<IReadOnlyList<string?>> RowsAsync(SendLogFilter filter, ISendLog log, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await log.ListAsync(filter, AtOnce, cancellationToken) is { Count: > 0 } some)
        {
            foreach (var row in some.Select(Answer))
            {
                yield return
                [
                    Text(row.Number), row.At, row.Email, row.CampaignId, Text(row.Attempt), Text(row.RetryCount), row.Account, row.Recipient, row.Outcome, row.Code?.ToString(CultureInfo.InvariantCulture),
                    row.Enhanced, row.Words, row.DurationMs.ToString(CultureInfo.InvariantCulture), row.Worker,
                ];
            }

            filter = filter with { Before = some[^1].Number };
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
