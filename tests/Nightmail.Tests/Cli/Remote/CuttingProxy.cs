using System.Net;
using System.Net.Sockets;

namespace Nightmail.Tests.Cli.Remote;

/// <summary>Stands between a command and its server: lets requests through, and cuts the connection when the server has answered, before a byte of the answer is passed on.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly int serverPort;
    private readonly string path;
    private readonly Task accepting;
    private int cuts;

    /// <param name="server">The server's address.</param>
    /// <param name="path">What the first line of a request must hold for its answer to be cut.</param>
    /// <param name="cuts">How often it cuts.</param>
    public CuttingProxy(string server, string path, int cuts)
    {
        (serverPort, this.path, this.cuts) = (new Uri(server).Port, path, cuts);
        listener.Start();
        accepting = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>Gets how many answers were cut.</summary>
    public int Cut { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> open = [];
        try
        {
            while (true) open.Add(PassAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var near = client;
        using var far = new TcpClient();
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, serverPort, stop.Token);
            var (up, down) = (new byte[64 * 1024], new byte[64 * 1024]);
            var cutsThis = false;
            var back = Task.Run(async () =>
            {
                int read;
                while ((read = await far.GetStream().ReadAsync(down, stop.Token)) > 0)
                {
                    if (Volatile.Read(ref cutsThis))
                    {
                        Cut++;
                        near.Close();
                        return;
                    }

                    await near.GetStream().WriteAsync(down.AsMemory(0, read), stop.Token);
                }
            });
            int sent;
            while ((sent = await near.GetStream().ReadAsync(up, stop.Token)) > 0)
            {
                if (System.Text.Encoding.Latin1.GetString(up, 0, Math.Min(sent, 200)).Contains(path, StringComparison.Ordinal) && Interlocked.Decrement(ref cuts) >= 0) Volatile.Write(ref cutsThis, true);
                await far.GetStream().WriteAsync(up.AsMemory(0, sent), stop.Token);
            }

            far.Close();
            await back;
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or ObjectDisposedException or SocketException or InvalidOperationException)
        {
            // Either side has left.
        }
    }
}
