using System.Text.Json.Nodes;

namespace Nightmail.Server.OpenApi;

/// <summary>What the description says beyond the code: sentences and examples, from <c>words.json</c> beside this.</summary>
internal sealed class ApiWords(JsonObject words)
{
    /// <summary>What the API is.</summary>
    public string Description => (string)words["description"]!;

    /// <summary>Reads them.</summary>
    public static ApiWords Read()
    {
        using var stream = typeof(ApiWords).Assembly.GetManifestResourceStream("words.json") ?? throw new InvalidOperationException("the words of the description are missing");
        return new(JsonNode.Parse(stream)!.AsObject());
    }

    /// <summary>What a group of routes is about.</summary>
    public string Tag(string name) => (string?)words["tags"]![name] ?? name;

    /// <summary>What a route does; null: the code says it itself.</summary>
    public string? Summary(string operation) => (string?)words["summaries"]![operation];

    /// <summary>What a parameter means.</summary>
    public string Parameter(string name) => (string?)words["parameters"]![name] ?? name;

    /// <summary>The answers of refusal, by their names.</summary>
    public JsonObject Problems() => new(words["problems"]!.AsObject().Select(each => KeyValuePair.Create((string)each.Value!["name"]!, (JsonNode?)Answer(int.Parse(each.Key), each.Value.AsObject()))));

    /// <summary>Refers to one of them.</summary>
    public JsonObject Problem(int status) => new() { ["$ref"] = $"#/components/responses/{words["problems"]![status.ToString()]!["name"]}" };

    /// <summary>A value of this schema; null: there is no example.</summary>
    public JsonNode? Example(JsonObject document, JsonObject schema)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            var name = reference[(reference.LastIndexOf('/') + 1)..];
            if (words["examples"]![name] is { } known) return known.DeepClone();
            var item = document["components"]!["schemas"]![name]?["properties"]?["items"]?["items"];
            return name.StartsWith("PageOf", StringComparison.Ordinal) && item is not null && Example(document, item.AsObject()) is { } one ? new JsonObject { ["items"] = new JsonArray(one), ["next"] = "…" } : null;
        }

        return (string?)schema["type"] == "array" && Example(document, schema["items"]!.AsObject()) is { } element ? new JsonArray(element) : null;
    }

    /// <summary>The shape of every refusal (RFC 9457).</summary>
    public JsonObject ProblemSchema() => JsonNode.Parse("""
        {
          "type": "object", "description": "What went wrong (RFC 9457).", "required": ["title", "status"],
          "properties": {
            "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer", "format": "int32" }, "detail": { "type": "string" },
            "field": { "type": "string", "description": "The field that is wrong." }
          }
        }
        """)!.AsObject();

    private static JsonObject Answer(int status, JsonObject problem)
    {
        var example = new JsonObject { ["type"] = "about:blank", ["title"] = (string?)problem["title"], ["status"] = status, ["detail"] = (string?)problem["detail"] };
        if ((string?)problem["field"] is { } field) example["field"] = field;
        return new()
        {
            ["description"] = (string?)problem["description"],
            ["content"] = new JsonObject { ["application/problem+json"] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Problem" }, ["example"] = example } },
        };
    }
}
