using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Server.Accounts;

namespace Nightmail.Server.Api;

/// <summary>
/// <c>POST /api/emails</c>: one email, or an array of them with a result each. An Idempotency-Key is kept with the emails, in the step that
/// keeps them.
/// </summary>
internal static class EmailScheduling
{
    /// <summary>Emails in one array: a transaction of a few milliseconds.</summary>
    private const int MostAtOnce = 1000;

    /// <summary>Schedules what the body holds.</summary>
    public static async Task<Results<Created<EmailAnswer>, Ok<EmailAnswer>, Ok<EmailsAnswer>>> ScheduleAsync(
        EmailsBody body, [FromHeader(Name = "Idempotency-Key")] string? key, ServerParts parts, AccountBook book, EmailDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var scheduler = new Scheduler(parts.Emails, time, await book.ReadyAsync(cancellationToken));
        if (body.One is { } one)
        {
            var result = await scheduler.ScheduleAsync(Request(one, key, "", parts.Blobs, time), cancellationToken);
            return result switch
            {
                ScheduleResult.Scheduled { Email: var email } => TypedResults.Created($"/api/emails/{email.Id}", await desk.AnswerAsync(email, cancellationToken)),
                ScheduleResult.Existing { Email: { } email } => TypedResults.Ok(await desk.AnswerAsync(email, cancellationToken)),
                _ => throw ProblemOf(result),
            };
        }

        return TypedResults.Ok(await ScheduleAsync(scheduler, body.Many, key, parts.Blobs, desk, time, cancellationToken));
    }

    private static async Task<EmailsAnswer> ScheduleAsync(Scheduler scheduler, IReadOnlyList<EmailRequest> emails, string? key, IBlobStore blobs, EmailDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        if (emails.Count is 0 or > MostAtOnce) throw ApiProblem.Malformed($"there are {emails.Count} emails; an array holds 1 to {MostAtOnce}");
        // Each email is known again only as part of the same array: another array under the same key is another request.
        var whole = key is null ? "" : Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(emails, ApiJson.Default.IReadOnlyListEmailRequest)));
        var results = new EmailResult?[emails.Count];
        List<(int Index, ScheduleRequest Request)> asked = [];
        for (var index = 0; index < emails.Count; index++)
        {
            try
            {
                asked.Add((index, Request(emails[index], key is null || asked.Count == 0 ? key : $"{key}[{index}]", whole, blobs, time)));
            }
            catch (ApiProblem wrong)
            {
                results[index] = Result(wrong);
            }
        }

        var context = await desk.ContextAsync(cancellationToken);
        var kept = await KeepAsync(scheduler, [.. asked.Select(each => each.Request)], hasKey: key is not null, context, cancellationToken);
        for (var i = 0; i < asked.Count; i++) results[asked[i].Index] = kept[i];
        return new([.. results.Select(each => each!)]);
    }

    /// <summary>With a key the first goes ahead: it alone carries the key as it is, and whether that is another request's must be known before anything is kept.</summary>
    private static async Task<IReadOnlyList<EmailResult>> KeepAsync(Scheduler scheduler, IReadOnlyList<ScheduleRequest> asked, bool hasKey, WhyContext context, CancellationToken cancellationToken)
    {
        List<EmailResult> kept = [];
        if (hasKey && asked.Count > 0)
        {
            var first = await scheduler.ScheduleAsync(asked[0], cancellationToken);
            kept.Add(first is ScheduleResult.KeyConflict ? throw ProblemOf(first) : Result(first, context));
        }

        foreach (var slice in Slices.Of(asked.Skip(kept.Count), each => (each.Content.Text?.Length ?? 0) + (each.Content.Html?.Length ?? 0)))
        {
            try
            {
                kept.AddRange((await scheduler.ScheduleAllAsync(slice, cancellationToken)).Select(result => Result(result, context)));
            }
            catch (StoreException trouble) when (kept.Count > 0)
            {
                // Some are kept, and whoever asked must hear which.
                var refused = Result(new ApiProblem(StatusCodes.Status503ServiceUnavailable, "The store cannot do it now", trouble.Message));
                kept.AddRange(slice.Select(_ => refused));
            }
        }

        return kept;
    }

    private static ScheduleRequest Request(EmailRequest request, string? key, string batch, IBlobStore blobs, TimeProvider time)
    {
        ScheduleResult.Invalid? refused = null;
        (DateTimeOffset Instant, Wish? Wish) Read(string field, string text, bool allowPast)
        {
            try
            {
                return ApiTimes.Read(field, text, time, allowPast);
            }
            catch (ApiProblem passed) when (key is not null && !allowPast)
            {
                // Somebody may ask again for an answer that was lost, after the time has come: whether the key is new decides.
                var read = ApiTimes.Read(field, text, time, allowPast: true);
                refused ??= new(field, passed.Message);
                return read;
            }
        }

        var (at, wish) = request.ScheduledFor is { } wanted ? Read("scheduledFor", wanted, request.AllowPast) : (time.GetUtcNow(), null);
        DateTimeOffset? notAfter = request.NotAfter is { } last ? Read("notAfter", last, allowPast: false).Instant : null;
        return new()
        {
            Content = request.Read(blobs),
            ScheduledFor = at, Wish = wish, AtAsWorded = batch + (request.Wording ?? request.ScheduledFor), MessageId = request.MessageId, Account = request.Account, IdempotencyKey = key,
            NotAfter = notAfter, RefusedWhenNew = refused, NotAfterAsWorded = request.Wording ?? request.NotAfter,
            CreatedBy = request.CreatedBy is { } who ? Printable.OneLine(who) : "api",
        };
    }

    private static EmailResult Result(ScheduleResult result, WhyContext context) => result switch
    {
        ScheduleResult.Scheduled { Email: var email } => new(StatusCodes.Status201Created, EmailDesk.Shape(email, context), null, null),
        ScheduleResult.Existing { Email: { } email } => new(StatusCodes.Status200OK, EmailDesk.Shape(email, context), null, null),
        _ => Result(ProblemOf(result)),
    };

    private static EmailResult Result(ApiProblem problem) => new(problem.Status, null, problem.Field, problem.Message);

    private static ApiProblem ProblemOf(ScheduleResult result) => result switch
    {
        ScheduleResult.Existing { Id: var id } => ApiProblem.Conflict($"this key scheduled {id}, which is no longer kept"),
        ScheduleResult.KeyConflict { Id: var id } => ApiProblem.Conflict($"this Idempotency-Key scheduled {id} with another request"),
        ScheduleResult.NotYetSafe { Trouble: var trouble } => new ApiProblem(StatusCodes.Status503ServiceUnavailable, "Not yet safe on disk", trouble),
        ScheduleResult.Invalid invalid => ApiProblem.Invalid(invalid.Field, invalid.Error),
        _ => throw new InvalidOperationException($"unknown result {result.GetType().Name}"),
    };
}
