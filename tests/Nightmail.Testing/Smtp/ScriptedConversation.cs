using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>One connection of a <see cref="ScriptedSmtpServer"/> that plays one script.</summary>
internal sealed class ScriptedConversation : IDisposable
{
    private readonly Socket socket;
    private readonly SmtpScript script;
    private readonly ScriptFaults faults;
    private readonly TestCertificate? certificate;
    private readonly Func<string, Task> waitAtGate;
    private readonly List<string> transcript = [];
    private readonly byte[] buffer = new byte[64 * 1024];
    private Stream stream;
    private CorkedStream? corked;
    private int start;
    private int end;
    private int sent;
    private int received;
    private bool mayOvertake;

    private ScriptedConversation(Socket socket, SmtpScript script, ScriptFaults faults, TestCertificate? certificate, Func<string, Task> waitAtGate)
    {
        (this.socket, this.script, this.faults, this.certificate, this.waitAtGate) = (socket, script, faults, certificate, waitAtGate);
        socket.NoDelay = true;
        stream = new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>How the client left the script; null while it did not.</summary>
    public string? Problem { get; private set; }

    /// <summary>What was said.</summary>
    public IReadOnlyList<string> Transcript
    {
        get
        {
            lock (transcript) return [.. transcript];
        }
    }

    /// <summary>Completes when the conversation is over.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Plays the script on this connection.</summary>
    public static ScriptedConversation Start(Socket socket, SmtpScript script, ScriptFaults faults, TestCertificate? certificate, Func<string, Task> waitAtGate)
    {
        var conversation = new ScriptedConversation(socket, script, faults, certificate, waitAtGate);
        conversation.Ended = conversation.PlayAsync();
        return conversation;
    }

    /// <summary>Ends it from outside.</summary>
    public void Dispose()
    {
        socket.Close(0);
        stream.Dispose();
    }

    private async Task PlayAsync()
    {
        await Task.Yield();
        try
        {
            foreach (var step in script.Steps) await PlayAsync(step);
            await FinishAsync();
        }
        catch (CutException)
        {
            // As the script, or its faults, wanted it.
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or SocketException)
        {
            Note("! the client is gone");
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }

    private Task PlayAsync(SmtpScript.Step step) => step.Kind switch
    {
        SmtpScript.Kind.Server => SayAsync(step),
        SmtpScript.Kind.Client => HearAsync(step.Text),
        _ => DirectAsync(step.Text),
    };

    private async Task DirectAsync(string directive)
    {
        switch (directive.Split(' ')[0])
        {
            case "message":
                await HearMessageAsync();
                break;
            case "abandoned":
                while (await LineAsync() is { } text)
                {
                    Note("C: " + text);
                    if (text == ".") throw Departed("a message without its end", text);
                }

                break;
            case "any":
                Note("C: " + (await LineAsync() ?? throw Departed("a line", "the end")));
                break;
            case "wait":
                await waitAtGate(directive["wait ".Length..]);
                break;
            case "tls":
                corked = new CorkedStream(stream);
                var protectedStream = new SslStream(corked);
                await protectedStream.AuthenticateAsServerAsync(certificate!.Certificate);
                stream = protectedStream;
                break;
            case "cork":
                corked!.Cork();
                break;
            case "uncork":
                await corked!.UncorkAsync();
                break;
            case "overtake":
                mayOvertake = true;
                break;
            case "silence":
                if (await LineAsync() is { } said) throw Departed("nothing more", said);
                break;
            case "end":
                throw End(abruptly: false);
            case "cut":
                throw End(abruptly: true);
            default:
                throw new InvalidOperationException($"no directive: {directive}");
        }
    }

    private async Task SayAsync(SmtpScript.Step step)
    {
        if (!mayOvertake && (start < end || socket.Available > 0) && stream is NetworkStream)
            throw Departed("nothing before the server answers", Encoding.UTF8.GetString(buffer, start, end - start));
        mayOvertake = false;
        Note("S: " + step.Text);
        var bytes = step.Bytes.AsMemory();
        var left = faults.CutAfterSent is { } cut ? cut - sent : int.MaxValue;
        if (left <= bytes.Length) bytes = bytes[..left];
        var piece = faults.PieceSize ?? bytes.Length;
        for (var at = 0; at < bytes.Length; at += piece) await stream.WriteAsync(bytes.Slice(at, Math.Min(piece, bytes.Length - at)));
        sent += bytes.Length;
        if (left <= step.Bytes.Length) throw End(abruptly: false);
    }

    private async Task HearAsync(string expected)
    {
        var line = await LineAsync();
        if (line != expected) throw Departed(expected, line ?? "the end of the connection");
        Note("C: " + line);
    }

    private async Task HearMessageAsync()
    {
        string line;
        do
        {
            line = await LineAsync() ?? throw Departed("the rest of the message", "the end of the connection");
            Note("C: " + line);
        }
        while (line != ".");
    }

    /// <summary>After the script: the client may end the connection, with or without QUIT.</summary>
    private async Task FinishAsync()
    {
        while (await LineAsync() is { } line)
        {
            Note("C: " + line);
            if (line != "QUIT") throw Departed("the end of the script", line);
            await stream.WriteAsync("221 bye\r\n"u8.ToArray());
        }
    }

    /// <summary>The client's next line without its CRLF; null at the end of the connection.</summary>
    private async Task<string?> LineAsync()
    {
        using var patience = new CancellationTokenSource(GuardedProcess.Patience, TimeProvider.System);
        while (true)
        {
            var newline = buffer.AsSpan(start, end - start).IndexOf("\r\n"u8);
            if (newline >= 0)
            {
                var line = Encoding.UTF8.GetString(buffer, start, newline);
                start += newline + 2;
                return line;
            }

            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            if (end == buffer.Length) throw Departed("a shorter line", "64 KiB without CRLF");
            var room = Math.Min(buffer.Length - end, faults.CutAfterReceived - received ?? int.MaxValue);
            int count;
            try
            {
                count = await stream.ReadAsync(buffer.AsMemory(end, room), patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw Departed("a line", "nothing for half a minute");
            }

            if (count == 0) return end == 0 ? null : throw Departed("a whole line", Encoding.UTF8.GetString(buffer, 0, end));
            received += count;
            end += count;
            if (received == faults.CutAfterReceived) throw End(abruptly: false);
        }
    }

    private CutException End(bool abruptly)
    {
        Note(abruptly ? "! cut" : "! end");
        if (abruptly) socket.Close(0);
        return new CutException();
    }

    private CutException Departed(string expected, string actual)
    {
        Problem ??= $"expected: {expected}; came: {actual}; after:\n{string.Join('\n', Transcript)}";
        return End(abruptly: true);
    }

    private void Note(string line)
    {
        lock (transcript) transcript.Add(line);
    }

    private sealed class CutException : Exception;
}
