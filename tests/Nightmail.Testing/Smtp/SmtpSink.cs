using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// Postfix's <c>smtp-sink</c> on a free loopback port: takes mail faster than anybody sends it, and keeps what it took if it is told to.
/// It knows PIPELINING, 8BITMIME and ENHANCEDSTATUSCODES, but no TLS, and takes any login.
/// </summary>
public sealed class SmtpSink : IAsyncDisposable
{
    private static readonly string[] Places = ["/usr/sbin/smtp-sink", "/usr/lib/postfix/sbin/smtp-sink", "/usr/local/sbin/smtp-sink"];

    private readonly GuardedProcess process;
    private readonly string? folder;

    private SmtpSink(GuardedProcess process, int port, string? folder) => (this.process, Port, this.folder) = (process, port, folder);

    /// <summary>Always the loopback address.</summary>
    public string Host => "127.0.0.1";

    /// <summary>The port it listens on.</summary>
    public int Port { get; }

    /// <summary>Starts one and returns when it accepts connections.</summary>
    /// <param name="storeMessages">True keeps every message; that makes it several times slower.</param>
    /// <param name="options">Further options of smtp-sink, such as <c>-p</c> (no pipelining) or <c>-e</c> (no ESMTP).</param>
    public static async Task<SmtpSink> StartAsync(bool storeMessages = true, params string[] options)
    {
        var program = Array.Find(Places, File.Exists)
            ?? throw new InvalidOperationException("smtp-sink is missing: install the Debian package postfix");
        for (var tries = 1; ; tries++)
        {
            var port = FreePort();
            var folder = storeMessages ? Directory.CreateTempSubdirectory("nightmail-sink-").FullName : null;
            var process = GuardedProcess.StartWatched(program,
            [
                // It refuses to run as root unless it is told whose rights to use.
                .. Environment.IsPrivilegedProcess ? ["-u", Environment.UserName] : Array.Empty<string>(),
                .. folder is null ? Array.Empty<string>() : ["-d", Path.Combine(folder, "%s.")],
                .. options,
                $"127.0.0.1:{port}",
                "1024",
            ]);
            var sink = new SmtpSink(process, port, folder);
            if (await sink.IsReadyAsync()) return sink;
            var errors = process.Errors;
            await sink.DisposeAsync();
            if (tries == 5) throw new InvalidOperationException($"smtp-sink does not start: {errors}");
        }
    }

    /// <summary>
    /// What it has kept, by the order of the files' times. A message that is being received may be in it in part: read when the
    /// senders have stopped, or ask <see cref="WaitForAsync"/>. Its line ends are CRLF again; smtp-sink keeps bare LF.
    /// </summary>
    public IReadOnlyList<ReceivedMessage> Messages()
    {
        if (folder is null) throw new InvalidOperationException("this sink stores nothing");
        var files = new DirectoryInfo(folder).GetFiles().OrderBy(file => file.LastWriteTimeUtc).ThenBy(file => file.Name, StringComparer.Ordinal);
        var messages = new List<ReceivedMessage>();
        foreach (var file in files)
        {
            if (SmtpSinkDump.Read(File.ReadAllBytes(file.FullName), messages.Count + 1) is { } message)
                messages.Add(message with { ReceivedAt = new DateTimeOffset(file.LastWriteTimeUtc) });
        }

        return messages;
    }

    /// <summary>Waits until it has taken so many messages; fails after half a minute.</summary>
    public Task<IReadOnlyList<ReceivedMessage>> WaitForAsync(int count) => Waiting.ForMessagesAsync(Messages, count);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        if (folder is not null) Directory.Delete(folder, recursive: true);
    }

    /// <summary>A port that was free a moment ago.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> IsReadyAsync()
    {
        return await Waiting.UntilAsync(() => process.HasExited || process.Errors.Contains("fatal", StringComparison.Ordinal) || Greets())
            && !process.HasExited && !process.Errors.Contains("fatal", StringComparison.Ordinal);
    }

    private bool Greets()
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, Port);
            client.ReceiveTimeout = (int)GuardedProcess.Patience.TotalMilliseconds;
            using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
            return reader.ReadLine()?.StartsWith("220", StringComparison.Ordinal) ?? false;
        }
        catch (Exception refused) when (refused is SocketException or IOException)
        {
            return false;
        }
    }
}
