using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// An SMTP server on loopback that takes commands together, answers each by its dice, and hangs up when it feels like it. It keeps what it said
/// of each email, which it knows by its recipient <c>NUMBER@…</c> and its Subject, the same number.
/// </summary>
public sealed class MoodySmtpServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Task> conversations = [];
    private readonly ConcurrentQueue<(int Email, string Stage, string Reply)> said = new();
    private readonly ConcurrentQueue<int> taken = new();
    private readonly int seed;
    private readonly Task accepting;
    private int connections;

    /// <summary>Starts one with these dice.</summary>
    public MoodySmtpServer(int seed)
    {
        this.seed = seed;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>The port it listens on.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Every answer about an email, and at what.</summary>
    public IReadOnlyList<(int Email, string Stage, string Reply)> Said => [.. said];

    /// <summary>The emails it has, each as often as it took it, whether it said so or not.</summary>
    public IReadOnlyList<int> Taken => [.. taken];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
        await Task.WhenAll(conversations);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) conversations.Add(ConverseAsync(await listener.AcceptTcpClientAsync(), new Random(seed + (1_000 * ++connections))));
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private async Task ConverseAsync(TcpClient client, Random dice)
    {
        await Task.Yield();
        using (client)
        {
            client.NoDelay = true;
            try
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.ASCII, leaveOpen: true);
                await new Conversation(this, client.GetStream(), reader, dice).RunAsync();
            }
            catch (Exception ended) when (ended is IOException or InvalidOperationException)
            {
                // Whoever sent has hung up.
            }
        }
    }

    /// <summary>One connection.</summary>
    private sealed class Conversation(MoodySmtpServer server, NetworkStream stream, StreamReader reader, Random dice)
    {
        private readonly StringBuilder pending = new();
        private int email;
        private bool hasRecipient;

        public async Task RunAsync()
        {
            await SayAsync("220 moody");
            while (await reader.ReadLineAsync() is { } line)
            {
                var goesOn = line.Split(' ', ':')[0] switch
                {
                    "EHLO" => await SayAsync("250-moody\r\n250 PIPELINING"),
                    "RCPT" => await RecipientAsync(int.Parse(line[(line.IndexOf('<') + 1)..line.IndexOf('@')])),
                    "DATA" => hasRecipient ? await AnswerAsync("DATA", "354 go", (4, "451 4.2.0 later"), (4, "554 5.6.0 no"), (2, "421 4.3.2 closing")) : await SayAsync("554 5.5.1 no recipients"),
                    "MAIL" => await AnswerAsync("MAIL", "250 ok", (2, "421 4.3.2 closing"), (2, "451 4.3.0 trouble")),
                    "QUIT" => await SayAsync("221 bye") && false,
                    _ => await SayAsync("250 ok"),
                };
                if (!goesOn) return;
            }
        }

        private async Task<bool> RecipientAsync(int number)
        {
            email = number;
            return await AnswerAsync("RCPT", "250 ok", (6, "550 5.1.1 nobody"), (6, "450 4.2.1 busy"), (2, "421 4.3.2 closing"));
        }

        /// <summary>Mostly the first answer; each other one in so many of a hundred cases; and in two it hangs up without any.</summary>
        private async Task<bool> AnswerAsync(string stage, string usual, params (int Percent, string Reply)[] others)
        {
            var roll = dice.Next(100) - 2;
            if (roll < 0) return false;
            var reply = others.FirstOrDefault(other => (roll -= other.Percent) < 0).Reply ?? usual;
            if (stage == "MAIL") hasRecipient = false;
            else server.said.Enqueue((email, stage, reply));
            if (stage == "RCPT") hasRecipient = reply[0] == '2';
            var isEnd = reply.StartsWith("421", StringComparison.Ordinal);
            await SayAsync(reply, mayWait: stage != "DATA" && !isEnd);
            if (isEnd) return false;
            return reply[0] != '3' || await MessageAsync();
        }

        private async Task<bool> MessageAsync()
        {
            var number = 0;
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("Subject: ", StringComparison.Ordinal)) number = int.Parse(line["Subject: ".Length..]);
                if (line != ".") continue;
                email = number;
                var roll = dice.Next(100);
                var reply = roll switch { < 6 => "550 5.7.1 not this", < 12 => "452 4.2.2 full", < 15 => "421 4.3.2 closing", < 18 => null, < 21 => "", _ => "250 2.0.0 ok" };
                if (reply is null or ['2', ..]) server.taken.Enqueue(number);
                if (reply is null or "") return false;
                server.said.Enqueue((number, "dot", reply));
                return await SayAsync(reply) && !reply.StartsWith("421", StringComparison.Ordinal);
            }

            return false;
        }

        /// <summary>Says it now; or, where another command always follows, sometimes together with the answer to that.</summary>
        private async Task<bool> SayAsync(string reply, bool mayWait = false)
        {
            pending.Append(reply).Append("\r\n");
            if (mayWait && dice.Next(2) == 0) return true;
            await stream.WriteAsync(Encoding.ASCII.GetBytes(pending.ToString()));
            pending.Clear();
            return true;
        }
    }
}
