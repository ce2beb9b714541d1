using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Nightmail.Testing.Smtp;

/// <summary>What goes wrong below a script, on every connection.</summary>
public sealed record ScriptFaults
{
    /// <summary>Ends the connection once the server has said so many bytes.</summary>
    public int? CutAfterSent { get; init; }

    /// <summary>Ends the connection once the client has said so many bytes, before anything is answered to them.</summary>
    public int? CutAfterReceived { get; init; }

    /// <summary>Sends in pieces of so many bytes.</summary>
    public int? PieceSize { get; init; }

    /// <summary>Sends what the server says at once in one piece, and not line by line.</summary>
    public bool Joined { get; init; }
}

/// <summary>
/// A server on a real loopback socket that knows its conversations by heart: each connection plays the next script, and every departure
/// of the client's from it is a problem that <see cref="Problems"/> lists.
/// </summary>
public sealed class ScriptedSmtpServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<SmtpScript> scripts;
    private readonly ConcurrentQueue<ScriptedConversation> conversations = new();
    private readonly ConcurrentDictionary<string, (TaskCompletionSource Reached, TaskCompletionSource Released)> gates = new();
    private readonly ConcurrentQueue<string> uninvited = new();
    private readonly TestCertificate? certificate;
    private readonly ScriptFaults faults;
    private readonly Task accepting;
    private volatile bool closing;

    private ScriptedSmtpServer(IEnumerable<SmtpScript> scripts, ScriptFaults? faults, TestCertificate? certificate)
    {
        this.faults = faults ?? new();
        this.scripts = new(this.faults.Joined ? scripts.Select(script => script.Joined()) : scripts);
        this.certificate = certificate;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Always the loopback address.</summary>
    public string Host => "127.0.0.1";

    /// <summary>The port it listens on.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Connections so far.</summary>
    public int Connections => conversations.Count;

    /// <summary>Where clients left their scripts; read it after the conversations.</summary>
    public IReadOnlyList<string> Problems => [.. conversations.Select(each => each.Problem).OfType<string>(), .. uninvited];

    /// <summary>What was said on each connection, a list of <c>C: …</c> and <c>S: …</c> each.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Transcripts => [.. conversations.Select(each => each.Transcript)];

    /// <summary>Starts one that plays these scripts, one a connection.</summary>
    public static ScriptedSmtpServer Play(params string[] scripts) => new(scripts.Select(SmtpScript.Parse), null, null);

    /// <summary>The same with faults, or with a certificate for its <c>! tls</c> steps.</summary>
    public static ScriptedSmtpServer Play(IEnumerable<string> scripts, ScriptFaults? faults = null, TestCertificate? certificate = null) =>
        new(scripts.Select(SmtpScript.Parse), faults, certificate);

    /// <summary>Waits until a conversation has come to <c>! wait</c> with that name.</summary>
    public Task ReachedAsync(string name) => Gate(name).Reached.Task.WaitAsync(GuardedProcess.Patience, TimeProvider.System);

    /// <summary>Lets the conversations go on that wait, or will wait, under that name.</summary>
    public void Release(string name) => Gate(name).Released.TrySetResult();

    /// <summary>Waits until every conversation so far is over: the client has ended its connections, or the script has.</summary>
    public Task EndedAsync() => Task.WhenAll(conversations.Select(each => each.Ended)).WaitAsync(GuardedProcess.Patience, TimeProvider.System);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        foreach (var conversation in conversations) conversation.Dispose();
        closing = true;
        foreach (var (_, released) in gates.Values) released.TrySetResult();
        await Task.WhenAll(conversations.Select(each => each.Ended).Append(accepting));
    }

    private (TaskCompletionSource Reached, TaskCompletionSource Released) Gate(string name) => gates.GetOrAdd(name, _ =>
        (new(TaskCreationOptions.RunContinuationsAsynchronously), new(TaskCreationOptions.RunContinuationsAsynchronously)));

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptSocketAsync();
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            if (scripts.TryDequeue(out var script))
            {
                conversations.Enqueue(ScriptedConversation.Start(socket, script, faults, certificate, WaitAtGateAsync));
                continue;
            }

            uninvited.Enqueue("a connection came that no script is for");
            socket.Close(0);
        }
    }

    private Task WaitAtGateAsync(string name)
    {
        var (reached, released) = Gate(name);
        reached.TrySetResult();
        return closing ? Task.CompletedTask : released.Task;
    }
}
