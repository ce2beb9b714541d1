using System.Net;
using System.Net.Sockets;

namespace Nightmail.Testing.Smtp;

/// <summary>Stands between clients and a server on loopback and passes on what they say, as a test wants it.</summary>
public abstract class LoopbackRelay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource end = new();
    private readonly int serverPort;
    private readonly Task accepting;

    /// <summary>Listens at once; what a relay needs must be there before this is called, which field initialisers and primary constructors see to.</summary>
    protected LoopbackRelay(int serverPort)
    {
        this.serverPort = serverPort;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        listener.Stop();
        await accepting;
        end.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Called for each connection, before the server is called.</summary>
    protected virtual void OnConnection()
    {
    }

    /// <summary>Passes on what both sides say until they have ended.</summary>
    protected abstract Task ConverseAsync(NetworkStream client, NetworkStream server, int number, CancellationToken cancellationToken);

    /// <summary>True for what a stream throws when a side of it, or the relay, has ended.</summary>
    protected static bool IsEnd(Exception exception) =>
        exception is OperationCanceledException or IOException or SocketException or InvalidOperationException;

    private async Task AcceptAsync()
    {
        List<Task> conversations = [];
        try
        {
            while (true) conversations.Add(ConnectAsync(await listener.AcceptTcpClientAsync(end.Token), conversations.Count));
        }
        catch (Exception ended) when (IsEnd(ended))
        {
            await Task.WhenAll(conversations);
        }
    }

    private async Task ConnectAsync(TcpClient client, int number)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                OnConnection();
                await server.ConnectAsync(IPAddress.Loopback, serverPort, end.Token);
                (client.NoDelay, server.NoDelay) = (true, true);
                // Taken before anything is passed on: a client that has been reset gives none any more.
                var (near, far) = (client.GetStream(), server.GetStream());
                await ConverseAsync(near, far, number, end.Token);
            }
            catch (Exception ended) when (IsEnd(ended))
            {
                // One side has gone; the other notices.
            }
        }
    }
}
