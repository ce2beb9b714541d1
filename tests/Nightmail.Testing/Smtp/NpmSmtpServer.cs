using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Nightmail.Testing.Mime;

namespace Nightmail.Testing.Smtp;

/// <summary>What a <see cref="NpmSmtpServer"/> does instead of answering by itself, the first that fits.</summary>
/// <param name="Stage"><c>greeting</c>, <c>ehlo</c>, <c>starttls</c>, <c>auth</c>, <c>mail</c>, <c>rcpt</c>, <c>data</c> or <c>dot</c>.</param>
/// <param name="Reply">The lines of its answer; none: it says nothing.</param>
public sealed record NpmRule(string Stage, params string[] Reply)
{
    /// <summary>Only for this recipient.</summary>
    public string? Address { get; init; }

    /// <summary>So often; null: always.</summary>
    public int? Times { get; init; }

    /// <summary>What follows: <c>end</c> closes the connection, <c>cut</c> resets it, <c>hang</c> leaves it open without a word.</summary>
    public string? Then { get; init; }

    /// <summary>How the answer is written: <c>bytes</c> one by one, or in two <c>halves</c>; null: in one piece.</summary>
    public string? How { get; init; }
}

/// <summary>How an <see cref="NpmSmtpServer"/> behaves.</summary>
public sealed record NpmSmtpOptions
{
    /// <summary>Speaks TLS from the first byte.</summary>
    public bool Secure { get; init; }

    /// <summary>Its certificate; null: it offers none, and no STARTTLS.</summary>
    public TestCertificate? Certificate { get; init; }

    /// <summary>The one who may send, with the password; null: everybody.</summary>
    public (string Username, string Password)? Login { get; init; }

    /// <summary>The largest message it takes; null: it names no limit.</summary>
    public int? Size { get; init; }

    /// <summary>Recipients in one transaction; null: any number.</summary>
    public int? Recipients { get; init; }

    /// <summary>Announces PIPELINING.</summary>
    public bool Pipelining { get; init; } = true;

    /// <summary>What it does instead.</summary>
    public IReadOnlyList<NpmRule> Rules { get; init; } = [];
}

/// <summary>A message whose final dot an <see cref="NpmSmtpServer"/> saw.</summary>
public sealed record NpmMessage(string From, IReadOnlyList<string> To, string Text, bool Taken, string? User, bool OverTls);

/// <summary>npm's <c>smtp-server</c>, a server that is not ours, in a process of its own. <c>./dev test</c> installs it below tests/peers.</summary>
public sealed class NpmSmtpServer : IAsyncDisposable
{
    private readonly GuardedProcess process = GuardedProcess.Start("node", [Path.Combine(NodePeers.Folder, "server.js")]);
    private readonly ConcurrentQueue<NpmMessage> messages = new();
    private readonly ConcurrentQueue<string> hung = new();
    private readonly TaskCompletionSource<int> port = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task listening;

    private NpmSmtpServer() => listening = ListenAsync();

    /// <summary>Always the loopback address.</summary>
    public string Host => "127.0.0.1";

    /// <summary>The port it listens on.</summary>
    public int Port => port.Task.Result;

    /// <summary>The messages whose final dot it saw, in order.</summary>
    public IReadOnlyList<NpmMessage> Messages => [.. messages];

    /// <summary>Starts one, and returns when it accepts connections.</summary>
    public static async Task<NpmSmtpServer> StartAsync(NpmSmtpOptions? options = null)
    {
        var server = new NpmSmtpServer();
        await server.process.Input.WriteLineAsync(Settings(options ?? new()).ToJsonString());
        await server.process.Input.FlushAsync();
        await server.port.Task.WaitAsync(GuardedProcess.Patience, TimeProvider.System);
        return server;
    }

    /// <summary>Waits until it hangs at that step.</summary>
    public async Task HangsAsync(string stage)
    {
        if (!await Waiting.UntilAsync(() => hung.Contains(stage))) throw new TimeoutException($"the server does not hang at {stage}: {process.Errors}");
    }

    /// <summary>Waits until it has seen so many messages.</summary>
    public async Task<IReadOnlyList<NpmMessage>> WaitForAsync(int count)
    {
        if (!await Waiting.UntilAsync(() => messages.Count >= count)) throw new TimeoutException($"{messages.Count} of {count} messages: {process.Errors}");
        return Messages;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        await listening;
    }

    private static JsonObject Settings(NpmSmtpOptions options) => new()
    {
        ["secure"] = options.Secure,
        ["certificate"] = options.Certificate?.CertificatePem,
        ["key"] = options.Certificate?.KeyPem,
        ["user"] = options.Login?.Username,
        ["password"] = options.Login?.Password,
        ["recipients"] = options.Recipients,
        ["options"] = new JsonObject
        {
            ["size"] = options.Size,
            ["hidePIPELINING"] = !options.Pipelining,
            ["hideSTARTTLS"] = options.Certificate is null,
            ["authMethods"] = options.Login is null ? new JsonArray() : new JsonArray("PLAIN", "LOGIN", "CRAM-MD5"),
            ["allowInsecureAuth"] = true,
        },
        ["rules"] = new JsonArray([.. options.Rules.Select(rule => new JsonObject
        {
            ["stage"] = rule.Stage,
            ["address"] = rule.Address,
            ["reply"] = rule.Reply.Length == 0 ? null : new JsonArray([.. rule.Reply.Select(line => JsonValue.Create(line))]),
            ["times"] = rule.Times,
            ["then"] = rule.Then,
            ["how"] = rule.How,
        })]),
    };

    private async Task ListenAsync()
    {
        await Task.Yield();
        while (await process.Output.ReadLineAsync() is { } line)
        {
            var told = JsonNode.Parse(line)!;
            if (told["port"] is { } number) port.TrySetResult((int)number);
            else if (told["hung"] is { } stage) hung.Enqueue((string)stage!);
            else messages.Enqueue(Message(told));
        }

        port.TrySetException(new InvalidOperationException($"node has ended (are the peers installed? cd {NodePeers.Folder} && npm ci): {process.Errors}"));
    }

    private static NpmMessage Message(JsonNode told) => new(
        (string)told["from"]!,
        [.. told["to"]!.AsArray().Select(each => (string)each!)],
        Encoding.UTF8.GetString(Convert.FromBase64String((string)told["message"]!)),
        (bool)told["taken"]!,
        (string?)told["user"],
        (bool)told["secure"]!);
}
