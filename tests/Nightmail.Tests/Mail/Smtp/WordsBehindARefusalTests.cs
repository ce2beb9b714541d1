using System.Net;
using System.Net.Sockets;
using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>Words of a server's that stand undecrypted behind its answer to the message.</summary>
public sealed class WordsBehindARefusalTests
{
    [Theory]
    [InlineData("554 5.6.0 no\r\n554 and go\r\n", false, Verdict.Bounced)]
    [InlineData("554 5.6.0 no\r\n", true, Verdict.Bounced)]
    [InlineData("250 ok\r\n", true, Verdict.Delivered)]
    public async Task A_connection_with_more_behind_a_refusal_is_not_used_again(string afterDot, bool isKept, Verdict verdict)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint);
        using var server = await listener.AcceptTcpClientAsync();
        var serving = ServeAsync(server.GetStream(), afterDot);
        using var channel = new SmtpChannel(socket, "mx:25", TimeProvider.System);
        // As TLS does it: what is not decrypted yet cannot be seen in the stream.
        channel.UpgradeTo(new LineByLine(channel.Stream));
        var connection = new SmtpConnection(channel, ServerCapabilities.None);
        var message = new TextMessage(Conversation.Text);
        var plan = EnvelopePlan.Make(new("ada@a.test", ["bob@b.test"]), message, connection.Capabilities, "mx:25", 100);
        using var patience = new TimeToBegin(TimeProvider.System, CancellationToken.None);

        var outcome = await new SmtpTransaction(connection, plan, message, (_, _, _) => ValueTask.FromResult(true), patience).RunAsync(CancellationToken.None);

        outcome.Verdicts().ShouldBe([verdict]);
        connection.IsInPlace.ShouldBe(isKept);
        connection.Drop();
        await serving;
    }

    private static async Task ServeAsync(NetworkStream stream, string afterDot)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var inMessage = false;
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                if (inMessage && line != ".") continue;
                await stream.WriteAsync(Encoding.ASCII.GetBytes(line switch { "DATA" => "354 go\r\n", "." => afterDot, _ => "250 ok\r\n" }));
                inMessage = line == "DATA";
            }
        }
        catch (IOException)
        {
            // It was cut, which is what the test is about.
        }
    }

    /// <summary>Gives out one line at a time, and leaves the rest in the socket.</summary>
    private sealed class LineByLine(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = 0;
            while (count == 0 || buffer.Span[count - 1] != '\n')
            {
                if (await inner.ReadAsync(buffer.Slice(count, 1), cancellationToken) == 0) break;
                count++;
            }

            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override void Flush() => inner.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
