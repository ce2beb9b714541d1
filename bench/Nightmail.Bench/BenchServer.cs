using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Nightmail.Bench.Measuring;
using Nightmail.Testing.EndToEnd;

namespace Nightmail.Bench;

/// <summary>The real program as a server in a process of its own, asked over HTTP.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private const string Listening = "listening on ";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);
    private readonly NightmailProgram program;
    private readonly HttpClient client;

    private BenchServer(NightmailProgram program, HttpClient client, double startMilliseconds) => (this.program, this.client, StartMilliseconds) = (program, client, startMilliseconds);

    /// <summary>From the start of the process to the first answer.</summary>
    public double StartMilliseconds { get; }

    /// <summary>Starts it on a new folder.</summary>
    public static async Task<BenchServer> StartAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var environment = new Dictionary<string, string?> { ["HOME"] = folder, ["XDG_CONFIG_HOME"] = folder, ["NIGHTMAIL_SERVER"] = null };
        HttpClient? client = null;
        NightmailProgram? program = null;
        var took = await Stopwatches.MillisecondsAsync(async () =>
        {
            program = NightmailProgram.Start(environment, ["serve", "--data", Path.Combine(folder, "data"), "--urls", "http://127.0.0.1:0"]);
            string? url;
            while ((url = program.Errors.Split('\n').FirstOrDefault(line => line.StartsWith(Listening, StringComparison.Ordinal))) is null)
            {
                if (program.HasExited) throw new InvalidOperationException(program.Errors);
                await Task.Delay(Look, TimeProvider.System);
            }

            client = new() { BaseAddress = new(url[Listening.Length..].Trim()), Timeout = Patience };
            (await client.GetAsync("/healthz/ready")).EnsureSuccessStatusCode();
        });
        client!.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(folder, "data", "api-key"))).Trim());
        return new(program!, client, took);
    }

    /// <summary>Memory in megabytes, as the kernel counts it: <c>VmRSS</c> now, <c>VmHWM</c> at its highest.</summary>
    public double Megabytes(string name)
    {
        var line = File.ReadLines($"/proc/{program.Id}/status").First(each => each.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }

    /// <summary>Asks, with a JSON body where there is one.</summary>
    public async Task<JsonNode> AskAsync(HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await AnswerAsync(request);
    }

    /// <summary>Sends a CSV file.</summary>
    public async Task<JsonNode> UploadAsync(string path, string file)
    {
        await using var content = File.OpenRead(file);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StreamContent(content) { Headers = { ContentType = new MediaTypeHeaderValue("text/csv") } } };
        return await AnswerAsync(request);
    }

    /// <summary>Asks until the answer is as wanted.</summary>
    public async Task UntilAsync(string path, Func<JsonNode, bool> isWanted)
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        while (!isWanted(await AskAsync(HttpMethod.Get, path))) await Task.Delay(Look, TimeProvider.System, patience.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await program.DisposeAsync();
    }

    private async Task<JsonNode> AnswerAsync(HttpRequestMessage request)
    {
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"{request.RequestUri}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text.Length == 0 ? "{}" : text)!;
    }
}
