using System.Net.Sockets;
using System.Text;

namespace Nightmail.Cli.Demo;

/// <summary>One conversation with the mail catcher: as much of RFC 5321 as a client needs that behaves.</summary>
internal sealed class CatcherSession(MailCatcher catcher, TcpClient client)
{
    private const int MaxMessage = 64 * 1024 * 1024;

    private readonly List<string> recipients = [];
    private string? sender;

    /// <summary>Talks until the client says QUIT or is gone.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            using (client)
            {
                client.NoDelay = true;
                var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.Latin1);
                await using var writer = new StreamWriter(stream, Encoding.Latin1) { AutoFlush = true, NewLine = "\r\n" };
                await writer.WriteLineAsync("220 demo.nightmail.invalid ESMTP mail catcher".AsMemory(), cancellationToken);
                while (await reader.ReadLineAsync(cancellationToken) is { } line && await AnswerAsync(line, reader, writer, cancellationToken))
                {
                }
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A client that goes away takes nothing with it: what it had delivered is kept.
        }
    }

    /// <summary>Answers one command; false when the conversation is over.</summary>
    private async Task<bool> AnswerAsync(string line, StreamReader reader, StreamWriter writer, CancellationToken cancellationToken)
    {
        var word = line.Split(' ', ':')[0].ToUpperInvariant();
        var answer = word switch
        {
            "EHLO" => "250-demo.nightmail.invalid\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES",
            "HELO" => "250 demo.nightmail.invalid",
            "MAIL" => Mail(line),
            "RCPT" => Recipient(line),
            "DATA" => recipients.Count == 0 ? "554 5.5.1 No valid recipients" : "354 End data with <CR><LF>.<CR><LF>",
            "RSET" => Reset("250 2.0.0 Ok"),
            "NOOP" => "250 2.0.0 Ok",
            "QUIT" => "221 2.0.0 Bye",
            _ => "502 5.5.2 Not known here",
        };
        await writer.WriteLineAsync(answer.AsMemory(), cancellationToken);
        if (answer.StartsWith("354", StringComparison.Ordinal)) await writer.WriteLineAsync((await TakeMessageAsync(reader, cancellationToken)).AsMemory(), cancellationToken);
        return word != "QUIT";
    }

    private string Mail(string line)
    {
        Reset("");
        sender = AddressIn(line);
        return "250 2.1.0 Ok";
    }

    private string Recipient(string line)
    {
        var address = AddressIn(line);
        if (sender is null) return "503 5.5.1 MAIL first";
        if (catcher.RefusesNow(address)) return "451 4.7.1 Greylisted: come back in a moment";
        recipients.Add(address);
        return "250 2.1.5 Ok";
    }

    private string Reset(string answer)
    {
        sender = null;
        recipients.Clear();
        return answer;
    }

    private async Task<string> TakeMessageAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var (subject, inHeader, size) = ("", true, 0);
        while (await reader.ReadLineAsync(cancellationToken) is { } line && line != ".")
        {
            size += line.Length + 2;
            inHeader &= line.Length > 0;
            if (inHeader && line.StartsWith("Subject:", StringComparison.OrdinalIgnoreCase)) subject = line[8..].Trim();
        }

        if (size > MaxMessage) return "552 5.3.4 Too large for a demo";
        catcher.Take(sender ?? "", [.. recipients], subject, size);
        Reset("");
        return $"250 2.0.0 Ok: caught as number {catcher.Caught.Count}";
    }

    private static string AddressIn(string line)
    {
        var (start, end) = (line.IndexOf('<', StringComparison.Ordinal), line.LastIndexOf('>'));
        return start >= 0 && end > start ? line[(start + 1)..end] : "";
    }
}
