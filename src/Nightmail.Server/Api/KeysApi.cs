using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Nightmail.Core.Campaigns;
using Nightmail.Core.Storage;
using Nightmail.Server.Repeats;
using Nightmail.Server.Security;

namespace Nightmail.Server.Api;

/// <summary><c>/api/keys</c>: who may use the API. A key is told once, when it is made.</summary>
internal static class KeysApi
{
    private static readonly (string Name, KeyScopes Scope)[] Scopes = [("send", KeyScopes.Send), ("read", KeyScopes.Read), ("admin", KeyScopes.Admin)];

    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/keys").WithTags("keys");
        group.MapPost("", CreateAsync).Needs(KeyScopes.Admin).WithName("createKey").MakesOnce(toldOnce: "key");
        group.MapGet("", ListAsync).Needs(KeyScopes.Admin).WithName("listKeys");
        group.MapDelete("/{id}", RemoveAsync).Needs(KeyScopes.Admin).WithName("deleteKey");
    }

    private static async Task<Created<KeyAnswer>> CreateAsync(Body<KeyRequest> body, HttpContext context, ApiKeys keys, CancellationToken cancellationToken)
    {
        if (body.Value.Name.Length is 0 or > 200 || body.Value.Name.Any(char.IsControl)) throw ApiProblem.Invalid("name", "a name has 1 to 200 printable characters");
        if (body.Value.Scopes.Count == 0) throw ApiProblem.Invalid("scopes", "a key without a scope opens nothing; there are send, read, admin");
        var scopes = KeyScopes.None;
        foreach (var word in body.Value.Scopes)
        {
            var found = Array.Find(Scopes, each => each.Name == word);
            scopes |= found.Name is null ? throw ApiProblem.Invalid("scopes", $"'{Printable.OneLine(word)}' is no scope; there are send, read, admin") : found.Scope;
        }

        var (kept, key) = await keys.CreateAsync(new(NewThing.Of(context).Id), body.Value.Name, scopes, cancellationToken);
        return TypedResults.Created($"/api/keys/{kept.Id}", Answer(kept, key));
    }

    private static async Task<Ok<Page<KeyAnswer>>> ListAsync(int? limit, string? cursor, ApiKeys keys, CancellationToken cancellationToken)
    {
        IReadOnlyList<KeyAnswer> all = [.. (await keys.ListAsync(cancellationToken)).Select(key => Answer(key, null))];
        return TypedResults.Ok(Paging.Within(all, limit, cursor, key => key.Id));
    }

    private static async Task<NoContent> RemoveAsync(string id, ApiKeys keys, SessionGeneration sessions, CancellationToken cancellationToken)
    {
        if (!KeyId.TryParse(id, out var read) || (await keys.ListAsync(cancellationToken)).FirstOrDefault(each => each.Id == read) is not { } key) throw ApiProblem.NotFound("key", Printable.OneLine(id));
        // Whoever had an administrator's key may have let browsers in. Before it is gone: a removal that is asked for again must end them too.
        if (key.Scopes.HasFlag(KeyScopes.Admin)) await sessions.RaiseAsync(cancellationToken);
        return await keys.RemoveAsync(read, cancellationToken) ? TypedResults.NoContent() : throw ApiProblem.NotFound("key", Printable.OneLine(id));
    }

    private static KeyAnswer Answer(ApiKey kept, string? key) =>
        new(kept.Id.ToString(), kept.Name, [.. Scopes.Where(each => kept.Scopes.HasFlag(each.Scope)).Select(each => each.Name)], ApiTimes.Text(kept.CreatedAt), key);
}
