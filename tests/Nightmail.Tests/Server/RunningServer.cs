using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Nightmail.Testing.EndToEnd;

namespace Nightmail.Tests.Server;

/// <summary>The real program on a data folder, answering.</summary>
internal sealed class RunningServer(NightmailProgram program, HttpClient client) : IAsyncDisposable
{
    private const string Listening = "listening on ";

    public NightmailProgram Program => program;

    public string Url => client.BaseAddress!.ToString();

    public static Dictionary<string, string?> Environment(string folder) => new() { ["HOME"] = folder, ["XDG_CONFIG_HOME"] = folder, ["NIGHTMAIL_SERVER"] = null };

    /// <param name="folder">Its home; the data folder lies in it.</param>
    /// <param name="through">A program that starts it, with its words; none: it is started as it is.</param>
    public static async Task<RunningServer> StartAsync(string folder, params string[] through)
    {
        string[] words = ["serve", "--data", Path.Combine(folder, "data"), "--urls", "http://127.0.0.1:0"];
        var program = through is [var starter, .. var options] ? NightmailProgram.Start(Environment(folder), [.. options, NightmailProgram.Path, .. words], file: starter) : NightmailProgram.Start(Environment(folder), words);
        await Eventually.HoldsAsync(() => program.Errors.Contains("server started", StringComparison.Ordinal) || program.HasExited, "the server to start");
        var url = program.Errors.Split('\n').FirstOrDefault(line => line.StartsWith(Listening, StringComparison.Ordinal)) ?? throw new InvalidOperationException(program.Errors);
        var client = new HttpClient { BaseAddress = new(url[Listening.Length..].Trim()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(folder, "data", "api-key"))).Trim());
        return new(program, client);
    }

    public Task<JsonNode> ProgressAsync(string campaign) => GetAsync($"/api/campaigns/{campaign}/progress");

    public async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await client.GetStringAsync(path))!;

    public Task<string> TextAsync(string path) => client.GetStringAsync(path);

    /// <summary>Posts JSON.</summary>
    /// <returns>The answer; an empty object where there is none.</returns>
    public Task<JsonNode> PostAsync(string path, string json) => SendAsync(HttpMethod.Post, path, json);

    public async Task<JsonNode> SendAsync(HttpMethod method, string path, string json)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException(text);
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    /// <summary>Posts, and does not mind when the server dies over it.</summary>
    public async Task<bool> TryPostAsync(string path)
    {
        try
        {
            await PostAsync(path, "{}");
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await program.DisposeAsync();
    }
}
