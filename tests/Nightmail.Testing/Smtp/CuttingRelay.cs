using System.Net;
using System.Net.Sockets;

namespace Nightmail.Testing.Smtp;

/// <summary>Passes a conversation on to a server, and ends it on both sides after so many bytes of one of them. Later connections it leaves alone.</summary>
public sealed class CuttingRelay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource end = new();
    private readonly int serverPort;
    private readonly bool cutsServer;
    private readonly int bytes;
    private readonly Task accepting;
    private int connections;

    /// <summary>A relay to a server on loopback.</summary>
    /// <param name="serverPort">The server.</param>
    /// <param name="cutsServer">True to count what the server says, false for the client.</param>
    /// <param name="bytes">What is passed on before the cut.</param>
    public CuttingRelay(int serverPort, bool cutsServer, int bytes)
    {
        (this.serverPort, this.cutsServer, this.bytes) = (serverPort, cutsServer, bytes);
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>True once it has cut.</summary>
    public bool HasCut { get; private set; }

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
            while (true) conversations.Add(ConverseAsync(await listener.AcceptTcpClientAsync(end.Token), connections++ == 0));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(conversations);
        }
    }

    private async Task ConverseAsync(TcpClient client, bool cuts)
    {
        using (client)
        using (var server = new TcpClient())
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(end.Token))
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, serverPort, end.Token);
                (client.NoDelay, server.NoDelay) = (true, true);
                var (near, far) = (client.GetStream(), server.GetStream());
                // The first to end takes the other along: nothing is heard of one side when the other is gone.
                await Task.WhenAny(PassAsync(near, far, cuts && !cutsServer, over.Token), PassAsync(far, near, cuts && cutsServer, over.Token));
                await over.CancelAsync();
            }
            catch (Exception ended) when (ended is OperationCanceledException or IOException or SocketException or InvalidOperationException)
            {
                // One side has gone; the other notices.
            }
        }
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to, bool cuts, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        var left = cuts ? bytes : int.MaxValue;
        try
        {
            while (left > 0 && await from.ReadAsync(buffer.AsMemory(0, Math.Min(left, buffer.Length)), cancellationToken) is > 0 and var count)
            {
                await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                left -= count;
            }

            HasCut |= left == 0;
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }
}
