using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>A token endpoint (RFC 6749) on a loopback port that answers with what the test says, one after the other, and keeps what it was asked.</summary>
public sealed class TokenEndpoint : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<(int Status, string Body)> answers;
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> requests = new();
    private readonly Task serving;

    private TokenEndpoint(IEnumerable<(int, string)> answers)
    {
        this.answers = new(answers);
        listener.Start();
        serving = ServeAsync();
    }

    /// <summary>Its address.</summary>
    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/token");

    /// <summary>The forms that were posted to it.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Requests => [.. requests];

    /// <summary>Starts one with these answers.</summary>
    public static TokenEndpoint Answering(params (int Status, string Body)[] answers) => new(answers);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                await AnswerAsync(client.GetStream());
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            // The test is over.
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
        requests.Enqueue(new string(body).Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => WebUtility.UrlDecode(pair[1])));
        var (status, answer) = answers.TryDequeue(out var next) ? next : (500, "");
        await stream.WriteAsync(Encoding.UTF8.GetBytes(
            $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(answer)}\r\nConnection: close\r\n\r\n{answer}"));
    }
}
