using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;

namespace Nightmail.Server.Api;

/// <summary><c>/api/logs</c>: every attempt, the newest first.</summary>
internal static class LogsApi
{
    public static void MapLogs(this IEndpointRouteBuilder routes) => routes.MapGet("/api/logs", ListAsync).Needs(KeyScopes.Read).WithName("listLogs").WithTags("logs");

    private static async Task<Ok<Page<LogAnswer>>> ListAsync(string? email, string? campaign, string? account, string? outcome, int? limit, string? cursor, ISendLog log, CancellationToken cancellationToken)
    {
        var size = Paging.Size(limit);
        var filter = new SendLogFilter(
            email is null ? null : Paging.Email(email),
            campaign is null ? null : Paging.Campaign(campaign),
            account,
            outcome is null ? null : EmailStatusNames.ParseStatus(outcome) ?? throw ApiProblem.Invalid("outcome", $"'{Printable.OneLine(outcome)}' is no status"),
            cursor is null ? null : long.TryParse(cursor, out var before) ? before : throw ApiProblem.Invalid("cursor", "it is the 'next' of the page before"));
        return TypedResults.Ok(Paging.Of(await log.ListAsync(filter, size + 1, cancellationToken), size, Answer, entry => entry.Number.ToString()));
    }

    /// <summary>A row as the API shows it.</summary>
    internal static LogAnswer Answer(SendLogEntry entry) => new(
        entry.Number, ApiTimes.Text(entry.At), entry.Email.ToString(), entry.Campaign?.ToString(), entry.Attempt, entry.RetryCount, entry.Account, entry.Recipient, entry.Outcome.Name(), entry.Code, entry.Enhanced, entry.Words, entry.Took.TotalMilliseconds);
}
