using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// Passes a conversation on to a server and calls back, once, when the client has said something, before the server hears it. With it a
/// test suspends a client in the middle of what it is saying.
/// </summary>
public sealed class StoppingRelay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource end = new();
    private readonly int serverPort;
    private readonly string words;
    private readonly Action callback;
    private readonly Task accepting;
    private int called;

    /// <summary>A relay to a server on loopback.</summary>
    /// <param name="serverPort">The server.</param>
    /// <param name="words">What the client says; empty: its connection itself.</param>
    /// <param name="callback">What to do then.</param>
    public StoppingRelay(int serverPort, string words, Action callback)
    {
        (this.serverPort, this.words, this.callback) = (serverPort, words, callback);
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>True once it has called back.</summary>
    public bool HasCalled => Volatile.Read(ref called) == 2;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        listener.Stop();
        await accepting;
        end.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> conversations = [];
        try
        {
            while (true) conversations.Add(ConverseAsync(await listener.AcceptTcpClientAsync(end.Token)));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(conversations);
        }
    }

    private async Task ConverseAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                if (words.Length == 0) CallOnce();
                await server.ConnectAsync(IPAddress.Loopback, serverPort, end.Token);
                // Taken before anything is passed on: a client that has been reset gives none any more.
                var (near, far) = (client.GetStream(), server.GetStream());
                await Task.WhenAll(PassAsync(near, far, listens: true), PassAsync(far, near, listens: false));
            }
            catch (Exception ended) when (ended is OperationCanceledException or IOException or SocketException or InvalidOperationException)
            {
                // One side has gone; the other notices.
            }
        }
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to, bool listens)
    {
        var buffer = new byte[64 * 1024];
        var said = "\r\n";
        try
        {
            while (await from.ReadAsync(buffer, end.Token) is var length and > 0)
            {
                // The words may come in pieces; what was looked at before is kept as far as they reach.
                said = said[^Math.Min(said.Length, words.Length)..] + Encoding.Latin1.GetString(buffer, 0, length);
                if (listens && said.Contains(words, StringComparison.Ordinal)) CallOnce();
                await to.WriteAsync(buffer.AsMemory(0, length), end.Token);
            }

            to.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }

    private void CallOnce()
    {
        if (Interlocked.CompareExchange(ref called, 1, 0) != 0) return;
        callback();
        Volatile.Write(ref called, 2);
    }
}
