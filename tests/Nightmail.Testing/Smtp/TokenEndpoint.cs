using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>A token endpoint (RFC 6749) on a loopback port that answers what the test says and keeps what it was asked. It serves several at once.</summary>
public sealed class TokenEndpoint : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Func<IReadOnlyDictionary<string, string>, Task<(int Status, string Body)>> answer;
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> requests = new();
    private readonly Task serving;

    private TokenEndpoint(Func<IReadOnlyDictionary<string, string>, Task<(int Status, string Body)>> answer)
    {
        this.answer = answer;
        listener.Start();
        serving = ServeAsync();
    }

    /// <summary>Its address.</summary>
    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/token");

    /// <summary>The forms that were posted to it.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Requests => [.. requests];

    /// <summary>Starts one with these answers, one after the other.</summary>
    public static TokenEndpoint Answering(params (int Status, string Body)[] answers)
    {
        var left = new ConcurrentQueue<(int, string)>(answers);
        return new(_ => Task.FromResult(left.TryDequeue(out var next) ? next : (500, "")));
    }

    /// <summary>Starts one that answers each form like this.</summary>
    public static TokenEndpoint Deciding(Func<IReadOnlyDictionary<string, string>, Task<(int Status, string Body)>> answer) => new(answer);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
    }

    private async Task ServeAsync()
    {
        var conversations = new List<Task>();
        try
        {
            while (true) conversations.Add(AnswerAsync(await listener.AcceptTcpClientAsync()));
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }

        await Task.WhenAll(conversations);
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await AnswerAsync(client.GetStream());
            }
            catch (Exception ended) when (ended is IOException or InvalidOperationException)
            {
                // Whoever asked has hung up.
            }
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var length = 0;
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)) length = int.Parse(line["Content-Length:".Length..]);
        }

        var body = new char[length];
        await reader.ReadBlockAsync(body);
        var form = new string(body).Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => WebUtility.UrlDecode(pair[1]));
        requests.Enqueue(form);
        var (status, words) = await answer(form);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(
            $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(words)}\r\nConnection: close\r\n\r\n{words}"));
    }
}
