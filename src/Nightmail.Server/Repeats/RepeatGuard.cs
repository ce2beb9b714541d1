using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Nightmail.Core.Storage;
using Nightmail.Server.Api;
using Nightmail.Server.Security;

namespace Nightmail.Server.Repeats;

/// <summary>
/// Answers a request whose Idempotency-Key came before with the first answer, and makes nothing. The key is kept before the work begins,
/// with the id that the work uses: when the server dies in between, the same request goes on where it was.
/// </summary>
internal sealed class RepeatGuard(IRequestKeyStore keys, SecretBox secrets, ServerOptions options, TimeProvider time)
{
    /// <summary>The header.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>Longer ones are no keys but mistakes.</summary>
    private const int LongestKey = 255;

    /// <summary>A body up to this stays in memory while it is hashed; a longer one waits in the data folder.</summary>
    private const int MostInMemory = 1_000_000;

    /// <summary>How long a key is known.</summary>
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    private readonly ConcurrentDictionary<string, byte> working = new(StringComparer.Ordinal);

    /// <summary>Lets the request pass, or answers it as it was answered before.</summary>
    /// <exception cref="ApiProblem">409: the key came with another request, or its first request is still being worked on.</exception>
    public async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<MakesSomething>() is not { } makes || !context.Request.Headers.TryGetValue(Header, out var header))
        {
            await next(context);
            return;
        }

        var name = header.ToString();
        if (name.Length is 0 or > LongestKey || name.Any(letter => letter is < '!' or > '~')) throw ApiProblem.Invalid(Header, $"a key has 1 to {LongestKey} printable letters without blanks");
        if (!working.TryAdd(name, 0)) throw ApiProblem.Conflict($"a request with this {Header} is being worked on; ask again in a moment");
        try
        {
            await RunAsync(context, next, name, makes);
        }
        finally
        {
            working.TryRemove(name, out _);
        }
    }

    private async Task RunAsync(HttpContext context, RequestDelegate next, string name, MakesSomething makes)
    {
        await using var body = new FileBufferingReadStream(context.Request.Body, MostInMemory, bufferLimit: null, options.Folder);
        context.Request.Body = body;
        var hash = await HashAsync(context.Request, context.RequestAborted);
        var (now, id) = (time.GetUtcNow(), Guid.CreateVersion7(time.GetUtcNow()));
        var kept = await keys.KeepAsync(new(name, hash, id, now), now - Retention, context.RequestAborted);
        if (!CryptographicOperations.FixedTimeEquals(kept.RequestHash, hash)) throw ApiProblem.Conflict($"this {Header} came with another request before");
        if (kept.Answer is { } answer)
        {
            await GiveAsync(context, answer);
            return;
        }

        new NewThing(kept.Id, IsResumed: kept.Id != id).SetOn(context);
        try
        {
            await GiveAsync(context, await AnswerAsync(context, next, name, makes));
        }
        catch (Exception refused) when (refused is BadHttpRequestException or ApiProblem { IsRefusal: true })
        {
            // It made nothing, and may come again, mended.
            await keys.ForgetAsync(name, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Does the work and keeps its answer before anybody hears of it.</summary>
    private async Task<KeptAnswer> AnswerAsync(HttpContext context, RequestDelegate next, string name, MakesSomething makes)
    {
        var response = context.Response;
        var to = response.Body;
        using var copy = new MemoryStream();
        response.Body = copy;
        try
        {
            await next(context);
        }
        finally
        {
            response.Body = to;
        }

        var answer = new KeptAnswer(response.StatusCode, response.Headers.Location, response.ContentType, copy.ToArray());
        if (response.StatusCode < StatusCodes.Status300MultipleChoices) await keys.AnswerAsync(name, makes.ToldOnce is { } field ? answer with { Body = Without(answer.Body, field) } : answer, CancellationToken.None);
        else await keys.ForgetAsync(name, CancellationToken.None);
        return answer;
    }

    private static async Task GiveAsync(HttpContext context, KeptAnswer answer)
    {
        context.Response.StatusCode = answer.Status;
        if (answer.Location is { } location) context.Response.Headers.Location = location;
        context.Response.ContentType = answer.ContentType;
        if (answer.Body.Length > 0) await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    /// <summary>With the server's own key, because a body may hold a password that somebody could guess from a bare hash.</summary>
    private async Task<byte[]> HashAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var hash = secrets.NewMark();
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n{request.ContentType}\n"));
        var buffer = new byte[81_920];
        while (await request.Body.ReadAsync(buffer, cancellationToken) is > 0 and var read) hash.AppendData(buffer, 0, read);
        request.Body.Position = 0;
        return hash.GetHashAndReset();
    }

    private static byte[] Without(byte[] body, string field)
    {
        var node = JsonNode.Parse(body)!.AsObject();
        node.Remove(field);
        return Encoding.UTF8.GetBytes(node.ToJsonString());
    }
}
