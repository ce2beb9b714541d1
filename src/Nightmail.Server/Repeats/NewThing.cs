using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Nightmail.Server.Repeats;

/// <summary>The id of what a request makes. Every try of one request has the same, so that what an earlier try made is found.</summary>
/// <param name="Id">A UUIDv7.</param>
/// <param name="IsResumed">True when an earlier try of the same request began and was not answered: what it made may be there.</param>
internal sealed record NewThing(Guid Id, bool IsResumed)
{
    private static readonly object Key = new();

    /// <summary>Of this request.</summary>
    public static NewThing Of(HttpContext context) => context.Items[Key] as NewThing
        ?? new(Guid.CreateVersion7(((TimeProvider)context.RequestServices.GetService(typeof(TimeProvider))!).GetUtcNow()), IsResumed: false);

    /// <summary>Makes it that of this request.</summary>
    public void SetOn(HttpContext context) => context.Items[Key] = this;
}

/// <summary>Marks a route that makes something and so takes an Idempotency-Key.</summary>
/// <param name="ToldOnce">A field of the answer that is never told again and not kept; null: none.</param>
internal sealed record MakesSomething(string? ToldOnce = null);

/// <summary>How routes are marked.</summary>
internal static class Makes
{
    /// <summary>The route makes something: with an Idempotency-Key a repeated request makes nothing twice.</summary>
    public static TBuilder MakesOnce<TBuilder>(this TBuilder route, string? toldOnce = null)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new MakesSomething(toldOnce));
}
