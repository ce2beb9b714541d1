using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Nightmail.Tests.Cli.Remote;

/// <summary>Answers every request with the bytes that it was given, or with none at all: what is there instead of a server of ours.</summary>
internal sealed class ScriptedHttp : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly string? first;
    private readonly X509Certificate2? certificate;
    private readonly List<string> heard = [];
    private readonly Task accepting;

    /// <param name="answer">The answer, head and body; null: it never comes.</param>
    /// <param name="tls">Speaks TLS, with a certificate that nobody trusts.</param>
    public ScriptedHttp(string? answer, bool tls = false)
    {
        first = answer;
        certificate = tls ? SelfSigned() : null;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Gets the answers to the later requests, the last of them to all that come after it; none: every request gets the first.</summary>
    public IReadOnlyList<string> Then { get; init; } = [];

    public string Url => $"{(certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>Gets the heads of the requests that came.</summary>
    public IReadOnlyList<string> Heard => heard;

    public static string Answer(int status, string body, string contentType = "application/problem+json", string headers = "") =>
        $"HTTP/1.1 {status} Some reason\r\nContent-Type: {contentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}Connection: close\r\n\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        // Before the listener stops: one that has stopped refuses the next accept with another error than a cancelled one.
        await accepting;
        listener.Stop();
        certificate?.Dispose();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> open = [];
        try
        {
            while (true) open.Add(AnswerAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            Stream stream = connection.GetStream();
            if (certificate is not null)
            {
                var secure = new SslStream(stream);
                await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stop.Token);
                stream = secure;
            }

            var buffer = new byte[16 * 1024];
            var read = await stream.ReadAsync(buffer, stop.Token);
            var head = Encoding.Latin1.GetString(buffer, 0, read);
            string? answer;
            lock (heard)
            {
                heard.Add(head);
                answer = heard.Count > 1 && Then.Count > 0 ? Then[Math.Min(heard.Count - 2, Then.Count - 1)] : first;
            }

            // A connection that is closed over what nobody has read takes the answer with it.
            for (var left = BodyAfter(head); left > 0; left -= read) read = await stream.ReadAsync(buffer, stop.Token) is > 0 and var more ? more : throw new IOException("the request was cut off");
            if (answer is null) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(answer!), stop.Token);
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The other side has left, or does not trust this one.
        }
    }

    /// <summary>The bytes of the body that have not come with the head.</summary>
    private static int BodyAfter(string head)
    {
        var end = head.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var length = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return end < 0 || length is null ? 0 : int.Parse(length["Content-Length:".Length..]) - (head.Length - end - 4);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
