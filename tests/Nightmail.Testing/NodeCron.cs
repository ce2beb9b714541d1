using System.Text.Json.Nodes;
using Nightmail.Testing.Mime;
using Nightmail.Testing.Smtp;

namespace Nightmail.Testing;

/// <summary>npm's <c>croner</c>: when another cron fires, by the zones of another library.</summary>
public sealed class NodeCron : IAsyncDisposable
{
    private readonly GuardedProcess process = GuardedProcess.Start("node", [Path.Combine(NodePeers.Folder, "cron.js")]);

    /// <summary>Its slots from one instant to another, in seconds since 1970.</summary>
    /// <exception cref="InvalidOperationException">It does not know the zone, or goes round and round.</exception>
    public async Task<IReadOnlyList<long>> SlotsAsync(string cron, string zone, DateTimeOffset from, DateTimeOffset until)
    {
        var question = new JsonObject { ["cron"] = cron, ["zone"] = zone, ["from"] = from.ToUnixTimeMilliseconds(), ["until"] = until.ToUnixTimeMilliseconds() };
        return await AskAsync(question, "slots");
    }

    /// <summary>How far the clocks of a zone are ahead of UTC at these moments, in minutes, by Node's own zones.</summary>
    public Task<IReadOnlyList<long>> OffsetsAsync(string zone, IEnumerable<long> at) =>
        AskAsync(new JsonObject { ["zone"] = zone, ["at"] = new JsonArray([.. at.Select(second => (JsonNode)second)]) }, "offsets");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => process.DisposeAsync();

    private async Task<IReadOnlyList<long>> AskAsync(JsonObject question, string answerName)
    {
        using var patience = new CancellationTokenSource(GuardedProcess.Patience * 4, TimeProvider.System);
        await process.Input.WriteLineAsync(question.ToJsonString().AsMemory(), patience.Token);
        await process.Input.FlushAsync(patience.Token);
        var line = await process.Output.ReadLineAsync(patience.Token)
            ?? throw new InvalidOperationException($"node has ended (are the peers installed? cd {NodePeers.Folder} && npm ci): {process.Errors}");
        var answer = JsonNode.Parse(line)!;
        return answer[answerName] is JsonArray numbers ? [.. numbers.Select(number => number!.GetValue<long>())] : throw new InvalidOperationException($"croner says of {question["zone"]}: {(string?)answer["error"]}");
    }
}
