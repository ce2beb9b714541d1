using System.Collections.Concurrent;

namespace Nightmail.Tests.Server;

/// <summary>Follows <c>/api/events</c>.</summary>
internal sealed class EventListener : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<string> lines = new();
    private readonly Task following;

    public EventListener(HttpClient client, string? lastId = null) => following = FollowAsync(client, lastId);

    /// <summary>The lines of the stream so far.</summary>
    public IReadOnlyCollection<string> Lines => lines;

    /// <summary>The id of the last event so far.</summary>
    public string? LastId => lines.LastOrDefault(line => line.StartsWith("id: ", StringComparison.Ordinal))?[4..];

    /// <summary>How many emails came to that status.</summary>
    public int Count(string status) => lines.Count(line => line.Contains($"\"status\":\"{status}\"", StringComparison.Ordinal));

    public void Dispose()
    {
        stop.Cancel();
        following.Wait();
        stop.Dispose();
    }

    private async Task FollowAsync(HttpClient client, string? lastId)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/events");
            if (lastId is not null) request.Headers.Add("Last-Event-ID", lastId);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(stop.Token));
            while (await reader.ReadLineAsync(stop.Token) is { } line) lines.Enqueue(line);
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or HttpRequestException)
        {
            // The test has seen enough, or the server ended.
        }
    }
}
