using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Nightmail.Cli.Remote;

/// <summary>Asks a server, and asks again where that is safe when an answer was lost.</summary>
internal sealed class ServerClient : IDisposable
{
    private const int ChunkBytes = 128 * 1024;

    /// <summary>How often a lost answer is asked for again, and how long is waited before: a server that restarts is back by then.</summary>
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)];

    private readonly ServerAddress address;
    private readonly TimeSpan patience;
    private readonly TimeProvider time;
    private readonly HttpClient http;

    /// <summary>A client with that key.</summary>
    /// <param name="address">The server.</param>
    /// <param name="key">The key; null: none is known, and the server will ask for one.</param>
    /// <param name="patience">How long an answer may take.</param>
    /// <param name="time">The clock.</param>
    public ServerClient(ServerAddress address, string? key, TimeSpan patience, TimeProvider time)
    {
        (this.address, this.patience, this.time) = (address, patience, time);
        // Redirected, the key would go to wherever the answer says; and nobody's proxy is asked about this machine.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !address.Url.IsLoopback, ConnectTimeout = patience };
        http = new(handler) { BaseAddress = address.Url, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.Add(new("nightmail", typeof(ServerClient).Assembly.GetName().Version!.ToString(3)));
        if (key is not null) http.DefaultRequestHeaders.Authorization = new("Bearer", key);
    }

    /// <summary>Where it asks.</summary>
    public ServerAddress Address => address;

    /// <summary>The answer of a question that must be answered with what was asked for.</summary>
    /// <exception cref="CommandFailure">It was not.</exception>
    public async Task<JsonElement> AskAsync(ServerRequest request, CancellationToken cancellationToken)
    {
        var reply = await SendAsync(request, cancellationToken);
        return reply.IsDone ? reply.Body : throw ServerRefusal.Of(reply, address);
    }

    /// <summary>The answer, whatever it is.</summary>
    /// <exception cref="CommandFailure">There was none, or none of a server of ours.</exception>
    public async Task<ServerReply> SendAsync(ServerRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return (await SendOnceAsync(request, cancellationToken)) with { WasRepeated = attempt > 0 };
            }
            catch (HttpRequestException failed)
            {
                // Before anything was asked there is nothing to lose but time: a person waits for this answer.
                var asked = attempt > 0 || failed.HttpRequestError is HttpRequestError.ResponseEnded or HttpRequestError.Unknown or HttpRequestError.InvalidResponse;
                if (!asked || !request.CanRepeat || attempt >= Pauses.Length) throw ServerTrouble.Unanswered(failed, address, asked ? request : null);
                await Task.Delay(Pauses[attempt], time, cancellationToken);
            }
        }
    }

    /// <summary>Writes the bytes of an answer as they come: they may be more than the memory holds.</summary>
    /// <returns>Their SHA-256, in lower-case hex.</returns>
    public async Task<string> DownloadAsync(string path, Stream to, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode) throw ServerRefusal.Of(await ReplyAsync(response, cancellationToken), address);
            await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var chunk = new byte[ChunkBytes];
            while (await content.ReadAsync(chunk, cancellationToken) is > 0 and var read)
            {
                hash.AppendData(chunk, 0, read);
                await to.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (HttpIOException broken)
        {
            throw ServerTrouble.Unanswered(new HttpRequestException(broken.HttpRequestError, broken.Message, broken), address, null);
        }
        catch (HttpRequestException failed)
        {
            throw ServerTrouble.Unanswered(failed, address, null);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<ServerReply> SendOnceAsync(ServerRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, request.Path);
        if (request.Json is { } json) message.Content = new ByteArrayContent(json) { Headers = { ContentType = new("application/json") } };
        else if (request.Content is { } make) message.Content = make();
        if (request.IdempotencyKey is { } key) message.Headers.Add("Idempotency-Key", key);
        if (request.IfMatch is { } seen) message.Headers.TryAddWithoutValidation("If-Match", seen);
        using var limit = new CancellationTokenSource(request is { Content: null, IsSlow: false } ? patience : Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await http.SendAsync(message, either.Token);
            return await ReplyAsync(response, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw ServerTrouble.TooSlow(address, patience, request);
        }
    }

    private async Task<ServerReply> ReplyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var headers = new ServerReply(status, default)
        {
            ETag = response.Headers.ETag?.ToString(), Location = response.Headers.Location?.ToString(), RetryAfter = Wait(response.Headers.RetryAfter),
        };
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (bytes.Length == 0 || response.StatusCode == HttpStatusCode.NoContent) return headers;
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return headers with { Body = document.RootElement.Clone() };
        }
        catch (JsonException) when (!response.IsSuccessStatusCode)
        {
            return headers;
        }
        catch (JsonException)
        {
            throw CommandFailure.Refused($"what answers at {address.Text} is no nightmail server; look at {address.Origin}");
        }
    }

    private TimeSpan? Wait(RetryConditionHeaderValue? header) => header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);
}
