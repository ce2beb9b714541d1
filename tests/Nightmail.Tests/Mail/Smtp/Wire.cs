using System.Net;
using System.Net.Sockets;
using System.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Shouldly;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>Every byte that the client sends to a server which agrees with everything.</summary>
internal static class Wire
{
    /// <summary>One transaction and no more, however a server reads line ends: no NUL, no bare CR, no bare LF.</summary>
    public static void ShouldBeOneTransaction(byte[] wire)
    {
        Commands(wire).ShouldBe(["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
        var message = wire.AsSpan();
        message.Contains((byte)0).ShouldBeFalse("NUL");
        for (var i = 0; i < wire.Length; i++)
        {
            if (wire[i] == '\n') wire[i - 1].ShouldBe((byte)'\r', "a bare LF");
            if (wire[i] == '\r') wire[i + 1].ShouldBe((byte)'\n', "a bare CR");
        }
    }

    /// <summary>The verbs as the strictest server reads them: a message ends at CRLF, dot, CRLF alone.</summary>
    public static List<string> Commands(byte[] wire)
    {
        var (verbs, inMessage) = (new List<string>(), false);
        foreach (var line in Encoding.Latin1.GetString(wire).Split("\r\n", StringSplitOptions.None).SkipLast(1))
        {
            if (inMessage) inMessage = line != ".";
            else verbs.Add(line.Split(' ', ':')[0]);
            if (!inMessage && line == "DATA") inMessage = true;
        }

        return verbs;
    }

    /// <summary>One delivery to a server that agrees with everything and keeps every byte.</summary>
    public static async Task<(byte[] Bytes, DeliveryOutcome Outcome)> ExchangeAsync(
        IOutgoingMessage message, string from, string[] recipients, Func<TransportSettings.Smtp, TransportSettings.Smtp>? with = null)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener);
        var settings = new TransportSettings.Smtp { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndpoint).Port, Security = SmtpSecurity.None, HelloName = "me.test" };
        DeliveryOutcome outcome;
        await using (var transport = new SmtpTransport(with is null ? settings : with(settings), new(), new() { MaxAttempts = 1 }, TimeProvider.System, new Random(1)))
            outcome = await transport.DeliverAsync(new(from, recipients), message, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);
        return (await serving, outcome);
    }

    private static async Task<byte[]> ServeAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        await stream.WriteAsync("220 mx\r\n"u8.ToArray());
        var wire = new List<byte>();
        var (buffer, start, inMessage) = (new byte[64 * 1024], 0, false);
        while (await stream.ReadAsync(buffer) is > 0 and var count)
        {
            wire.AddRange(buffer.AsSpan(0, count));
            for (int end; (end = wire.FindIndex(start, octet => octet == '\n')) >= 0; start = end + 1)
            {
                var line = Encoding.Latin1.GetString([.. wire[start..end]]).TrimEnd('\r');
                if (inMessage && line != ".") continue;
                await stream.WriteAsync(Encoding.ASCII.GetBytes(line switch { "DATA" => "354 go\r\n", "QUIT" => "221 bye\r\n", _ => "250 ok\r\n" }));
                inMessage = line == "DATA";
            }
        }

        return [.. wire];
    }
}
