using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Server.Events;
using Nightmail.Server.Health;
using Nightmail.Server.Security;

namespace Nightmail.Server.Api;

/// <summary>The server itself: what is in it, who works, what is wrong, what happens.</summary>
internal static class SystemApi
{
    private const int MostClaims = 10_000;

    public static void MapSystem(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/stats", StatsAsync).Needs(KeyScopes.Read).WithName("stats").WithTags("system");
        routes.MapGet("/api/workers", WorkersAsync).Needs(KeyScopes.Read).WithName("workers").WithTags("system");
        routes.MapPost("/api/workers/pause", (IEmailStore store, EngineReporter reporter, CancellationToken cancel) => PauseAsync(store, reporter, true, cancel)).Needs(KeyScopes.Send).WithName("pauseSending").WithTags("system");
        routes.MapPost("/api/workers/resume", (IEmailStore store, EngineReporter reporter, CancellationToken cancel) => PauseAsync(store, reporter, false, cancel)).Needs(KeyScopes.Send).WithName("resumeSending").WithTags("system");
        routes.MapGet("/api/health", HealthAsync).Needs(KeyScopes.Read).WithName("health").WithTags("system");
        routes.MapGet("/api/events", Listen).Needs(KeyScopes.Read).WithName("events").WithTags("system");
        routes.MapGet("/healthz/live", LiveAsync).Needs(KeyScopes.None).ExcludeFromDescription();
        routes.MapGet("/healthz/ready", ReadyAsync).Needs(KeyScopes.None).ExcludeFromDescription();
        routes.MapGet("/metrics", MetricsAsync).Needs(KeyScopes.None).ExcludeFromDescription();
    }

    private static async Task<Ok<StatsAnswer>> StatsAsync(IEmailStore store, CancellationToken cancellationToken)
    {
        var overview = await store.OverviewAsync(cancellationToken);
        long Of(EmailStatus status) => overview.Counts.GetValueOrDefault(status);
        var counts = new CountsShape(overview.Counts.Values.Sum(count => (long)count), Of(EmailStatus.Pending), Of(EmailStatus.Sending), Of(EmailStatus.Paused), Of(EmailStatus.Sent), Of(EmailStatus.Failed), Of(EmailStatus.Cancelled), Of(EmailStatus.InDoubt));
        return TypedResults.Ok(new StatsAnswer(counts, overview.TotalScheduled, overview.SendingPaused)
        {
            Pruned = new(overview.Pruned.GetValueOrDefault(EmailStatus.Sent), overview.Pruned.GetValueOrDefault(EmailStatus.Failed), overview.Pruned.GetValueOrDefault(EmailStatus.Cancelled)),
        });
    }

    private static async Task<Ok<WorkersAnswer>> WorkersAsync(IEmailStore store, ServerOptions options, CancellationToken cancellationToken)
    {
        var workers = await store.WorkersAsync(cancellationToken);
        var paused = (await store.OverviewAsync(cancellationToken)).SendingPaused;
        // A worker has as many under a claim as its accounts have connections.
        var claims = (await store.ListPageAsync(new() { Statuses = [EmailStatus.Sending] }, null, MostClaims, cancellationToken)).Emails.CountBy(email => email.ClaimedBy ?? "").ToDictionary(StringComparer.Ordinal);
        return TypedResults.Ok(new WorkersAnswer(paused, [.. workers.Select(worker => new WorkerShape(worker.Id.Text, worker.ProcessId, worker.Host, ApiTimes.Text(worker.Since), claims.GetValueOrDefault(worker.Id.Text), options.Version))]));
    }

    private static async Task<NoContent> PauseAsync(IEmailStore store, EngineReporter reporter, bool paused, CancellationToken cancellationToken)
    {
        await store.SetSendingPausedAsync(paused, cancellationToken);
        reporter.Worker(paused ? "paused" : "resumed");
        return TypedResults.NoContent();
    }

    private static async Task<Ok<HealthAnswer>> HealthAsync(ServerHealth health, ServerOptions options, CancellationToken cancellationToken)
    {
        var problems = await health.ProblemsAsync(cancellationToken);
        return TypedResults.Ok(new HealthAnswer(problems.Count == 0 ? "well" : "degraded", problems, options.Version));
    }

    private static async Task<ContentHttpResult> LiveAsync(HttpContext context, ApiKeys keys)
    {
        await RequireKeyUnlessLocalAsync(context, keys);
        return TypedResults.Text("live\n");
    }

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> ReadyAsync(HttpContext context, IEmailStore store, ApiKeys keys, CancellationToken cancellationToken)
    {
        await RequireKeyUnlessLocalAsync(context, keys);
        try
        {
            await store.OverviewAsync(cancellationToken);
            return TypedResults.Text("ready\n");
        }
        catch (StoreException)
        {
            return TypedResults.Problem("the store cannot be reached", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static async Task<ContentHttpResult> MetricsAsync(HttpContext context, IEmailStore store, MetricsPage page, ServerHealth health, ApiKeys keys, ServerOptions options, CancellationToken cancellationToken)
    {
        // Behind a proxy every caller has its address, and not every proxy names the caller's.
        if (options.BehindProxy) await Access.RequireAsync(context, keys, KeyScopes.Read);
        else await RequireKeyUnlessLocalAsync(context, keys);
        return TypedResults.Text(page.Write(await store.OverviewAsync(cancellationToken), await health.GaugesAsync(cancellationToken)), "text/plain; version=0.0.4");
    }

    private static ServerSentEventsResult<string> Listen([FromHeader(Name = "Last-Event-ID")] string? lastId, EventFeed feed, IHostApplicationLifetime lifetime, CancellationToken cancellationToken) =>
        TypedResults.ServerSentEvents(StreamAsync(feed, lastId, lifetime.ApplicationStopping, cancellationToken));

    private static async IAsyncEnumerable<SseItem<string>> StreamAsync(EventFeed feed, string? lastId, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        await using var events = feed.ListenAsync(lastId, either.Token).GetAsyncEnumerator(either.Token);
        while (await NextAsync(events)) yield return new(events.Current.Data, events.Current.Type) { EventId = feed.IdOf(events.Current) };
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<FeedEvent> events)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (OperationCanceledException)
        {
            // The listener left, or the server ends.
            return false;
        }
    }

    private static async Task RequireKeyUnlessLocalAsync(HttpContext context, ApiKeys keys)
    {
        var local = context.Connection.RemoteIpAddress is { } address && System.Net.IPAddress.IsLoopback(address) && !context.Request.Headers.ContainsKey("X-Forwarded-For");
        if (!local) await Access.RequireAsync(context, keys, KeyScopes.Read);
    }
}
