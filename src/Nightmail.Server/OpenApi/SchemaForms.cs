using System.Text.Json.Nodes;

namespace Nightmail.Server.OpenApi;

/// <summary>Brings schemas into the form of what is really written and read.</summary>
internal static class SchemaForms
{
    private const string Schemas = "#/components/schemas/";

    /// <summary>Mends the whole document.</summary>
    public static void Mend(JsonObject document)
    {
        Walk(document);
        var schemas = document["components"]!["schemas"]!.AsObject();
        schemas["RecipientRequest"] = JsonNode.Parse("""
            {
              "type": "object", "description": "A recipient with a name or variables.", "required": ["email"],
              "properties": {
                "email": { "type": "string", "description": "The address." }, "name": { "type": ["null", "string"], "description": "The name in the To header." },
                "variables": { "type": ["null", "object"], "description": "What the template's places are filled with.", "additionalProperties": true }
              }
            }
            """);
        schemas["SendRequest"]!["properties"]!["recipients"] = JsonNode.Parse("""
            { "type": "array", "description": "Each an address, or one with a name or variables.", "items": { "oneOf": [{ "type": "string" }, { "$ref": "#/components/schemas/RecipientRequest" }] } }
            """);
        schemas["ExchangedEmail"] = JsonNode.Parse("""
            { "type": "object", "description": "A whole email as the queue file has it (docs/storage.md).", "required": ["id"], "properties": { "id": { "type": "string", "description": "Its id." } }, "additionalProperties": true }
            """);
        foreach (var (holder, list) in new[] { ("ImportRequest", "emails"), ("PageOfJsonElement", "items") })
            schemas[holder]!["properties"]![list] = new JsonObject { ["type"] = "array", ["description"] = "Each as the queue file has it.", ["items"] = Of("ExchangedEmail") };
        foreach (var unused in new[] { "SseItemOfstring" }) schemas.Remove(unused);
    }

    /// <summary>Refers to a schema.</summary>
    public static JsonObject Of(string name) => new() { ["$ref"] = Schemas + name };

    private static void Walk(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var each in array) Walk(each);
            return;
        }

        if (node is not JsonObject schema) return;
        TakeNumbersAsNumbers(schema);
        LeaveOutWhatMayBeMissing(schema);
        foreach (var (_, each) in schema) Walk(each);
    }

    /// <summary>The framework allows numbers in quotes; we do not.</summary>
    private static void TakeNumbersAsNumbers(JsonObject schema)
    {
        if (!schema.ContainsKey("pattern") || schema["type"] is not JsonArray types) return;
        schema.Remove("pattern");
        var left = types.Select(type => (string)type!).Where(type => type != "string").ToList();
        schema["type"] = left.Count == 1 ? left[0] : new JsonArray([.. left.Select(type => (JsonNode?)type)]);
    }

    /// <summary>What is null is not written, so nobody may count on it.</summary>
    private static void LeaveOutWhatMayBeMissing(JsonObject schema)
    {
        if (schema["required"] is not JsonArray required || schema["properties"] is not JsonObject properties) return;
        var sure = required.Select(name => (string)name!).Where(name => !MayBeNull(properties[name]!.AsObject())).ToList();
        if (sure.Count == 0) schema.Remove("required");
        else schema["required"] = new JsonArray([.. sure.Select(name => (JsonNode?)name)]);
    }

    private static bool MayBeNull(JsonObject property) =>
        (property["type"] is JsonArray types && types.Any(type => (string?)type == "null"))
        || (property["oneOf"] is JsonArray choices && choices.Any(choice => choice!["type"] is JsonValue kind && (string?)kind == "null"));
}
