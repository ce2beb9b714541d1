using System.Buffers;
using System.Text.Json;

namespace Nightmail.Cli.Remote;

/// <summary>What is asked of a server.</summary>
/// <param name="Method">How.</param>
/// <param name="Path">Below its address, without a slash in front.</param>
internal sealed record ServerRequest(HttpMethod Method, string Path)
{
    /// <summary>The body as JSON; null: none.</summary>
    public byte[]? Json { get; init; }

    /// <summary>Makes a body of another kind; it may be made again. Such a request may take as long as it takes.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>True for what may take as long as it takes, though it brings nothing along: a list for which gigabytes are read.</summary>
    public bool IsSlow { get; init; }

    /// <summary>What makes a repeated request the same one.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>What a person does when its answer stays lost; null: look, and say it again.</summary>
    public string? WhenLost { get; init; }

    /// <summary>The version of what is changed, as the server told it.</summary>
    public string? IfMatch { get; init; }

    /// <summary>True for what may be asked again when its answer was lost: asking twice does no more than asking once.</summary>
    public bool CanRepeat => Method == HttpMethod.Get || Method == HttpMethod.Put || Method == HttpMethod.Delete || IdempotencyKey is not null;

    /// <summary>A question.</summary>
    public static ServerRequest Get(string path) => new(HttpMethod.Get, path);

    /// <summary>A request with a JSON object that <paramref name="write"/> fills; null: an empty one.</summary>
    public static ServerRequest Of(HttpMethod method, string path, Action<Utf8JsonWriter>? write = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write?.Invoke(json);
            json.WriteEndObject();
        }

        return new(method, path) { Json = buffer.WrittenSpan.ToArray() };
    }
}

/// <summary>What a server answered.</summary>
/// <param name="Status">The number.</param>
/// <param name="Body">The JSON; undefined where there is none.</param>
internal sealed record ServerReply(int Status, JsonElement Body)
{
    /// <summary>The version of what was asked for.</summary>
    public string? ETag { get; init; }

    /// <summary>When the server wants to be asked again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Where it says that something else is.</summary>
    public string? Location { get; init; }

    /// <summary>True when an answer before this one was lost, so that this may be the second to the same request.</summary>
    public bool WasRepeated { get; init; }

    /// <summary>True when it was done.</summary>
    public bool IsDone => Status is >= 200 and < 300;

    /// <summary>Why not, in the server's words; null: it said nothing.</summary>
    public string? Detail => Text("detail");

    /// <summary>The field that it is about.</summary>
    public string? Field => Text("field");

    private string? Text(string name) => Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
