using System.Text.Json;
using System.Text.Json.Nodes;

namespace Nightmail.Testing.Smtp;

/// <summary>
/// Python's <c>aiosmtpd</c> on a free loopback port: an independent reader of what is said to it, with TLS, login, and rules for what it
/// refuses, delays or never answers. It keeps every message whose final dot it saw, with its own clock's time.
/// </summary>
public sealed class AiosmtpdSink : IAsyncDisposable
{
    /// <summary>Debian installs python3-aiosmtpd for this interpreter only.</summary>
    private const string Python = "/usr/bin/python3";

    private readonly GuardedProcess process;
    private readonly string folder;

    private AiosmtpdSink(GuardedProcess process, string folder) => (this.process, this.folder) = (process, folder);

    /// <summary>Always the loopback address.</summary>
    public string Host => "127.0.0.1";

    /// <summary>The port it listens on.</summary>
    public int Port { get; private set; }

    /// <summary>Starts one and returns when it accepts connections.</summary>
    public static async Task<AiosmtpdSink> StartAsync(AiosmtpdOptions? options = null)
    {
        var folder = Directory.CreateTempSubdirectory("nightmail-aiosmtpd-").FullName;
        var script = Path.Combine(folder, "sink.py");
        await using (var source = typeof(AiosmtpdSink).Assembly.GetManifestResourceStream("aiosmtpd_sink.py")!)
        await using (var file = File.Create(script)) await source.CopyToAsync(file);

        var sink = new AiosmtpdSink(GuardedProcess.Start(Python, [script]), folder);
        var settings = Settings(options ?? new(), folder);
        if (await sink.AskAsync(settings.ToJsonString()) is { } answer)
        {
            sink.Port = (int)answer["port"]!;
            return sink;
        }

        var errors = sink.process.Errors;
        await sink.DisposeAsync();
        throw new InvalidOperationException($"aiosmtpd does not start (install the Debian package python3-aiosmtpd): {errors}");
    }

    /// <summary>Replaces the rules, and counts anew; in force when this returns.</summary>
    public async Task SetRulesAsync(params SinkRule[] rules)
    {
        if (await AskAsync(Json(rules).ToJsonString()) is null) throw new InvalidOperationException($"aiosmtpd has ended: {process.Errors}");
    }

    /// <summary>
    /// Every message whose final dot it saw, in order of arrival, refused ones included (<see cref="ReceivedMessage.Taken"/>). One that
    /// waits for its reply is in it as taken.
    /// </summary>
    public IReadOnlyList<ReceivedMessage> Messages()
    {
        var log = Path.Combine(folder, "messages.jsonl");
        if (!File.Exists(log)) return [];
        using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var text = reader.ReadToEnd();
        var messages = new SortedDictionary<int, ReceivedMessage>();
        // A last line without its end is still being written.
        foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var entry = JsonDocument.Parse(line);
            var message = Read(entry.RootElement);
            messages[message.Sequence] = message;
        }

        return [.. messages.Values];
    }

    /// <summary>Waits until it has seen so many final dots; fails after half a minute.</summary>
    public Task<IReadOnlyList<ReceivedMessage>> WaitForAsync(int count) => Waiting.ForMessagesAsync(Messages, count);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static JsonObject Settings(AiosmtpdOptions options, string folder)
    {
        string? certificateFile = null;
        string? keyFile = null;
        if (options.Tls != SinkTls.None)
        {
            using var made = options.Certificate is null ? new TestCertificate(TimeProvider.System.GetUtcNow()) : null;
            var certificate = options.Certificate ?? made!;
            File.WriteAllText(certificateFile = Path.Combine(folder, "certificate.pem"), certificate.CertificatePem);
            File.WriteAllText(keyFile = Path.Combine(folder, "key.pem"), certificate.KeyPem);
        }

        return new JsonObject
        {
            ["folder"] = folder,
            ["tls"] = options.Tls switch { SinkTls.StartTls => "starttls", SinkTls.Implicit => "implicit", _ => "none" },
            ["requireStartTls"] = options.RequireStartTls,
            ["certificate"] = certificateFile,
            ["key"] = keyFile,
            ["login"] = options.Login is { } login ? new JsonArray(login.Username, login.Password) : null,
            ["pipelining"] = options.Pipelining,
            ["smtpUtf8"] = options.SmtpUtf8,
            ["sizeLimit"] = options.SizeLimit,
            ["rules"] = Json(options.Rules),
        };
    }

    private static JsonArray Json(IEnumerable<SinkRule> rules) => new([.. rules.Select(rule => new JsonObject
    {
        ["stage"] = rule.Stage.ToString().ToLowerInvariant(),
        ["address"] = rule.Address,
        ["reply"] = rule.Reply,
        ["times"] = rule.Times,
        ["perAddress"] = rule.PerAddress,
        ["delay"] = rule.Delay.TotalSeconds,
        ["action"] = rule.Action.ToString().ToLowerInvariant(),
    })]);

    private ReceivedMessage Read(JsonElement entry) => new(
        entry.GetProperty("sequence").GetInt32(),
        entry.GetProperty("from").GetString() ?? "",
        [.. entry.GetProperty("to").EnumerateArray().Select(each => each.GetString()!)],
        File.ReadAllBytes(Path.Combine(folder, entry.GetProperty("file").GetString()!)))
    {
        ReceivedAt = DateTimeOffset.FromUnixTimeMilliseconds(entry.GetProperty("received").GetInt64()),
        Reply = entry.GetProperty("reply").GetString(),
        User = entry.GetProperty("user").GetString(),
        OverTls = entry.GetProperty("tls").GetBoolean(),
        MailParameters = [.. entry.GetProperty("options").EnumerateArray().Select(each => each.GetString()!)],
    };

    private async Task<JsonNode?> AskAsync(string line)
    {
        using var patience = new CancellationTokenSource(GuardedProcess.Patience, TimeProvider.System);
        try
        {
            await process.Input.WriteLineAsync(line.AsMemory(), patience.Token);
            await process.Input.FlushAsync(patience.Token);
            return await process.Output.ReadLineAsync(patience.Token) is { } answer ? JsonNode.Parse(answer) : null;
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException)
        {
            return null;
        }
    }
}
