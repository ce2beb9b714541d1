using Nightmail.Cli.Running;
using Nightmail.Server;
using Nightmail.Server.Hosting;

namespace Nightmail.Cli.Serving;

/// <summary>Runs a server until it is told to end. Apart from its command, because whoever names a type of the server loads it.</summary>
internal static class ServerRun
{
    /// <summary>Opens the data folder, answers and sends, and ends in order.</summary>
    public static async Task<int> RunAsync(Session session, ServeWords words, CancellationToken cancellationToken)
    {
        using var shutdown = new Shutdown(session.Surroundings, cancellationToken);
        await using var opened = Composition.OpenServer(words.Folder, session);
        var options = new ServerOptions
        {
            Folder = words.Folder, Urls = words.Urls.Count > 0 ? words.Urls : [ServerOptions.DefaultUrl], BehindProxy = words.BehindProxy, Sends = words.Sends, TimeZone = session.Zone.Id,
            Version = typeof(ServerRun).Assembly.GetName().Version!.ToString(3), Say = session.Note,
        };
        NightmailServer server;
        try
        {
            server = await NightmailServer.StartAsync(opened.Parts, options, shutdown.Stop);
        }
        catch (ServerRefusedException refused)
        {
            throw CommandFailure.Refused(refused.Message);
        }

        await using (server)
        {
            foreach (var url in server.Urls) session.Note($"listening on {url}");
            session.Note($"server started (pid {Environment.ProcessId}); data folder {words.Folder}{(words.Sends ? "" : "; sends nothing and makes no backup by itself (--no-workers)")}");
            var told = await ToldToEndAsync(shutdown.Stop, server.Ending);
            if (!told) session.Note("the server ends although nobody told it to");
            var stopping = server.StopAsync(CancellationToken.None);
            if (await Task.WhenAny(stopping, shutdown.HardEnd) != stopping)
            {
                session.Note("server broken off: what waited for a mail server's answer is in doubt");
                return ExitCodes.Interrupted;
            }

            await stopping;
            if (!told) return ExitCodes.Fault;
        }

        session.Note("server ended");
        return ExitCodes.Done;
    }

    /// <summary>Waits for the end.</summary>
    /// <param name="stop">Cancelled when somebody tells it to end.</param>
    /// <param name="ending">Cancelled when the server begins to end, for whatever reason.</param>
    /// <returns>True when it was told to; false when it ends by itself, and so must not look like one that was.</returns>
    internal static async Task<bool> ToldToEndAsync(CancellationToken stop, CancellationToken ending)
    {
        var told = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var first = stop.Register(() => told.TrySetResult(true));
        await using var second = ending.Register(() => told.TrySetResult(false));
        return await told.Task;
    }
}

/// <summary>What was asked of <c>serve</c>.</summary>
/// <param name="Folder">The data folder, in full.</param>
/// <param name="Urls">Where to listen; none: the usual place.</param>
/// <param name="BehindProxy">A proxy speaks TLS.</param>
/// <param name="Sends">Whether a worker runs.</param>
internal sealed record ServeWords(string Folder, IReadOnlyList<string> Urls, bool BehindProxy, bool Sends);
