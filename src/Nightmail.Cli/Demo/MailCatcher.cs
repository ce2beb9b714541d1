using System.Net;
using System.Net.Sockets;

namespace Nightmail.Cli.Demo;

/// <summary>
/// A small mail server on the loopback interface that keeps what it gets in memory: for the demo, never for real mail. Some recipients
/// it refuses for now (451) the first time, as greylisting servers do.
/// </summary>
internal sealed class MailCatcher : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ending = new();
    private readonly Lock gate = new();
    private readonly List<CaughtMessage> caught = [];
    private readonly HashSet<string> refusedOnce;
    private readonly TimeProvider time;
    private readonly Task accepting;

    /// <summary>Starts listening on a free port.</summary>
    /// <param name="refusedOnce">Recipients that get a 451 the first time.</param>
    /// <param name="time">The clock.</param>
    public MailCatcher(IEnumerable<string> refusedOnce, TimeProvider time)
    {
        this.refusedOnce = new(refusedOnce, StringComparer.OrdinalIgnoreCase);
        this.time = time;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>The port it listens on.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>What it has taken so far, in that order.</summary>
    public IReadOnlyList<CaughtMessage> Caught
    {
        get
        {
            lock (gate) return [.. caught];
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Stop();
        await accepting;
        ending.Dispose();
    }

    /// <summary>True when the recipient is refused for now; the next time it is not.</summary>
    internal bool RefusesNow(string recipient)
    {
        lock (gate) return refusedOnce.Remove(recipient);
    }

    /// <summary>Keeps a message.</summary>
    internal void Take(string from, IReadOnlyList<string> to, string subject, int size)
    {
        lock (gate) caught.Add(new(time.GetUtcNow(), from, to, subject, size));
    }

    private async Task AcceptAsync()
    {
        var sessions = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(ending.Token);
                sessions.RemoveAll(session => session.IsCompleted);
                sessions.Add(new CatcherSession(this, client).RunAsync(ending.Token));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(sessions);
        }
    }
}
