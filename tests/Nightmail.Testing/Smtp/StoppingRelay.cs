using System.Net.Sockets;
using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// Passes a conversation on to a server and calls back, once, when the client has said something, before the server hears it. With it a
/// test suspends a client in the middle of what it is saying.
/// </summary>
/// <param name="serverPort">The server.</param>
/// <param name="words">What the client says; empty: its connection itself.</param>
/// <param name="callback">What to do then.</param>
public sealed class StoppingRelay(int serverPort, string words, Action callback) : LoopbackRelay(serverPort)
{
    private int called;

    /// <summary>True once it has called back.</summary>
    public bool HasCalled => Volatile.Read(ref called) == 2;

    /// <inheritdoc/>
    protected override void OnConnection()
    {
        if (words.Length == 0) CallOnce();
    }

    /// <inheritdoc/>
    protected override Task ConverseAsync(NetworkStream client, NetworkStream server, int number, CancellationToken cancellationToken) =>
        Task.WhenAll(PassAsync(client, server, listens: true, cancellationToken), PassAsync(server, client, listens: false, cancellationToken));

    private async Task PassAsync(NetworkStream from, NetworkStream to, bool listens, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var said = "\r\n";
        try
        {
            while (await from.ReadAsync(buffer, cancellationToken) is var length and > 0)
            {
                // The words may come in pieces; what was looked at before is kept as far as they reach.
                said = said[^Math.Min(said.Length, words.Length)..] + Encoding.Latin1.GetString(buffer, 0, length);
                if (listens && said.Contains(words, StringComparison.Ordinal)) CallOnce();
                await to.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
            }

            to.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ended) when (IsEnd(ended))
        {
            // One side has gone; the other notices.
        }
    }

    private void CallOnce()
    {
        if (Interlocked.CompareExchange(ref called, 1, 0) != 0) return;
        callback();
        Volatile.Write(ref called, 2);
    }
}
