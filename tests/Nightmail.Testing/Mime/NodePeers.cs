using System.Text.Json;
using System.Text.Json.Nodes;
using Nightmail.Testing.Smtp;

namespace Nightmail.Testing.Mime;

/// <summary>npm's <c>mailparser</c> and <c>mailauth</c> as independent judges of messages. <c>./dev test</c> installs them below tests/peers.</summary>
public sealed class NodePeers : IAsyncDisposable
{
    private readonly GuardedProcess process = GuardedProcess.Start("node", [Path.Combine(Folder, "peer.js")]);

    /// <summary>Where the peers lie.</summary>
    public static string Folder { get; } = Find();

    /// <summary>What mailparser understands of a message.</summary>
    public async Task<ReadMail> ReadAsync(byte[] message) =>
        JsonSerializer.Deserialize(await AskAsync(new JsonObject { ["ask"] = "read", ["message"] = Convert.ToBase64String(message) }), ReadMailJson.Default.ReadMail)!;

    /// <summary>What mailauth says of each signature of a message: <c>pass</c>, or another word and why.</summary>
    /// <param name="message">All bytes.</param>
    /// <param name="keyName"><c>selector._domainkey.domain</c>.</param>
    /// <param name="keyRecord">The TXT record there.</param>
    public async Task<IReadOnlyList<string>> VerifyAsync(byte[] message, string keyName, string keyRecord)
    {
        var answer = JsonNode.Parse(await AskAsync(new JsonObject
        {
            ["ask"] = "verify", ["message"] = Convert.ToBase64String(message), ["keys"] = new JsonObject { [keyName] = keyRecord },
        }))!;
        if (answer is JsonObject failed) throw new InvalidOperationException((string?)failed["error"]);
        return [.. answer.AsArray().Select(each => $"{each!["result"]}{(each["comment"] is { } comment ? $" ({comment})" : "")}")];
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => process.DisposeAsync();

    private async Task<string> AskAsync(JsonObject question)
    {
        using var patience = new CancellationTokenSource(GuardedProcess.Patience, TimeProvider.System);
        await process.Input.WriteLineAsync(question.ToJsonString().AsMemory(), patience.Token);
        await process.Input.FlushAsync(patience.Token);
        return await process.Output.ReadLineAsync(patience.Token)
            ?? throw new InvalidOperationException($"node has ended (are the peers installed? cd {Folder} && npm ci): {process.Errors}");
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Nightmail.slnx"))) folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? ".", "tests", "peers");
    }
}
