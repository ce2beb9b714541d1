using System.Net.Sockets;

namespace Nightmail.Testing.Smtp;

/// <summary>Passes a conversation on to a server, and ends it on both sides after so many bytes of one of them. Later connections it leaves alone.</summary>
/// <param name="serverPort">The server.</param>
/// <param name="cutsServer">True to count what the server says, false for the client.</param>
/// <param name="bytes">What is passed on before the cut.</param>
public sealed class CuttingRelay(int serverPort, bool cutsServer, int bytes) : LoopbackRelay(serverPort)
{
    private volatile bool hasCut;

    /// <summary>True once it has cut.</summary>
    public bool HasCut => hasCut;

    /// <inheritdoc/>
    protected override async Task ConverseAsync(NetworkStream client, NetworkStream server, int number, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var cuts = number == 0;
        Task[] both = [PassAsync(client, server, cuts && !cutsServer, over.Token), PassAsync(server, client, cuts && cutsServer, over.Token)];
        // The first to end takes the other along: nothing is heard of one side when the other is gone.
        await Task.WhenAny(both);
        await over.CancelAsync();
        await Task.WhenAll(both);
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

            if (left == 0) hasCut = true;
        }
        catch (Exception ended) when (IsEnd(ended))
        {
            // One side has gone; the other is told.
        }
    }
}
