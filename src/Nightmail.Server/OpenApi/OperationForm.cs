using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Nightmail.Core.Storage;
using Nightmail.Server.Csv;
using Nightmail.Server.Repeats;

namespace Nightmail.Server.OpenApi;

/// <summary>Brings the description of one route into form: what it needs, what it refuses, examples.</summary>
internal sealed class OperationForm(JsonObject document, ApiWords words, KeyScopes scope)
{
    /// <summary>Mends one operation.</summary>
    public void Mend(string path, string method, JsonObject operation, EndpointMetadataCollection? metadata)
    {
        var name = (string?)operation["operationId"] ?? "";
        if (words.Summary(name) is { } summary) operation["summary"] = summary;
        operation["description"] = $"Needs a key with the scope `{scope.ToString().ToLowerInvariant()}`.";
        operation["security"] = new JsonArray(new JsonObject { ["key"] = new JsonArray() });
        if (metadata?.GetMetadata<MakesSomething>() is not null) AddKey(operation);
        if (metadata?.GetMetadata<AlsoCsv>() is not null) operation["responses"]!["200"]!["content"]![CsvAnswer.MediaType] = Text();
        if (name == "events") operation["responses"]!["200"]!["content"] = new JsonObject { ["text/event-stream"] = Text() };
        if (name == "scheduleEmail") TakeArrays(operation);
        foreach (var parameter in Parameters(operation)) parameter["description"] = words.Parameter((string)parameter["name"]!);
        foreach (var status in Refusals(path, method, operation)) operation["responses"]![status.ToString()] = words.Problem(status);
        AddExamples(operation["requestBody"]?["content"]);
        foreach (var (_, answer) in operation["responses"]!.AsObject()) AddExamples(answer!["content"]);
    }

    private static JsonObject Text() => new() { ["schema"] = new JsonObject { ["type"] = "string" } };

    private static IEnumerable<JsonObject> Parameters(JsonObject operation) => operation["parameters"] is JsonArray all ? all.Select(each => each!.AsObject()) : [];

    private static void AddKey(JsonObject operation)
    {
        if (operation["parameters"] is not JsonArray) operation["parameters"] = new JsonArray();
        operation["parameters"]!.AsArray().Add(new JsonObject { ["name"] = RepeatGuard.Header, ["in"] = "header", ["schema"] = new JsonObject { ["type"] = "string" } });
    }

    private static void TakeArrays(JsonObject operation)
    {
        operation["requestBody"]!["content"]!["application/json"]!["schema"] = new JsonObject
        {
            ["oneOf"] = new JsonArray(SchemaForms.Of("EmailRequest"), new JsonObject { ["type"] = "array", ["items"] = SchemaForms.Of("EmailRequest") }),
        };
        operation["responses"]!["200"]!["content"]!["application/json"]!["schema"] = new JsonObject { ["oneOf"] = new JsonArray(SchemaForms.Of("EmailAnswer"), SchemaForms.Of("EmailsAnswer")) };
        operation["responses"]!["200"]!["description"] = "It was scheduled before under this key; or the results of an array.";
    }

    private static IEnumerable<int> Refusals(string path, string method, JsonObject operation)
    {
        yield return StatusCodes.Status401Unauthorized;
        yield return StatusCodes.Status403Forbidden;
        yield return StatusCodes.Status503ServiceUnavailable;
        if (operation.ContainsKey("requestBody"))
        {
            yield return StatusCodes.Status400BadRequest;
            yield return StatusCodes.Status415UnsupportedMediaType;
        }

        if (operation.ContainsKey("requestBody") || Parameters(operation).Any(each => (string?)each["in"] == "query")) yield return StatusCodes.Status422UnprocessableEntity;
        if (path.Contains('{', StringComparison.Ordinal)) yield return StatusCodes.Status404NotFound;
        if (method != "get") yield return StatusCodes.Status409Conflict;
        if (Parameters(operation).Any(each => (string?)each["name"] == "If-Match")) yield return StatusCodes.Status412PreconditionFailed;
    }

    private void AddExamples(JsonNode? content)
    {
        if (content?["application/json"] is not JsonObject body || body["schema"] is not JsonObject schema) return;
        var shown = schema["oneOf"] is JsonArray choices ? choices[0]!.AsObject() : schema;
        if (words.Example(document, shown) is { } example) body["example"] = example;
    }
}
