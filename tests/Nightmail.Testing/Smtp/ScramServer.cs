using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// A server that takes one message from whoever logs in by SCRAM-SHA-256 (RFC 5802). Its arithmetic is the server's, from stored and
/// server key: another way to the same values than the client's.
/// </summary>
public sealed class ScramServer : IAsyncDisposable
{
    private const int Rounds = 4_096;
    private static readonly byte[] Salt = [1, 2, 3, 4, 5, 6, 7, 8];
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly byte[] storedKey;
    private readonly byte[] serverKey;
    private readonly List<string> said = [];
    private readonly Task serving;

    /// <summary>Starts it.</summary>
    /// <param name="password">What it wants to be proved.</param>
    /// <param name="knows">False for one that takes every proof and cannot give its own.</param>
    public ScramServer(string password, bool knows)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), Salt, Rounds, HashAlgorithmName.SHA256, 32);
        storedKey = knows ? SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8)) : [];
        serverKey = knows ? HMACSHA256.HashData(salted, "Server Key"u8) : new byte[32];
        listener.Start();
        serving = ServeAsync();
    }

    /// <summary>The port it listens on.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>All that the client said.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            lock (said) return [.. said];
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            using var client = await listener.AcceptTcpClientAsync();
            using var reader = new StreamReader(client.GetStream());
            await using var writer = new StreamWriter(client.GetStream()) { NewLine = "\r\n", AutoFlush = true };
            await writer.WriteLineAsync("220 scram");
            while (await HearAsync(reader) is { } line)
            {
                if (line.StartsWith("AUTH ", StringComparison.Ordinal)) await writer.WriteLineAsync(await LoginAsync(line.Split(' ')[2], reader, writer));
                else if (line.StartsWith("EHLO", StringComparison.Ordinal)) await writer.WriteAsync("250-scram\r\n250 AUTH PLAIN SCRAM-SHA-256\r\n");
                else if (line == "DATA") await writer.WriteLineAsync(await MessageAsync(reader, writer));
                else await writer.WriteLineAsync("250 ok");
            }
        }
        catch (Exception ended) when (ended is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The client has gone, or the test is over.
        }
    }

    private async Task<string> LoginAsync(string response, StreamReader reader, StreamWriter writer)
    {
        var clientFirst = Decode(response)["n,,".Length..];
        var nonce = clientFirst.Split(",r=")[1] + "theserver";
        var serverFirst = $"r={nonce},s={Convert.ToBase64String(Salt)},i={Rounds}";
        await writer.WriteLineAsync("334 " + Encode(serverFirst));
        var clientFinal = Decode(await HearAsync(reader) ?? "");
        var withoutProof = clientFinal[..clientFinal.LastIndexOf(",p=", StringComparison.Ordinal)];
        var transcript = Encoding.UTF8.GetBytes($"{clientFirst},{serverFirst},{withoutProof}");
        if (storedKey.Length > 0 && !Proves(clientFinal, transcript)) return "535 5.7.8 no";
        await writer.WriteLineAsync("334 " + Encode("v=" + Convert.ToBase64String(HMACSHA256.HashData(serverKey, transcript))));
        return await HearAsync(reader) == "" ? "235 2.7.0 welcome" : "501 5.7.0 as you like";
    }

    private bool Proves(string clientFinal, byte[] transcript)
    {
        var proof = Convert.FromBase64String(clientFinal.Split(",p=")[1]);
        var signature = HMACSHA256.HashData(storedKey, transcript);
        return SHA256.HashData([.. proof.Zip(signature, (left, right) => (byte)(left ^ right))]).SequenceEqual(storedKey);
    }

    private async Task<string> MessageAsync(StreamReader reader, StreamWriter writer)
    {
        await writer.WriteLineAsync("354 go");
        while (await HearAsync(reader) is { } line && line != ".")
        {
        }

        return "250 2.0.0 ok";
    }

    private async Task<string?> HearAsync(StreamReader reader)
    {
        var line = await reader.ReadLineAsync();
        if (line is not null)
        {
            lock (said) said.Add(line);
        }

        return line;
    }

    private static string Decode(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
