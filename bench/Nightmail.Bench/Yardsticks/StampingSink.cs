using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Nightmail.Bench.Yardsticks;

/// <summary>
/// An SMTP server on a loopback port that agrees with everything and notes, by this process's clock, when it accepted each message. It
/// knows a message by its Subject.
/// </summary>
internal sealed class StampingSink : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentBag<Task> conversations = [];
    private readonly TimeProvider time;
    private readonly Task accepting;

    /// <summary>Starts listening.</summary>
    public StampingSink(TimeProvider time)
    {
        this.time = time;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Its port.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>When each message was accepted, by its Subject.</summary>
    public ConcurrentDictionary<string, DateTimeOffset> Accepted { get; } = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        await Task.WhenAll(conversations);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) conversations.Add(ConverseAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ConverseAsync(TcpClient client)
    {
        using var connection = client;
        client.NoDelay = true;
        try
        {
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.Latin1);
            await SayAsync(stream, "220 sink ESMTP");
            while (await reader.ReadLineAsync(stop.Token) is { } line)
            {
                var verb = line.Split(' ', 2)[0].ToUpperInvariant();
                if (verb == "DATA") await TakeAsync(stream, reader);
                else await SayAsync(stream, verb switch { "EHLO" => "250-sink\r\n250-PIPELINING\r\n250 8BITMIME", "QUIT" => "221 bye", _ => "250 ok" });
                if (verb == "QUIT") return;
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException)
        {
            // The sender hung up, or the measurement is over.
        }
    }

    private async Task TakeAsync(NetworkStream stream, StreamReader reader)
    {
        await SayAsync(stream, "354 go on");
        string? subject = null;
        while (await reader.ReadLineAsync(stop.Token) is { } line && line != ".")
            if (subject is null && line.StartsWith("Subject: ", StringComparison.OrdinalIgnoreCase)) subject = line["Subject: ".Length..];
        var now = time.GetUtcNow();
        // The first acceptance counts; a second one of the same message would be a defect that other tests look for.
        if (subject is not null) Accepted.TryAdd(subject, now);
        await SayAsync(stream, "250 ok");
    }

    private ValueTask SayAsync(NetworkStream stream, string reply) => stream.WriteAsync(Encoding.Latin1.GetBytes(reply + "\r\n"), stop.Token);
}
